/*
 * fuzz_url.c - the URL guard against libcurl: both read the same host and port
 * from every URL that we accept, and a printed URL is read as it was.
 *
 * Input: a URL, a border, a list of networks that are allowed.
 */
#include "fuzz.h"

#include "target.h"

#include <curl/curl.h>

static bool
is_address(struct slice host)
{
    return host.len > 0 && memchr(host.ptr, ':', host.len) != NULL;
}

/* libcurl writes an IPv6 address in its own way, with brackets. */
static void
same_host(struct slice ours, const char *theirs)
{
    if (is_address(ours))
        FUZZ_CHECK(theirs[0] == '[');
    else
        FUZZ_CHECK(slice_is_nocase(ours, theirs));
}

static void
check_with_curl(const char *text, const struct target_url *url)
{
    CURLU *parser = curl_url();
    char *host = NULL, *port = NULL, *scheme = NULL, *user = NULL;

    FUZZ_CHECK(parser != NULL);
    FUZZ_CHECK(curl_url_set(parser, CURLUPART_URL, text, 0) == CURLUE_OK);
    FUZZ_CHECK(curl_url_get(parser, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    FUZZ_CHECK(curl_url_get(parser, CURLUPART_PORT, &port,
                            CURLU_DEFAULT_PORT) == CURLUE_OK);
    FUZZ_CHECK(curl_url_get(parser, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
    FUZZ_CHECK(curl_url_get(parser, CURLUPART_USER, &user, 0) ==
               CURLUE_NO_USER);
    same_host(url->host, host);
    FUZZ_CHECK(strtol(port, NULL, 10) == url->port);
    FUZZ_CHECK(strcmp(scheme, url->https ? "https" : "http") == 0);
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    curl_free(user);
    curl_url_cleanup(parser);
}

static void
check_printed(const struct target_url *url, const struct target_nets *allow)
{
    const char *open = is_address(url->host) ? "[" : "";
    const char *close = is_address(url->host) ? "]" : "";
    struct buf text = BUF_INIT(TARGET_URL_MAX + 16);
    struct target_url again;

    buf_addf(&text, "%s://%s%.*s%s:%u%.*s", url->https ? "https" : "http", open,
             (int)url->host.len, url->host.ptr, close, (unsigned)url->port,
             (int)url->path.len, url->path.ptr);
    if (text.len <= TARGET_URL_MAX) {
        FUZZ_CHECK(target_check_url(buf_slice(&text), false, allow, &again) ==
                   TARGET_OK);
        FUZZ_CHECK(again.https == url->https && again.port == url->port);
        FUZZ_CHECK(slice_equal(again.host, url->host));
        FUZZ_CHECK(slice_equal(again.path, url->path));
    }
    buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice text = fuzz_part(&input);
    char *list = slice_text(fuzz_part(&input)), *copy = slice_text(text);
    struct buf why = BUF_INIT(512);
    struct target_nets nets = {.count = 0};
    struct target_url url;
    enum target_result result;
    bool https;

    FUZZ_CHECK(target_nets_parse(list, &nets, &why) == (why.len == 0));
    FUZZ_CHECK(nets.count <= TARGET_NETS_MAX);
    result = target_check_url(text, false, &nets, &url);
    FUZZ_CHECK(target_result_text(result) != NULL);
    if (result == TARGET_OK) {
        FUZZ_CHECK(strlen(copy) == text.len);
        check_with_curl(copy, &url);
        check_printed(&url, &nets);
    }
    https = strncasecmp(copy, "https:", 6) == 0;
    FUZZ_CHECK(target_check_url(text, true, &nets, NULL) ==
               (result == TARGET_BAD_URL || https ? result : TARGET_NOT_HTTPS));
    free(list);
    free(copy);
    buf_free(&why);
    return 0;
}
