/*
 * indexer.h - follows the mirror: carries changed records into full-text
 * search, counts the tables, and keeps the files of json_cache_dir current.
 *
 * For the owner of shard 0, so for one worker at a time. In small pieces, each
 * followed by a pause in proportion, so that deliveries do not wait for it: a
 * tenth of the time while there is other work, half of it otherwise. What has
 * to be done is marked in the records themselves; nothing is forgotten.
 */
#ifndef INDEXER_H
#define INDEXER_H

#include "db.h"
#include "lease.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

struct indexer;

/* All of them outlive it. */
struct indexer *indexer_new(const struct settings *settings, struct db *db,
                            struct lease *lease);
void indexer_free(struct indexer *indexer);

/* Records have been written, perhaps: it does not wait for its next look. */
void indexer_wake(struct indexer *indexer);

/* When to be called (monotonic; INT64_MAX: another worker does it). */
int64_t indexer_due(struct indexer *indexer);

/* One piece. busy: there is other work. What the database refuses for good is
   logged and tried again later, and DB_OK. */
enum db_result indexer_run(struct indexer *indexer, bool busy)
    __attribute__((warn_unused_result));

/* Everything that was changed when it last looked has been carried, or another
   worker does it, or it cannot be done for now. */
bool indexer_is_idle(const struct indexer *indexer);

#endif /* INDEXER_H */
