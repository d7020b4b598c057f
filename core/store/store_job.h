/*
 * store_job.h - reading work: which jobs there are, and when they are due.
 *
 * Three ways, all plain SELECTs, because inside its shards nobody else takes
 * jobs: the tail (new rows in id order), the queues of single lanes, and the
 * head of every lane. Times are the database's clock, microseconds UTC.
 */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "db.h"
#include "lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job_row {
    uint64_t id;
    uint64_t lane;
    uint64_t event_id;
    uint64_t retry_of;    /* 0 = none */
    int64_t due_us;       /* next_retry_at */
    int64_t first_due_us; /* when it first was, if not when it was made; 0 */
    int64_t blocked_us; /* FIFO: lane_state.blocked_until; 0 = none, not read */
    uint32_t attempts;  /* made so far */
    uint8_t kind;       /* enum job_kind, or one that a later version knows */
    uint8_t shard;
    bool test;
};

struct job_page {
    struct job_row *rows;
    size_t count;
    size_t cap;
    int64_t now_us; /* when the statement ran; 0 without rows */
};

void job_page_free(struct job_page *page);

/* Rows of all shards with id > after_id, in id order, at most `limit`. The
   page is overwritten; on an error it is empty. blocked_us is not read. */
enum db_result store_job_tail(struct db *db, uint64_t after_id, size_t limit,
                              struct job_page *page)
    __attribute__((warn_unused_result));

/* The same, tests only. */
enum db_result store_job_tests(struct db *db, uint64_t after_id, size_t limit,
                               struct job_page *page)
    __attribute__((warn_unused_result));

/* The next `limit` jobs of one lane from a point in time on, those that are
   not due yet included. */
struct lane_read {
    uint64_t lane;
    uint32_t shard;
    uint32_t limit;
    int64_t from_us; /* 0 = from the beginning */
    bool fifo;       /* its blocked_until as well */
};

/* Lanes in one statement; each costs the database 40 us, whether it has rows or
   not. */
#define STORE_LANES_MAX 25

/* One statement for up to STORE_LANES_MAX lanes; each lane's rows arrive in
   the order of (due, id). */
enum db_result store_job_lanes(struct db *db, const struct lane_read *reads,
                               size_t count, struct job_page *page)
    __attribute__((warn_unused_result));

/* The earliest job of every lane that has any. */
struct lane_head {
    uint64_t lane;
    uint32_t shard;
    int64_t due_us;
};

struct lane_heads {
    struct lane_head *rows;
    size_t count;
    size_t cap;
    int64_t now_us; /* when the statement ran; 0 without rows */
};

void lane_heads_free(struct lane_heads *heads);

/* shards: LANE_SHARDS flags. A loose index scan: its cost is the number of
   lanes, not of jobs. */
enum db_result store_job_heads(struct db *db, const bool *shards,
                               struct lane_heads *heads)
    __attribute__((warn_unused_result));

#endif /* STORE_JOB_H */
