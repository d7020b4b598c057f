/*
 * limiter.h - so many requests a second, for each of very many keys.
 *
 * A key that was quiet may begin `limit` requests at once, and from then on
 * `limit` a second (the generic cell rate algorithm; ITU-T I.371). The table
 * has a fixed size, whoever comes: a key that has not used its share is the
 * same as one that is not there, and where more keys than fit are busy at
 * once, those that have used the least of theirs are forgotten first.
 *
 * Thread-safe: a lock is held for the look at one place of the table only.
 */
#ifndef LIMITER_H
#define LIMITER_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct limiter; /* opaque */

/* seed: random bits, so that nobody from outside can choose keys that meet in
   one place. */
struct limiter *limiter_new(uint64_t seed);
void limiter_free(struct limiter *limiter); /* may be NULL */

/* Of a source. */
uint64_t limiter_source_key(const struct limiter *limiter, uint32_t source_id);

/* Of an address at a source: what is behind one IPv4 address or one IPv6
   network of 64 bits, which a single host may have to itself. */
uint64_t limiter_address_key(const struct limiter *limiter, uint32_t source_id,
                             struct slice address);

/* True if one more fits, which then counts. limit > 0, per second; now_us:
   monotonic. */
bool limiter_take(struct limiter *limiter, uint64_t key, uint32_t limit,
                  int64_t now_us) __attribute__((warn_unused_result));

#endif /* LIMITER_H */
