/*
 * store_backlog.h - the SQL that counts what waits to be processed.
 */
#ifndef STORE_BACKLOG_H
#define STORE_BACKLOG_H

#include "db.h"

#include <stdint.h>

/* Live process jobs of a source, those that wait for its API included; not
   more than `most` are counted. */
enum db_result store_backlog_count(struct db *db, uint32_t source_id,
                                   uint32_t most, uint32_t *count)
    __attribute__((warn_unused_result));

#endif /* STORE_BACKLOG_H */
