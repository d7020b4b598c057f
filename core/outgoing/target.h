/*
 * target.h - may we send to this URL, and to this address?
 *
 * A URL is checked when it is stored, an address at every connect (DNS may
 * change, names may be rebound). Refused are all addresses that are not public
 * unicast: loopback, private, link-local, shared (100.64/10), documentation,
 * benchmarking, multicast, reserved, 6to4, Teredo, NAT64, cloud metadata, and
 * IPv4 mapped into IPv6 is judged as IPv4. So are the addresses of this host
 * (target_own.h). The administrator may list networks in allow_targets. Ranges:
 * IANA special-purpose registries (RFC 6890).
 */
#ifndef TARGET_H
#define TARGET_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define TARGET_URL_MAX 2048 /* bytes */
#define TARGET_NETS_MAX 64

/* A parsed list of networks: "10.0.0.0/8, ::1/128, 127.0.0.1". */
struct target_net {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;     /* bits, counted in the 16-byte form */
};

struct target_nets {
    struct target_net net[TARGET_NETS_MAX];
    size_t count;
};

/* Separated by commas or white space; bits behind a prefix do not matter. An
   IPv6 network holds no IPv4 address unless it is written as one (::/0 is not
   0.0.0.0/0). False: *why names the bad item, *nets is untouched. */
bool target_nets_parse(const char *list, struct target_nets *nets,
                       struct buf *why) __attribute__((warn_unused_result));
/* address is text such as REMOTE_ADDR; false if it is no address. */
bool target_nets_contain_text(const struct target_nets *nets,
                              struct slice address);

/* True if a request may go to that address. allow may be NULL here and
   below: nothing is listed. */
bool target_address_allowed(const struct target_nets *allow,
                            const struct sockaddr *address);

/* Why not: "loopback (RFC 1122)" and the like; NULL if it is allowed. */
const char *target_address_refusal(const struct target_nets *allow,
                                   const struct sockaddr *address);

enum target_result {
    TARGET_OK,
    TARGET_BAD_URL,   /* not an absolute http(s) URL as we take them */
    TARGET_NOT_HTTPS, /* http although https is required */
    TARGET_PRIVATE    /* an address (or localhost) that is not public */
};

/* The parts of an accepted URL, slices of its text. */
struct target_url {
    bool https;
    struct slice host; /* without brackets */
    uint16_t port;
    struct slice path; /* path and query, "" possible */
};

/*
 * Accepts http and https, a host name (letters, digits, hyphens, dots), an
 * IPv4 address in four decimal parts or an IPv6 address in brackets; no user,
 * no fragment, no control characters (encoded as %0a neither) or spaces, no
 * backslash, no bytes above 0x7e, and no other spelling of an address (0x7f.1,
 * 2130706433). A port is 1..65535. localhost and names below it are as private
 * as 127.0.0.1. The grammar is a subset of what libcurl accepts, so both read
 * the same host. url_out may be NULL; it is written only for TARGET_OK.
 */
enum target_result target_check_url(struct slice url, bool require_https,
                                    const struct target_nets *allow,
                                    struct target_url *url_out)
    __attribute__((warn_unused_result));

/* What to tell a user about a result that is not TARGET_OK. */
const char *target_result_text(enum target_result result);

#endif /* TARGET_H */
