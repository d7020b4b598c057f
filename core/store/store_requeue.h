/*
 * store_requeue.h - the SQL of events that are processed again, because the
 * provider repeats one whose processing has failed for good.
 *
 * The key of an event (table `dedupe`) has the job that was made again last.
 * Whoever meets a repeat has locked that key, so one of several repeats at a
 * time makes a job.
 */
#ifndef STORE_REQUEUE_H
#define STORE_REQUEUE_H

#include "db.h"
#include "script.h"
#include "store_event.h"

#include <stddef.h>
#include <stdint.h>

struct store_requeue {
    uint64_t event_id;
    uint64_t remade_id; /* the job that was made again last; 0 = none */
    uint64_t failed_id; /* out: the delivery that failed; 0 = its processing has
                           not ended, or not so */
};

/* One statement for all of them. */
enum db_result store_requeue_find(struct script *script,
                                  struct store_requeue *list, size_t count)
    __attribute__((warn_unused_result));

/* A process job that repeats a delivery, and its number for the key. */
void store_requeue_add(struct script *script, const struct store_new_job *job,
                       uint64_t failed_id, const uint8_t hash[32]);

#endif /* STORE_REQUEUE_H */
