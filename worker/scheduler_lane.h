/*
 * scheduler_lane.h - the inside of the scheduler: a lane, the rings lanes take
 * turns in, and the state its files share. Nothing else includes it.
 */
#ifndef SCHEDULER_LANE_H
#define SCHEDULER_LANE_H

#include "due_heap.h"
#include "map.h"
#include "scheduler.h"

enum lane_ring {
    RING_FRESH,  /* has a job that was never tried, and may run it */
    RING_RETRY,  /* has a job that failed before, and may run it */
    RING_LOCAL,  /* has a job for the store thread */
    RING_HUNGRY, /* should be read */
    RING_COUNT
};

struct lane_link {
    struct lane *prev;
    struct lane *next;
    bool in;
};

struct lane {
    struct due due; /* its next job that is not in memory; must be first */
    uint64_t number;
    uint32_t shard;
    struct lane_config config;
    struct task_list fresh;
    struct task_list retries;
    size_t queued;      /* loading or ready, tests not counted */
    size_t known;       /* in any state */
    uint32_t running;   /* in the delivery loop, tests not counted */
    size_t event_bytes; /* of an event of this lane, about */

    /* what the database has: times are its clock */
    bool more;       /* jobs that are due and not in memory */
    int64_t mark_us; /* the next read begins here; 0 = never read */
    size_t ties;     /* rows at the mark that are in memory already */

    /* while it is read */
    bool reading;
    bool refused; /* a row had no room: later ones must wait, too */
    uint32_t asked;
    uint32_t returned;
    int64_t future_us; /* the first row that is not due yet */

    /* while the heads are looked at */
    bool headed;
    int64_t oldest_us; /* of the tasks in memory */

    struct lane_link links[RING_COUNT];
};

struct lane_chain {
    struct lane *head;
    struct lane *tail;
    size_t count;
};

struct scheduler {
    struct scheduler_limits limits;
    void (*setup)(void *arg, uint64_t lane, struct lane_config *out);
    void *setup_arg;
    struct map tasks; /* by job id */
    struct map lanes; /* by number */
    struct lane_chain rings[RING_COUNT];
    struct due_heap due;
    struct task_list tests; /* ready */
    size_t shard_tasks[LANE_SHARDS];
    size_t active; /* lanes that have tasks */
    size_t running;
    unsigned turn;
};

#define NEVER INT64_MAX

struct lane *scheduler_lane(struct scheduler *s, uint64_t number,
                            uint32_t shard);
/* Puts the lane into the rings it belongs into now. After every change. */
void scheduler_refresh(struct scheduler *s, struct lane *lane);
struct lane *scheduler_ring_pop(struct scheduler *s, enum lane_ring ring);
/* How many jobs of this lane may wait in memory. */
size_t scheduler_lane_cap(const struct scheduler *s, const struct lane *lane);
/* How many more jobs of this lane memory takes when so many are planned, the
   lane's cap apart. */
size_t scheduler_room(const struct scheduler *s, const struct lane *lane,
                      size_t planned);
/* A task for a job that is due and not known; NULL if there is no room. */
struct task *scheduler_take(struct scheduler *s, struct lane *lane,
                            const struct job_row *row);
/* The lane has a due job at that time (database clock) that we do not have. */
void scheduler_miss(struct scheduler *s, struct lane *lane, int64_t due_us);

#endif /* SCHEDULER_LANE_H */
