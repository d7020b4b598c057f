/*
 * lane.h - how work is numbered: job kinds, lanes and shards.
 *
 * A lane is the queue of one subscription or one source, or of one ordering
 * key of a FIFO subscription. Its number holds, from the highest bit on,
 *
 *     32  id of the owner (subscription, source, application)
 *     29  ordering key, hashed; 0 = none
 *      3  kind
 *
 * so that all lanes of an owner are neighbours in the index of `jobs`, and
 * subscription 5 and source 5 never meet. Lanes are spread over LANE_SHARDS
 * shards, all lanes of an owner in one; a shard is owned by one worker at a
 * time.
 */
#ifndef LANE_H
#define LANE_H

#include "slice.h"

#include <stdint.h>

#define LANE_SHARDS 64

enum job_kind {
    JOB_DELIVER = 1, /* POST an event to a subscription */
    JOB_PROCESS = 2, /* process an inbound event */
    JOB_FANOUT = 3,  /* expand an event to many subscriptions */
    JOB_REPLAY = 4,  /* re-deliver a range of events */
    JOB_POLL = 5     /* ask a source for changes */
};

enum lane_kind {
    LANE_SUBSCRIPTION = 0,
    LANE_SOURCE = 1,
    LANE_REPLAY = 2, /* of a subscription */
    LANE_FANOUT = 3, /* of an application */
    LANE_FETCH = 4,  /* of a source: jobs that wait for its API */
    LANE_WAIT = 5    /* of a source: jobs that wait for deliveries alone */
};

#define LANE_KIND_BITS UINT64_C(7)
#define LANE_KEY_BITS UINT64_C(0xfffffff8)

static inline uint64_t
lane_number(enum lane_kind kind, uint32_t id)
{
    return (uint64_t)id << 32 | (uint64_t)kind;
}

static inline enum lane_kind
lane_kind_of(uint64_t lane)
{
    return (enum lane_kind)(lane & LANE_KIND_BITS);
}

static inline uint32_t
lane_owner_id(uint64_t lane)
{
    return (uint32_t)(lane >> 32);
}

/* The owner's lane without an ordering key: what an endpoint's health, rate
   and window belong to. */
static inline uint64_t
lane_base(uint64_t lane)
{
    return lane & ~LANE_KEY_BITS;
}

/* All lanes of an owner, those of other kinds among them, lie from
   lane_number(0, id) to this one. */
static inline uint64_t
lane_last(uint64_t lane)
{
    return lane | UINT64_C(0xffffffff);
}

/* The lane of one ordering key of that owner. Two keys that share a hash share
   a lane: their order is kept as well. */
uint64_t lane_of_key(uint64_t base, struct slice key);

/* Neighbouring owners land in different shards; a source's lanes share one, so
   that a job moves between them inside it. */
static inline uint32_t
lane_shard(uint64_t lane)
{
    uint64_t kind = lane & LANE_KIND_BITS;
    uint64_t owner =
        lane >> 32 << 3 |
        (kind == LANE_FETCH || kind == LANE_WAIT ? LANE_SOURCE : kind);

    return (uint32_t)((owner * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

#endif /* LANE_H */
