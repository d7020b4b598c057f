/*
 * test_guard.c - unit tests for worker/send/guard.c: real handles of libcurl,
 * names that have the addresses the test gives them, and a web server on all
 * addresses of this host that must not be reached.
 */
#include "guard.h"

#include "sink.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sink sink;

static struct target_nets
nets_of(const char *list)
{
    struct target_nets nets = {.count = 0};
    struct buf why = BUF_INIT(256);

    CU_ASSERT_FATAL(target_nets_parse(list, &nets, &why));
    buf_free(&why);
    return nets;
}

static size_t
ignore(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

/* What libcurl reads between http:// and the port. */
static CURLcode
visit(CURL *easy, const char *host)
{
    char url[256];

    (void)snprintf(url, sizeof(url), "http://%s:%u/", host, sink.port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L * unit_slow());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return curl_easy_perform(easy);
}

/* From now on the name has those addresses, as a resolver would say. */
static struct curl_slist *
resolve(CURL *easy, const char *name, const char *addresses)
{
    struct curl_slist *list = NULL;
    char text[256];

    (void)snprintf(text, sizeof(text), "-%s:%u", name, sink.port);
    list = curl_slist_append(list, text);
    (void)snprintf(text, sizeof(text), "%s:%u:%s", name, sink.port, addresses);
    list = curl_slist_append(list, text);
    CU_ASSERT_EQUAL(curl_easy_setopt(easy, CURLOPT_RESOLVE, list), CURLE_OK);
    return list;
}

/* However a name came to that address, and however often it changes: nothing
   is sent, and the guard says what the address is. */
static void
test_names_with_private_addresses(void)
{
    static const struct {
        const char *addresses, *reason;
    } rows[] = {
        {"127.0.0.1", "loopback"},
        {"127.0.0.2", "loopback"},
        {"127.255.255.254", "loopback"},
        {"0.0.0.0", "this network"},
        {"0.1.2.3", "this network"},
        {"10.0.0.1", "private use"},
        {"172.16.0.1", "private use"},
        {"172.31.255.255", "private use"},
        {"192.168.1.1", "private use"},
        {"100.64.0.1", "shared address space"},
        {"169.254.169.254", "link-local"},
        {"168.63.129.16", "Azure"},
        {"192.0.0.192", "IETF"},
        {"192.0.2.1", "documentation"},
        {"198.51.100.1", "documentation"},
        {"203.0.113.1", "documentation"},
        {"198.18.0.1", "benchmarking"},
        {"192.88.99.1", "6to4"},
        {"224.0.0.1", "multicast"},
        {"255.255.255.255", "reserved"},
        {"[::1]", "not global unicast"},
        {"[::]", "not global unicast"},
        {"[::ffff:127.0.0.1]", "loopback"},
        {"[::ffff:a9fe:a9fe]", "link-local"},
        {"[::127.0.0.1]", "not global unicast"},
        {"[64:ff9b::7f00:1]", "not global unicast"},
        {"[64:ff9b:1::7f00:1]", "not global unicast"},
        {"[2002:7f00:1::]", "6to4"},
        {"[2001:0:7f00:1::]", "Teredo"},
        {"[2001:db8::1]", "documentation"},
        {"[fe80::1]", "not global unicast"},
        {"[fec0::1]", "not global unicast"},
        {"[fd00:ec2::254]", "not global unicast"},
        {"[ff02::1]", "not global unicast"},
        {"127.0.0.1,[::1],10.0.0.1", NULL},
    };
    const struct target_nets nothing = nets_of("");
    struct guard guard = {.allow = &nothing};
    CURL *easy = guard_new_handle(&guard);
    struct curl_slist *list;
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(easy);
    sink_start(&sink);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *said;

        guard_begin(&guard);
        list = resolve(easy, "hook.example", rows[i].addresses);
        CU_ASSERT_NOT_EQUAL(visit(easy, "hook.example"), CURLE_OK);
        said = guard_refusal(&guard);
        if (said == NULL ||
            (rows[i].reason != NULL && strstr(said, rows[i].reason) == NULL))
            fprintf(stderr, "\n%s: %s\n", rows[i].addresses,
                    said == NULL ? "not refused" : said);
        CU_ASSERT_PTR_NOT_NULL(said);
        if (said != NULL && rows[i].reason != NULL)
            CU_ASSERT_PTR_NOT_NULL(strstr(said, rows[i].reason));
        curl_easy_setopt(easy, CURLOPT_RESOLVE, NULL);
        curl_slist_free_all(list);
    }
    curl_easy_cleanup(easy);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 0);
}

/* Given to libcurl as they are, past the check of URLs: the address counts,
   not how it is written. */
static void
test_spellings_of_loopback(void)
{
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.1",
        "017700000001",
        "0x7F.0x0.0x0.0x1",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "localhost",
        "LocalHost",
        "localhost.",
        "a.localhost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "127%2e0%2e0%2e1",
        "%6cocalhost",
        "x@127.0.0.1",
        "x:y@127.0.0.1",
        "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
        "127\xe3\x80\x82"
        "0\xe3\x80\x82"
        "0\xe3\x80\x82"
        "1",
        "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
    };
    const struct target_nets nothing = nets_of("");
    struct guard guard = {.allow = &nothing};
    CURL *easy = guard_new_handle(&guard);
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(easy);
    sink_start(&sink);
    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        guard_begin(&guard);
        CU_ASSERT_NOT_EQUAL(visit(easy, hosts[i]), CURLE_OK);
    }
    curl_easy_cleanup(easy);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 0);
}

static void
test_listed_addresses_are_reached(void)
{
    const struct target_nets listed = nets_of("127.0.0.1");
    struct guard guard = {.allow = &listed};
    CURL *easy = guard_new_handle(&guard);
    struct curl_slist *list;

    CU_ASSERT_PTR_NOT_NULL_FATAL(easy);
    sink_start(&sink);
    CU_ASSERT_EQUAL(visit(easy, "127.0.0.1"), CURLE_OK);
    CU_ASSERT_PTR_NULL(guard_refusal(&guard));
    /* Of the two addresses only one is tried. */
    list = resolve(easy, "hook.example", "127.0.0.2,127.0.0.1");
    CU_ASSERT_EQUAL(visit(easy, "hook.example"), CURLE_OK);
    CU_ASSERT_PTR_NULL(guard_refusal(&guard));
    curl_easy_cleanup(easy);
    curl_slist_free_all(list);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 2);
    CU_ASSERT_EQUAL(sink.requests, 2);
}

/* Good when the URL was checked, good at the first connection, private at the
   second. */
static void
test_a_name_that_is_bound_anew(void)
{
    const struct target_nets listed = nets_of("127.0.0.1");
    struct guard guard = {.allow = &listed};
    CURL *easy = guard_new_handle(&guard);
    struct curl_slist *first, *second;

    CU_ASSERT_EQUAL(
        target_check_url(SLICE("http://hook.example/"), false, &listed, NULL),
        TARGET_OK);
    sink_start(&sink);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    first = resolve(easy, "hook.example", "127.0.0.1");
    CU_ASSERT_EQUAL(visit(easy, "hook.example"), CURLE_OK);
    second = resolve(easy, "hook.example", "127.0.0.2");
    guard_begin(&guard);
    CU_ASSERT_EQUAL(visit(easy, "hook.example"), CURLE_COULDNT_CONNECT);
    CU_ASSERT_PTR_NOT_NULL(guard_refusal(&guard));
    curl_easy_cleanup(easy);
    curl_slist_free_all(first);
    curl_slist_free_all(second);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 1);
}

/* A connection that was made while its address was allowed. */
static void
test_connections_that_are_used_again(void)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]"};
    struct target_nets nets;
    struct guard guard = {.allow = &nets};
    CURL *easy;
    size_t i;

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        sink_start(&sink);
        easy = guard_new_handle(&guard);
        CU_ASSERT_PTR_NOT_NULL_FATAL(easy);
        nets = nets_of("127.0.0.1 ::1");
        CU_ASSERT_EQUAL(visit(easy, hosts[i]), CURLE_OK);
        CU_ASSERT_EQUAL(visit(easy, hosts[i]), CURLE_OK);
        nets = nets_of("");
        guard_begin(&guard);
        CU_ASSERT_EQUAL(visit(easy, hosts[i]), CURLE_ABORTED_BY_CALLBACK);
        CU_ASSERT_PTR_NOT_NULL(guard_refusal(&guard));
        curl_easy_cleanup(easy);
        sink_stop(&sink);
        CU_ASSERT_EQUAL(sink.connections, 1);
        CU_ASSERT_EQUAL(sink.requests, 2);
    }
}

static void
test_redirects_are_not_followed(void)
{
    const struct target_nets listed = nets_of("127.0.0.1");
    struct guard guard = {.allow = &listed};
    CURL *easy = guard_new_handle(&guard);
    char answer[200];
    long status = 0;

    sink_start(&sink);
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:%u/x\r\n"
                   "Content-Length: 0\r\n\r\n",
                   sink.port);
    sink.answer = answer;
    CU_ASSERT_EQUAL(visit(easy, "127.0.0.1"), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    CU_ASSERT_EQUAL(status, 307);
    curl_easy_cleanup(easy);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.requests, 1);
}

static void
test_a_proxy_of_the_environment_is_not_asked(void)
{
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    const struct target_nets listed = nets_of("127.0.0.1");
    struct guard guard = {.allow = &listed};
    CURL *easy = guard_new_handle(&guard);
    struct curl_slist *list;
    char proxy[64];
    size_t i;

    sink_start(&sink);
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", sink.port);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_EQUAL(setenv(names[i], proxy, 1), 0);
    list = resolve(easy, "hook.example", "10.0.0.1");
    CU_ASSERT_NOT_EQUAL(visit(easy, "hook.example"), CURLE_OK);
    CU_ASSERT_PTR_NOT_NULL(guard_refusal(&guard));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_EQUAL(unsetenv(names[i]), 0);
    curl_easy_cleanup(easy);
    curl_slist_free_all(list);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 0);
}

static void
test_other_schemes(void)
{
    static const char *const urls[] = {
        "file:///etc/hosts",      "ftp://127.0.0.1/",  "gopher://127.0.0.1/",
        "dict://127.0.0.1/",      "ldap://127.0.0.1/", "telnet://127.0.0.1/",
        "smtp://127.0.0.1/",      "tftp://127.0.0.1/", "smb://127.0.0.1/a/b",
        "scp://127.0.0.1/a",      "rtsp://127.0.0.1/", "imap://127.0.0.1/",
        "http+unix://%2Ftmp%2Fx", "ws://127.0.0.1/",
    };
    const struct target_nets all = nets_of("0.0.0.0/0 ::/0");
    struct guard guard = {.allow = &all};
    CURL *easy = guard_new_handle(&guard);
    CURLcode code;
    size_t i;

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        curl_easy_setopt(easy, CURLOPT_URL, urls[i]);
        code = curl_easy_perform(easy);
        CU_ASSERT(code == CURLE_UNSUPPORTED_PROTOCOL ||
                  code == CURLE_URL_MALFORMAT);
    }
    curl_easy_cleanup(easy);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"names with private addresses", test_names_with_private_addresses},
        {"spellings of loopback", test_spellings_of_loopback},
        {"listed addresses are reached", test_listed_addresses_are_reached},
        {"a name that is bound anew", test_a_name_that_is_bound_anew},
        {"connections that are used again",
         test_connections_that_are_used_again},
        {"redirects are not followed", test_redirects_are_not_followed},
        {"a proxy of the environment is not asked",
         test_a_proxy_of_the_environment_is_not_asked},
        {"other schemes", test_other_schemes},
        CU_TEST_INFO_NULL,
    };

    return unit_run("guard", tests);
}
