/*
 * store_lane.h - table `lane_state`: what is known about the receivers, and
 * until when lanes wait.
 *
 * Times are the database's clock, microseconds UTC; 0 = NULL. Rows are locked
 * in the order of their lanes, by everybody.
 */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the column's ENUM. */
enum lane_breaker { LANE_CLOSED, LANE_OPEN, LANE_HALF_OPEN };

/* The state of a receiver, in the row of its base lane (lane.h). */
struct lane_row {
    uint64_t lane;
    double window;
    enum lane_breaker breaker;
    uint32_t breaker_trips;
    int64_t breaker_until_us;
    int64_t failing_since_us;
    int64_t last_success_us;
    int64_t blocked_until_us;
    bool fifo; /* blocked_until is not the receiver's: left as it is */
};

/* Inside a transaction. rows are sorted by lane first; each lane once. */
enum db_result store_lane_save(struct db *db, struct lane_row *rows,
                               size_t count)
    __attribute__((warn_unused_result));

/* A FIFO lane whose first job is tried again later. */
struct lane_block {
    uint64_t lane;
    int64_t until_us;
};

/* Inside a transaction. blocks are sorted by lane first. */
enum db_result store_lane_block(struct db *db, struct lane_block *blocks,
                                size_t count)
    __attribute__((warn_unused_result));

struct lane_rows {
    struct lane_row *rows;
    size_t count;
    size_t cap;
    int64_t now_us; /* when the statement ran; 0 without rows */
};

void lane_rows_free(struct lane_rows *rows);

/*
 * What is worth knowing about subscriptions behind after_id, in the order of
 * their ids, at most `limit`: who fails, who waits, and who answered within
 * the last ten minutes. The rows are overwritten; none on an error.
 */
enum db_result store_lane_load(struct db *db, uint32_t after_id, size_t limit,
                               struct lane_rows *rows)
    __attribute__((warn_unused_result));

/* The same about the APIs of sources, all of them at once. */
enum db_result store_lane_load_sources(struct db *db, struct lane_rows *rows)
    __attribute__((warn_unused_result));

#endif /* STORE_LANE_H */
