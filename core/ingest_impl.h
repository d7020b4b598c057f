/*
 * ingest_impl.h - what the files behind ingest.h share; nobody else includes it.
 */
#ifndef INGEST_IMPL_H
#define INGEST_IMPL_H

#include "ingest.h"
#include "script.h"
#include "store_event.h"

struct ingest_item {
    struct new_event *event;
    uint64_t id;
    uint64_t process_id;   /* of the process job; 0 = none */
    size_t first, matched; /* its part of subscriptions[] and job_ids[] */
    /* What the keys say, set by each ingest_write(). */
    bool duplicate;
    uint64_t winner_id;
    uint32_t winner_matched;
};

struct ingest {
    struct ingest_item *items;
    size_t count, cap;
    uint32_t *subscriptions; /* who gets a job, item after item */
    uint64_t *job_ids;
    size_t matches, matches_cap;
    size_t jobs;
    bool has_keys;
    struct ingest_item **by_key; /* items with a key, sorted; room for cap */
    struct script script;
};

/* ingest_keys.c: marks the events whose key another event has had before. The
   transaction is open then, unless this fails. */
enum db_result ingest_claim_keys(struct ingest *batch, int64_t now_us)
    __attribute__((warn_unused_result));

#endif /* INGEST_IMPL_H */
