/*
 * fuzz_address.c - addresses: what we call public lies in none of the private
 * networks, by a second list that is written and compared in another way.
 *
 * Input: 16 bytes of an IPv6 address, whose last 4 are the IPv4 address as
 * well, and a list of networks that are allowed.
 */
#include "fuzz.h"

#include "target.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* IANA IPv4 and IPv6 Special-Purpose Address Registries: what is not globally
   reachable, multicast, and what holds an IPv4 address inside. */
static const struct network {
    int family;
    const char *first;
    const char *last;
} private_networks[] = {
    {AF_INET, "0.0.0.0", "0.255.255.255"},
    {AF_INET, "10.0.0.0", "10.255.255.255"},
    {AF_INET, "100.64.0.0", "100.127.255.255"},
    {AF_INET, "127.0.0.0", "127.255.255.255"},
    {AF_INET, "169.254.0.0", "169.254.255.255"},
    {AF_INET, "172.16.0.0", "172.31.255.255"},
    {AF_INET, "192.0.0.0", "192.0.0.255"},
    {AF_INET, "192.0.2.0", "192.0.2.255"},
    {AF_INET, "192.88.99.0", "192.88.99.255"},
    {AF_INET, "192.168.0.0", "192.168.255.255"},
    {AF_INET, "198.18.0.0", "198.19.255.255"},
    {AF_INET, "198.51.100.0", "198.51.100.255"},
    {AF_INET, "203.0.113.0", "203.0.113.255"},
    {AF_INET, "224.0.0.0", "255.255.255.255"},
    {AF_INET, "168.63.129.16", "168.63.129.16"},
    {AF_INET6, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {AF_INET6, "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {AF_INET6, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {AF_INET6, "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {AF_INET6, "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {AF_INET6, "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

/* Bytes of an address in network order compare like the address. */
static bool
is_private(int family, const uint8_t *bytes)
{
    const size_t len = family == AF_INET ? 4 : 16;
    uint8_t first[16], last[16];
    size_t i;

    for (i = 0; i < sizeof(private_networks) / sizeof(private_networks[0]);
         i++) {
        const struct network *net = &private_networks[i];

        if (net->family != family)
            continue;
        FUZZ_CHECK(inet_pton(family, net->first, first) == 1);
        FUZZ_CHECK(inet_pton(family, net->last, last) == 1);
        if (memcmp(bytes, first, len) >= 0 && memcmp(bytes, last, len) <= 0)
            return true;
    }
    return false;
}

/* An address is what its text says, and both are judged alike. */
static void
check_text(int family, const uint8_t *bytes, bool allowed,
           const struct target_nets *nets)
{
    char text[INET6_ADDRSTRLEN], url[128];
    enum target_result result;
    int len;

    FUZZ_CHECK(inet_ntop(family, bytes, text, sizeof(text)) != NULL);
    len = snprintf(url, sizeof(url),
                   family == AF_INET ? "http://%s/" : "http://[%s]/", text);
    result = target_check_url(slice_make(url, (size_t)len), false, nets, NULL);
    FUZZ_CHECK(result == (allowed ? TARGET_OK : TARGET_PRIVATE));
    if (target_nets_contain_text(nets, slice_of(text)))
        FUZZ_CHECK(allowed);
}

static void
check_address(int family, const uint8_t *bytes, const struct target_nets *nets)
{
    const struct target_nets nothing = {.count = 0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *address = family == AF_INET
                                         ? (const struct sockaddr *)&v4
                                         : (const struct sockaddr *)&v6;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
    bool is_mapped =
        family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0;
    bool public;

    memcpy(&v4.sin_addr, bytes, 4);
    if (family == AF_INET6)
        memcpy(&v6.sin6_addr, bytes, 16);
    public = target_address_allowed(NULL, address);
    FUZZ_CHECK(public == !(is_mapped ? is_private(AF_INET, bytes + 12)
                                     : is_private(family, bytes)));
    FUZZ_CHECK(public == (target_address_refusal(&nothing, address) == NULL));
    if (public)
        FUZZ_CHECK(target_address_allowed(nets, address));
    check_text(family, bytes, target_address_allowed(nets, address), nets);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[16] = {0};
    struct target_nets nets = {.count = 0};
    struct buf why = BUF_INIT(512);
    size_t len = size < sizeof(bytes) ? size : sizeof(bytes);
    char *list;

    memcpy(bytes, data, len);
    list = slice_text(slice_make(data + len, size - len));
    if (!target_nets_parse(list, &nets, &why))
        FUZZ_CHECK(nets.count == 0 && why.len > 0);
    check_address(AF_INET6, bytes, &nets);
    check_address(AF_INET, bytes + 12, &nets);
    free(list);
    buf_free(&why);
    return 0;
}
