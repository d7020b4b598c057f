/*
 * heads.h - the look at the earliest job of every lane, which finds whatever
 * the tail and the reads of lanes have missed.
 *
 * Once a second all shards are looked at. That costs as much as there are
 * lanes, and new jobs wait for it meanwhile: where many lanes make it long it is
 * done in parts, some shards each, spread over the second.
 */
#ifndef HEADS_H
#define HEADS_H

#include "reader.h"

struct heads;

struct heads *heads_new(const struct reader_peers *peers);
void heads_free(struct heads *heads);

/* When the next part is due; monotonic. */
int64_t heads_due(const struct heads *heads);

/* The next part is all shards, and due at once. */
void heads_hurry(struct heads *heads);

/* One statement. *whole: it was all shards. A call that fails has learned
   nothing; the same part comes again after a second. */
enum db_result heads_look(struct heads *heads, bool *whole)
    __attribute__((warn_unused_result));

#endif /* HEADS_H */
