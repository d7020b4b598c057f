/*
 * delivery_job.h - the job of a delivery that a person wants to act upon: what
 * store_delivery_retry.c and store_delivery_cancel.c share.
 */
#ifndef DELIVERY_JOB_H
#define DELIVERY_JOB_H

#include "buf.h"
#include "db.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a delivery that is not finished. */
struct delivery_job {
    uint64_t lane;
    uint32_t attempts;
    bool fifo;  /* its subscription keeps the order */
    bool early; /* it waits for a time that has not come */
};

/* Inside a transaction; the lock keeps the worker from finishing it meanwhile.
   DB_NONE: it is not among the live ones, or another application's. */
enum db_result delivery_job_lock(struct db *db, uint32_t application_id,
                                 uint64_t id, struct delivery_job *job)
    __attribute__((warn_unused_result));

/* Of a finished one, as a repetition needs it. */
struct delivery_finished {
    uint64_t event_id;
    uint64_t lane; /* that the event would get now */
    bool fifo;
    bool test;
    bool has_target; /* its subscription is not deleted */
    bool has_event;  /* its event is still stored */
};

enum db_result delivery_job_find_finished(struct db *db,
                                          uint32_t application_id, uint64_t id,
                                          struct delivery_finished *finished)
    __attribute__((warn_unused_result));

#endif /* DELIVERY_JOB_H */
