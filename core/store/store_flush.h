/*
 * store_flush.h - writing what became of jobs: archive, retry, delete.
 *
 * All of it happens inside a transaction that the caller has begun and fenced
 * (store_shard.h). Only jobs that are still there, with the number of attempts
 * and in the lane they were read with, count: a job that was cancelled
 * meanwhile, or whose result was committed by a transaction of unknown outcome,
 * is passed over. So the same rows may be flushed again after any failure.
 */
#ifndef STORE_FLUSH_H
#define STORE_FLUSH_H

#include "db.h"
#include "slice.h"
#include "store_job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flush_status {
    FLUSH_SUCCESS,
    FLUSH_FAILED,    /* for good */
    FLUSH_CANCELLED, /* nothing was sent and nothing will be */
    FLUSH_RETRY,     /* stays a job, due at retry_at_us */
    FLUSH_MOVE,      /* the same in to_lane; no attempt was made */
    FLUSH_REMOVE     /* goes, and nothing is recorded */
};

/* Longer texts are cut. error_message must be valid UTF-8. */
struct flush_row {
    struct job_row job; /* as it was read */
    enum flush_status status;
    uint32_t attempts; /* made, this one included */
    uint32_t application_id;
    struct slice event_type;
    uint32_t response_code;     /* 0 = none */
    const char *error_class;    /* or NULL */
    struct slice error_message; /* or absent */
    struct slice response_body; /* or absent */
    int64_t duration_us;
    int64_t ended_us;     /* end of the attempt, database clock */
    int64_t retry_at_us;  /* FLUSH_RETRY, FLUSH_MOVE: database clock */
    int64_t first_due_us; /* FLUSH_RETRY: to be noted as such; 0 = not */
    uint64_t to_lane;     /* FLUSH_MOVE: of the same shard, or the same lane */
    bool fifo;            /* a retry keeps its place, and its lane waits */
    bool pauses;          /* a retry only once a person says so */
    bool live;            /* out: set by store_flush_lock() */
};

/* Locks the jobs and sets `live`. rows must be sorted by job id (the order in
   which everybody locks). *now_us: the database's clock; 0 when none of the
   jobs is there. */
enum db_result store_flush_lock(struct db *db, struct flush_row *rows,
                                size_t count, int64_t *now_us)
    __attribute__((warn_unused_result));

/* Archives, records attempts, puts off retries (or notes until when their FIFO
   lanes wait: lane_state.blocked_until), moves and deletes: live rows only.
   DB_AGAIN if a row that was locked could not be deleted. */
enum db_result store_flush_write(struct db *db, const struct flush_row *rows,
                                 size_t count)
    __attribute__((warn_unused_result));

/* A new job. */
struct new_job {
    uint64_t id;
    uint64_t event_id;
    uint64_t lane;
    enum job_kind kind;
    int64_t due_us;    /* its time, or its place in a FIFO lane; 0 = now */
    uint64_t retry_of; /* the delivery it repeats; 0 = none */
};

enum db_result store_flush_new_jobs(struct db *db, const struct new_job *jobs,
                                    size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_FLUSH_H */
