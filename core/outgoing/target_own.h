/*
 * target_own.h - the addresses of this host.
 *
 * What listens on them is often meant for this host alone, so a URL that a
 * user typed does not reach them, however public they are (target.h).
 */
#ifndef TARGET_OWN_H
#define TARGET_OWN_H

#include <ifaddrs.h>
#include <stdbool.h>
#include <stdint.h>

/* True if an interface of this host has the address, IPv4 as ::ffff:a.b.c.d.
   The interfaces are looked at every few seconds; as long as they cannot be
   read, those count that were read last. Thread-safe. */
bool target_own_has(const uint8_t address[16]);

/* Takes a list as getifaddrs(3) gives it for what there is, until it is time
   to look again. */
void target_own_learn(const struct ifaddrs *list);

#endif /* TARGET_OWN_H */
