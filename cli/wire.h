/*
 * wire.h - a connection to a server, plain or TLS, with one deadline for
 * everything that happens on it.
 *
 * TLS is 1.2 or newer, with a certificate that is checked against the host's
 * name.
 */
#ifndef WIRE_H
#define WIRE_H

#include "buf.h"
#include "slice.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct wire; /* opaque */

/*
 * ca_file      PEM file of certificate authorities; "" = the system's
 * deadline_us  clock_mono_us()
 * NULL: *why says what did not work.
 */
struct wire *wire_open(const struct target_url *url, const char *ca_file,
                       int64_t deadline_us, struct buf *why)
    __attribute__((warn_unused_result));
void wire_close(struct wire *wire); /* NULL is fine */

/* All of it, or false with *why. */
bool wire_write(struct wire *wire, struct slice bytes, struct buf *why)
    __attribute__((warn_unused_result));

/* At least one byte; 0: the peer has closed; -1: *why says what is wrong. */
ssize_t wire_read(struct wire *wire, char *out, size_t max, struct buf *why)
    __attribute__((warn_unused_result));

#endif /* WIRE_H */
