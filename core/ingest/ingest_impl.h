/*
 * ingest_impl.h - what the files behind ingest.h share; nobody else includes it.
 */
#ifndef INGEST_IMPL_H
#define INGEST_IMPL_H

#include "ingest.h"
#include "script.h"
#include "store_event.h"

/* What the keys say of an event. */
struct ingest_verdict {
    bool duplicate;
    uint64_t winner_id;
    uint32_t winner_matched;
    bool winner_stored; /* it is no other one of this batch */
    uint64_t remade_id; /* the job that was made again for it; 0 = none */
    bool requeued;
};

struct ingest_item {
    struct new_event *event;
    uint64_t id;
    uint64_t process_id;   /* of the process job; 0 = none */
    uint64_t fanout_id;    /* of the fan-out job; 0 = none */
    size_t first, matched; /* its part of takers[] */
    size_t direct; /* of them, from the first on, those who get a job at once */
    struct ingest_verdict verdict; /* set by each ingest_write() */
    struct ingest_verdict unsure;  /* by the one that may have succeeded */
};

struct ingest {
    struct ingest_item *items;
    size_t count, cap;
    struct taker *takers; /* who gets a job, item after item */
    uint64_t *job_ids;    /* of those who get it at once */
    int64_t *places;      /* theirs in a FIFO lane; 0 = none */
    size_t matches, matches_cap;
    size_t jobs;
    uint64_t config_version; /* of the catalog that knows the takers */
    bool is_unsure; /* an ingest_write() may have succeeded, or may yet */
    bool has_keys;
    bool has_ordered;            /* one of the jobs is for a FIFO lane */
    struct ingest_item **by_key; /* items with a key, sorted; room for cap */
    struct script script;
};

/* ingest_keys.c: marks the events whose key another event has had before. The
   transaction is open then, unless this fails. */
enum db_result ingest_claim_keys(struct ingest *batch, int64_t now_us)
    __attribute__((warn_unused_result));

/* ingest_requeue.c: for repeats of stored events whose processing has failed
   for good, jobs that process those again. *count: so many. */
enum db_result ingest_requeue(struct ingest *batch, size_t *count)
    __attribute__((warn_unused_result));

/* ingest_order.c: the lane that a taker gets the item's event in. */
uint64_t ingest_lane(const struct ingest_item *item, const struct taker *taker);

/* ingest_order.c: takes the places of those jobs that go into FIFO lanes. The
   transaction is open then, unless this fails. */
enum db_result ingest_take_places(struct ingest *batch)
    __attribute__((warn_unused_result));

#endif /* INGEST_IMPL_H */
