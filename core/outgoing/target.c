/*
 * target.c - may we send to this URL? Its grammar and its host.
 *
 * Which addresses are public is decided in target_address.c.
 */
#include "target.h"

#include "number.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

#define HOST_MAX 253 /* bytes of a name (RFC 1035, without the final dot) */
#define LABEL_MAX 63

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '-';
}

/* %00..%1f and %7f. */
static bool
is_encoded_control(struct slice rest)
{
    if (rest.len < 3 || rest.ptr[0] != '%')
        return false;
    return ((rest.ptr[1] == '0' || rest.ptr[1] == '1') &&
            is_hex(rest.ptr[2])) ||
           (rest.ptr[1] == '7' && (rest.ptr[2] | 0x20) == 'f');
}

/* No byte that one program takes for the end of the host or of the line and
   another does not. */
static bool
bytes_are_plain(struct slice url)
{
    size_t i;

    for (i = 0; i < url.len; i++) {
        char c = url.ptr[i];

        if (c < 0x21 || c > 0x7e || c == '\\' || c == '#')
            return false;
        if (is_encoded_control(slice_make(url.ptr + i, url.len - i)))
            return false;
    }
    return true;
}

static struct slice
skip(struct slice text, size_t len)
{
    return slice_make(text.ptr + len, text.len - len);
}

static bool
take_scheme(struct slice *rest, bool *https)
{
    static const struct {
        const char *text;
        bool https;
    } schemes[] = {{"http://", false}, {"https://", true}};
    size_t i;

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].text);

        if (rest->len >= len &&
            slice_is_nocase(slice_make(rest->ptr, len), schemes[i].text)) {
            *rest = skip(*rest, len);
            *https = schemes[i].https;
            return true;
        }
    }
    return false;
}

/* Everything before the path or the query. */
static struct slice
take_authority(struct slice *rest)
{
    struct slice authority;
    size_t len = 0;

    while (len < rest->len && rest->ptr[len] != '/' && rest->ptr[len] != '?')
        len++;
    authority = slice_make(rest->ptr, len);
    *rest = skip(*rest, len);
    return authority;
}

/* Splits host and port; *bracketed hosts are IPv6 addresses. */
static bool
split_authority(struct slice authority, struct target_url *url, bool *bracketed)
{
    struct slice port;
    const char *end;
    uint64_t number;

    *bracketed = authority.len > 0 && authority.ptr[0] == '[';
    end = memchr(authority.ptr, *bracketed ? ']' : ':', authority.len);
    if (*bracketed) {
        if (end == NULL)
            return false;
        url->host =
            slice_make(authority.ptr + 1, (size_t)(end - authority.ptr) - 1);
        port = skip(authority, url->host.len + 2);
    } else {
        url->host = slice_make(authority.ptr,
                               end == NULL ? authority.len
                                           : (size_t)(end - authority.ptr));
        port = skip(authority, url->host.len);
    }
    url->port = url->https ? 443 : 80;
    if (port.len == 0)
        return true;
    if (port.ptr[0] != ':' || !number_u64(skip(port, 1), UINT16_MAX, &number) ||
        number == 0)
        return false;
    url->port = (uint16_t)number;
    return true;
}

/* A name or four decimal numbers: labels of letters, digits and inner
   hyphens. The final dot has been removed. */
static bool
labels_are_valid(struct slice host)
{
    size_t start = 0;
    size_t i;

    if (host.len == 0 || host.len > HOST_MAX)
        return false;
    for (i = 0; i <= host.len; i++) {
        if (i < host.len && host.ptr[i] != '.') {
            if (!is_name_char(host.ptr[i]))
                return false;
            continue;
        }
        if (i == start || i - start > LABEL_MAX || host.ptr[start] == '-' ||
            host.ptr[i - 1] == '-')
            return false;
        start = i + 1;
    }
    return true;
}

/* Resolvers take a host for an IPv4 address when its last label is a number,
   decimal or hexadecimal, however many labels stand in front of it. */
static bool
ends_in_number(struct slice host)
{
    size_t start = host.len;
    bool digits = true;
    bool hex;
    size_t i;

    while (start > 0 && host.ptr[start - 1] != '.')
        start--;
    hex = host.len - start >= 2 && host.ptr[start] == '0' &&
          (host.ptr[start + 1] | 0x20) == 'x';
    for (i = start; i < host.len; i++) {
        digits = digits && is_digit(host.ptr[i]);
        hex = hex && (i < start + 2 || is_hex(host.ptr[i]));
    }
    return digits || hex;
}

/* localhost and everything below it (RFC 6761, section 6.3). */
static bool
is_localhost(struct slice host)
{
    const size_t len = sizeof("localhost") - 1;

    if (host.len < len ||
        !slice_is_nocase(skip(host, host.len - len), "localhost"))
        return false;
    return host.len == len || host.ptr[host.len - len - 1] == '.';
}

static enum target_result
judge_text(struct slice host, int family, const struct target_nets *allow)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *address = family == AF_INET
                                         ? (const struct sockaddr *)&v4
                                         : (const struct sockaddr *)&v6;
    void *bytes =
        family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr;

    if (host.len >= sizeof(text))
        return TARGET_BAD_URL;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(family, text, bytes) != 1)
        return TARGET_BAD_URL;
    return target_address_allowed(allow, address) ? TARGET_OK : TARGET_PRIVATE;
}

/* The name of this host is as good as its address. */
static bool
loopback_allowed(const struct target_nets *allow)
{
    static const struct slice loopback[] = {
        {"127.0.0.1", 9},
        {"::1", 3},
    };

    return target_nets_contain_text(allow, loopback[0]) ||
           target_nets_contain_text(allow, loopback[1]);
}

static enum target_result
judge_host(struct slice host, bool bracketed, const struct target_nets *allow)
{
    bool final_dot;

    if (bracketed)
        return judge_text(host, AF_INET6, allow);
    final_dot = host.len > 0 && host.ptr[host.len - 1] == '.';
    if (final_dot)
        host.len--;
    if (!labels_are_valid(host))
        return TARGET_BAD_URL;
    if (ends_in_number(host))
        return final_dot ? TARGET_BAD_URL : judge_text(host, AF_INET, allow);
    if (is_localhost(host) && !loopback_allowed(allow))
        return TARGET_PRIVATE;
    return TARGET_OK;
}

enum target_result
target_check_url(struct slice url, bool require_https,
                 const struct target_nets *allow, struct target_url *url_out)
{
    struct target_url parts = {.path = url};
    enum target_result result;
    bool bracketed;

    if (url.ptr == NULL || url.len > TARGET_URL_MAX || !bytes_are_plain(url) ||
        !take_scheme(&parts.path, &parts.https) ||
        !split_authority(take_authority(&parts.path), &parts, &bracketed))
        return TARGET_BAD_URL;
    result = judge_host(parts.host, bracketed, allow);
    if (result == TARGET_BAD_URL)
        return result;
    if (require_https && !parts.https)
        return TARGET_NOT_HTTPS;
    if (result == TARGET_OK && url_out != NULL)
        *url_out = parts;
    return result;
}

static const char *const texts[] = {
    [TARGET_OK] = "the URL may be delivered to",
    [TARGET_BAD_URL] =
        ("not an absolute http or https URL with a plain host name or address, "
         "without user, fragment, spaces or control characters, at most 2048 "
         "bytes"),
    [TARGET_NOT_HTTPS] = "the URL must start with https://",
    [TARGET_PRIVATE] =
        "the host is not on the public Internet; the administrator can list "
        "its network in allow_targets",
};

const char *
target_result_text(enum target_result result)
{
    assert((size_t)result < sizeof(texts) / sizeof(texts[0]));
    return texts[result];
}
