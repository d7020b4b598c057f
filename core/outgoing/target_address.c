/*
 * target_address.c - which addresses are public, and which networks the
 * administrator has listed; see target.h.
 */
#include "target.h"

#include "number.h"
#include "target_own.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define V4_BITS_BEFORE 96 /* ::ffff:a.b.c.d */

/* IPv4 that is not public unicast (IANA special-purpose registry). */
static const struct {
    uint32_t base;
    unsigned prefix;
    const char *reason;
} refused_v4[] = {
    {0x00000000, 8, "this network (RFC 791)"},
    {0x0a000000, 8, "private use (RFC 1918)"},
    {0x64400000, 10, "shared address space (RFC 6598)"},
    {0x7f000000, 8, "loopback (RFC 1122)"},
    {0xa83f8110, 32, "metadata service of Azure"},
    {0xa9fe0000, 16, "link-local, cloud metadata (RFC 3927)"},
    {0xac100000, 12, "private use (RFC 1918)"},
    {0xc0000000, 24, "IETF protocol assignments (RFC 6890)"},
    {0xc0000200, 24, "documentation (RFC 5737)"},
    {0xc0586300, 24, "6to4 relay anycast (RFC 7526)"},
    {0xc0a80000, 16, "private use (RFC 1918)"},
    {0xc6120000, 15, "benchmarking (RFC 2544)"},
    {0xc6336400, 24, "documentation (RFC 5737)"},
    {0xcb007100, 24, "documentation (RFC 5737)"},
    {0xe0000000, 4, "multicast (RFC 5771)"},
    {0xf0000000, 4, "reserved, broadcast (RFC 1112)"},
};

/* IPv6 by its first 32 bits: only 2000::/3 is global unicast, and these parts
   of it are not. What is outside (::, ::1, NAT64, discard, fc00::/7,
   fe80::/10, multicast) needs no rows. */
#define GLOBAL_V6_BASE 0x20000000u
#define GLOBAL_V6_PREFIX 3u

static const struct {
    uint32_t base;
    unsigned prefix;
    const char *reason;
} refused_v6[] = {
    {0x20010000, 23, "IETF protocol assignments, Teredo (RFC 2928)"},
    {0x20010db8, 32, "documentation (RFC 3849)"},
    {0x20020000, 16, "6to4: holds an IPv4 address (RFC 3056)"},
    {0x3fff0000, 20, "documentation (RFC 9637)"},
};

static bool
in_range(uint32_t value, uint32_t base, unsigned prefix)
{
    return (value ^ base) >> (32 - prefix) == 0;
}

static uint32_t
word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool
is_v4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* Why a request may not go there, or NULL. */
static const char *
refusal(const uint8_t address[16])
{
    uint32_t word = word_at(address + (is_v4(address) ? 12 : 0));
    size_t i;

    if (is_v4(address)) {
        for (i = 0; i < sizeof(refused_v4) / sizeof(refused_v4[0]); i++) {
            if (in_range(word, refused_v4[i].base, refused_v4[i].prefix))
                return refused_v4[i].reason;
        }
        return NULL;
    }
    if (!in_range(word, GLOBAL_V6_BASE, GLOBAL_V6_PREFIX))
        return "not global unicast (RFC 4291)";
    for (i = 0; i < sizeof(refused_v6) / sizeof(refused_v6[0]); i++) {
        if (in_range(word, refused_v6[i].base, refused_v6[i].prefix))
            return refused_v6[i].reason;
    }
    return NULL;
}

/* The 16-byte form; false for a family that is neither. The address is copied
   out: a sockaddr need not be aligned for its real type. */
static bool
from_sockaddr(const struct sockaddr *address, uint8_t out[16])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &v4.sin_addr, 4);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        memcpy(out, &v6.sin6_addr, 16);
        return true;
    }
    return false;
}

/* *prefix_max is how long a prefix may be in the way it was written. */
static bool
from_text(struct slice text, uint8_t out[16], unsigned *prefix_max)
{
    char copy[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(copy) ||
        memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, out) == 1) {
        *prefix_max = 128;
        return true;
    }
    if (inet_pton(AF_INET, copy, out + sizeof(mapped)) == 1) {
        memcpy(out, mapped, sizeof(mapped));
        *prefix_max = 32;
        return true;
    }
    return false;
}

static bool
prefix_covers(const struct target_net *net, const uint8_t address[16])
{
    size_t bytes = net->prefix / 8;
    unsigned bits = net->prefix % 8;

    /* ::/0 means all of IPv6, not the IPv4 addresses that are kept inside. */
    if (is_v4(address) && net->prefix < V4_BITS_BEFORE)
        return false;
    if (memcmp(net->address, address, bytes) != 0)
        return false;
    return bits == 0 ||
           (net->address[bytes] ^ address[bytes]) >> (8 - bits) == 0;
}

static bool
contain_bytes(const struct target_nets *nets, const uint8_t address[16])
{
    size_t i;

    if (nets == NULL)
        return false;
    for (i = 0; i < nets->count; i++) {
        if (prefix_covers(&nets->net[i], address))
            return true;
    }
    return false;
}

bool
target_nets_contain_text(const struct target_nets *nets, struct slice address)
{
    uint8_t bytes[16];
    unsigned prefix_max;

    return from_text(address, bytes, &prefix_max) && contain_bytes(nets, bytes);
}

const char *
target_address_refusal(const struct target_nets *allow,
                       const struct sockaddr *address)
{
    const char *reason;
    uint8_t bytes[16];

    if (!from_sockaddr(address, bytes))
        return "not an IP address";
    if (contain_bytes(allow, bytes))
        return NULL;
    reason = refusal(bytes);
    if (reason == NULL && target_own_has(bytes))
        reason = "an address of this host";
    return reason;
}

bool
target_address_allowed(const struct target_nets *allow,
                       const struct sockaddr *address)
{
    return target_address_refusal(allow, address) == NULL;
}

/* One item: an address, or an address and "/prefix". */
static bool
parse_net(struct slice item, struct target_net *net)
{
    const char *slash = memchr(item.ptr, '/', item.len);
    struct slice address = item;
    unsigned prefix_max;
    uint64_t prefix;

    if (slash != NULL)
        address.len = (size_t)(slash - item.ptr);
    if (!from_text(address, net->address, &prefix_max))
        return false;
    prefix = prefix_max;
    if (slash != NULL &&
        !number_u64(slice_make(slash + 1, item.len - address.len - 1),
                    prefix_max, &prefix))
        return false;
    net->prefix = (unsigned)prefix + (128 - prefix_max);
    return true;
}

static const char separators[] = ", \t\r\n";

bool
target_nets_parse(const char *list, struct target_nets *nets, struct buf *why)
{
    struct target_nets found = {.count = 0};
    const char *at = list + strspn(list, separators);

    while (*at != '\0') {
        struct slice item = slice_make(at, strcspn(at, separators));

        if (found.count == TARGET_NETS_MAX) {
            buf_addf(why, "more than %d networks", TARGET_NETS_MAX);
            return false;
        }
        if (!parse_net(item, &found.net[found.count])) {
            buf_addf(why,
                     "'%.*s' is not an address or network such as "
                     "10.0.0.0/8, 192.0.2.7 or fd00::/8",
                     (int)(item.len < 64 ? item.len : 64), item.ptr);
            return false;
        }
        found.count++;
        at += item.len;
        at += strspn(at, separators);
    }
    *nets = found;
    return true;
}
