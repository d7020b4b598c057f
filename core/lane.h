/*
 * lane.h - how work is numbered: job kinds, lanes and shards.
 *
 * A lane is the queue of one subscription or one source. Its number encodes
 * its kind, so subscription 5 and source 5 never meet. Lanes are spread over
 * LANE_SHARDS shards; a shard is owned by one worker at a time.
 */
#ifndef LANE_H
#define LANE_H

#include <stdint.h>

#define LANE_SHARDS 64

enum job_kind {
    JOB_DELIVER = 1, /* POST an event to a subscription */
    JOB_PROCESS = 2, /* process an inbound event */
    JOB_FANOUT = 3,  /* expand an event to many subscriptions */
    JOB_REPLAY = 4   /* re-deliver a range of events */
};

enum lane_kind { LANE_SUBSCRIPTION = 0, LANE_SOURCE = 1, LANE_REPLAY = 2 };

static inline uint64_t
lane_number(enum lane_kind kind, uint32_t id)
{
    return (uint64_t)id * 8 + (uint64_t)kind;
}

static inline enum lane_kind
lane_kind_of(uint64_t lane)
{
    return (enum lane_kind)(lane & 7);
}

static inline uint32_t
lane_owner_id(uint64_t lane)
{
    return (uint32_t)(lane >> 3);
}

/* Neighbouring subscriptions land in different shards. */
static inline uint32_t
lane_shard(uint64_t lane)
{
    return (uint32_t)((lane * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

#endif /* LANE_H */
