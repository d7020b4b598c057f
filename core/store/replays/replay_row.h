/*
 * replay_row.h - how a replay is selected and read, and what has become of the
 * deliveries it has made: what the store_replay statements share.
 */
#ifndef REPLAY_ROW_H
#define REPLAY_ROW_H

#include "store_replay.h"

/* SELECT ... FROM replays; a condition follows after WHERE. */
void replay_row_select(struct buf *sql);

/* Reads such a row; the caller frees *replay. */
void replay_row_read(const struct slice *cell, struct replay *replay);

/* The statement's only row. DB_NONE: it gave none. */
enum db_result replay_row_query(struct db *db, const struct buf *sql,
                                struct replay *replay)
    __attribute__((warn_unused_result));

/* Takes those that have ended out of `live` and counts them. Two lookups by
   primary key for each. */
enum db_result replay_row_settle(struct db *db, struct replay *replay)
    __attribute__((warn_unused_result));

/* 'ids,with,commas', quoted, or NULL for none. */
void replay_row_add_live(struct buf *sql, const struct replay *replay);

/* The lane of its job. Replays of one lane are run one after the other. */
uint64_t replay_row_lane(const struct replay *replay);

#endif /* REPLAY_ROW_H */
