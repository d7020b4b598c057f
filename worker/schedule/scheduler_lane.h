/*
 * scheduler_lane.h - the inside of the scheduler: lanes, the sites they lead
 * to, the rings in which both take turns, and the state its files share.
 * Nothing else includes it.
 *
 * A site is where the lanes of one base lead to: a receiver with its endpoint,
 * or whatever does the work of a local lane.
 */
#ifndef SCHEDULER_LANE_H
#define SCHEDULER_LANE_H

#include "due_heap.h"
#include "map.h"
#include "ring.h"
#include "scheduler.h"

#define NEVER INT64_MAX
#define SCHEDULER_PIECE 1000 /* lanes or tasks walked over in one call */
/* An answer counts so much longer than one may ask for it. */
#define SCHEDULER_DOUBT_US INT64_C(2000000)

/* See scheduler.h. Local and held sites count as proven. */
enum site_class {
    CLASS_PROVEN,
    CLASS_SLOW,
    CLASS_NEW,
    CLASS_FAILING,
    CLASS_COUNT
};

/* Of slots, bytes in flight and memory. */
enum group { GROUP_PROVEN, GROUP_SLOW, GROUP_UNPROVEN, GROUP_COUNT };

/* What a running task is counted as. */
enum share {
    SHARE_PROVEN,
    SHARE_SLOW,
    SHARE_UNPROVEN,
    SHARE_AGED, /* was unproven when it began, 1 s ago or more */
    SHARE_TEST,
    SHARE_COUNT
};

enum freshness { FRESH, RETRY, FRESHNESS_COUNT };

/* Rings of lanes, inside their site. */
enum lane_ring {
    LANES_FRESH,   /* has a job that was never tried, and may run it */
    LANES_RETRY,   /* has a job that failed before, and may run it */
    LANES_HUNGRY,  /* should be read */
    LANES_WAITING, /* has jobs that wait, whether they may run or not */
    LANES_RINGS
};

/* Links of a site. */
enum site_link { SITE_FRESH, SITE_RETRY, SITE_HUNGRY, SITE_LINKS };

struct amount {
    size_t tasks;
    size_t bytes;
};

struct site {
    struct due due; /* in scheduler.starts or .away; must be first */
    bool in_away;
    uint64_t number; /* the base lane */
    uint32_t shard;
    struct lane_config config;
    struct lane_config before; /* while it is configured anew */
    struct endpoint endpoint;
    struct endpoint_policy policy;
    enum site_class class; /* as it is counted */
    bool slow;             /* the last answer took 1 s */
    uint32_t aged;         /* running for 1 s and longer */
    int64_t begun_us;      /* the last start; 0 = never */
    int64_t turn_us; /* since when it waits for its turn with fresh ones */
    size_t inflight_bytes;
    struct amount held; /* by its tasks in any state, tests not counted */
    size_t lane_count;
    size_t reading; /* lanes that are being read */
    struct ring lanes[LANES_RINGS];
    struct ring_link links[SITE_LINKS];
    uint64_t change; /* number of the state it is in */
    uint64_t saved_change;
    int64_t saved_us; /* 0 = never */
    bool urgent;      /* to be saved at once */
};

/* When a batch is to go although it is not full. */
struct ripening {
    struct due due; /* in scheduler.ripening; must be first */
    struct lane *lane;
};

struct lane {
    struct due due; /* its next job that is not in memory; must be first */
    struct site *site;
    uint64_t number;
    struct task_list queues[FRESHNESS_COUNT]; /* FIFO: all in the first */
    size_t queued;      /* loading or ready, tests not counted */
    size_t known;       /* in any state */
    size_t event_bytes; /* of an event of this lane, about */
    /* LANE_FETCH: of what a source answers, about. It is a record, far larger
       than the event that it is asked for by, and stays until it is stored. */
    size_t answer_bytes;

    /* what the database has: times are its clock */
    bool more;       /* jobs that are due and not in memory */
    int64_t mark_us; /* the next read begins here; 0 = never read */
    size_t ties;     /* rows at the mark that are in memory already */

    /* FIFO */
    size_t front;       /* jobs that run, or did not succeed: the others wait */
    int64_t blocked_us; /* monotonic: nothing runs before; 0 = not */
    int64_t gap_us;     /* jobs from this time on may be missing in memory */
    size_t loading;     /* jobs whose events are being read, */
    int64_t loading_us; /* and the first one's time */

    /* while it is read */
    bool reading;
    bool refused; /* a row had no room: later ones must wait, too */
    uint32_t asked;
    uint32_t returned;
    int64_t refused_us; /* that row's time */
    int64_t future_us;  /* the first row that is not due yet */
    int64_t missed_us;  /* a job that was dropped meanwhile */

    /* while the heads are looked at */
    uint64_t head_look;   /* the last look that found it there */
    uint64_t oldest_look; /* the last that met a task of it, */
    int64_t oldest_us;    /* and the oldest of those */

    struct ripening ripening;
    struct ring_link links[LANES_RINGS];
    struct ring_link blocked_link;
};

struct scheduler {
    struct scheduler_limits limits;
    void (*setup)(void *arg, uint64_t lane, struct lane_config *out);
    void *setup_arg;
    int64_t now_us;    /* the latest we have heard of */
    int64_t offset_us; /* database clock less the monotonic one */
    int64_t shard_since_us[LANE_SHARDS];
    int64_t doubt_us; /* what was proven before does not count */
    bool crowded;     /* slow ones had half of the slots when we last looked */

    struct map tasks;         /* by job id */
    struct map lanes;         /* by number */
    struct map sites;         /* by base lane */
    struct due_heap due;      /* lanes */
    struct due_heap starts;   /* sites with jobs: when the next may start */
    struct due_heap away;     /* sites that are not to be read before */
    struct due_heap ripening; /* lanes that wait for the rest of a batch */
    struct ring runs[FRESHNESS_COUNT][CLASS_COUNT]; /* sites that may start */
    struct ring hungry[CLASS_COUNT];                /* sites to be read */
    struct ring local;        /* sites with jobs for the store thread */
    struct ring blocked;      /* FIFO lanes whose first job waits */
    struct ring young;        /* running tasks, in the order of start */
    struct task_list tests;   /* ready */
    struct task_list dropped; /* for the caller to free */
    struct task_list expired; /* for the caller to commit */

    struct amount held[CLASS_COUNT];   /* by sites of that class */
    struct amount shares[SHARE_COUNT]; /* in flight */
    struct amount inflight;
    size_t shard_tasks[LANE_SHARDS];
    size_t active;      /* lanes that have tasks */
    size_t event_bytes; /* of any event, about */
    unsigned turn;
    unsigned unproven_turn;
    unsigned read_turn;

    /* while the heads are looked at: which look it is, and where it goes on */
    uint64_t look;
    size_t look_task_at;
    size_t look_lane_at;
    size_t look_site_at;
};

/* scheduler.c */

struct lane *scheduler_lane(struct scheduler *s, uint64_t number,
                            uint32_t shard);
/* Puts the lane into the rings it belongs into now, inside its site. */
void scheduler_place(struct scheduler *s, struct lane *lane);
/* The same, and its site as well. After every change. */
void scheduler_refresh(struct scheduler *s, struct lane *lane);
/* Nothing is known of it any more, and nothing is in memory. */
void scheduler_free_lane(struct scheduler *s, struct lane *lane);
/* How many jobs of this lane may wait in memory. */
size_t scheduler_lane_cap(const struct scheduler *s, const struct lane *lane);
/* How many more jobs of this lane memory takes when so many are planned, the
   lane's cap apart. */
size_t scheduler_room(const struct scheduler *s, const struct lane *lane,
                      size_t planned);

/* scheduler_task.c */

/* The task has ended: what it has brought back is counted until it is
   forgotten, and expected of those that follow in its lane. */
void scheduler_count_answer(struct scheduler *s, struct task *task);

/* A task for a job that is due and not known; NULL if there is no room. */
struct task *scheduler_take(struct scheduler *s, struct lane *lane,
                            const struct job_row *row);
/* Forgets all tasks of the lane that wait, to be read again; its site is to be
   refreshed afterwards. */
void scheduler_drop_waiting(struct scheduler *s, struct lane *lane,
                            struct task_list *dropped);

/* scheduler_site.c */

struct site *scheduler_site(struct scheduler *s, uint64_t lane, uint32_t shard);
void scheduler_ask_setup(struct scheduler *s, struct site *site);
/* Its class, rings and times as they are now. After every change. */
void scheduler_refresh_site(struct scheduler *s, struct site *site);
/* Its lanes are neither run nor read, and nothing of them is kept. */
bool scheduler_is_away(const struct scheduler *s, const struct site *site);
/* Nothing is known of its endpoint any more, and this is worth saving. */
void scheduler_start_anew(struct scheduler *s, struct site *site);
/* Memory that its tasks take, more or less. */
void scheduler_hold(struct scheduler *s, struct site *site, size_t tasks,
                    size_t bytes);
void scheduler_release(struct scheduler *s, struct site *site, size_t tasks,
                       size_t bytes);
/* The class has not used up its share of the memory, ... */
bool scheduler_has_memory(const struct scheduler *s, enum site_class class);
/* ... nor will it have when these have come, for sites of each class. */
bool scheduler_has_memory_for(const struct scheduler *s, enum site_class class,
                              const struct amount planned[CLASS_COUNT]);
/* Forgets all its tasks that wait. */
void scheduler_drop_site(struct scheduler *s, struct site *site);
/* Frees it if it has no lane and nothing that is worth remembering. */
void scheduler_let_go(struct scheduler *s, struct site *site);

/* scheduler_state.c */

/* Its base lane's wait, saved while there was an order, means nothing now: to
   be overwritten. */
void scheduler_disown_block(struct site *site);

/* scheduler_share.c */

enum group scheduler_group(enum site_class class);
/* One more may be begun. */
bool scheduler_share_allows_test(const struct scheduler *s);
bool scheduler_share_allows(const struct scheduler *s, enum group group);
void scheduler_share_begin(struct scheduler *s, struct task *task,
                           int64_t now_us);
void scheduler_share_end(struct scheduler *s, struct task *task);
/* Moves what is 1 s in flight into the shares it belongs into. */
void scheduler_age(struct scheduler *s, int64_t now_us);

/* scheduler_fifo.c */

/* Whether the first waiting job of a FIFO lane may run now. */
bool scheduler_fifo_may_run(const struct scheduler *s, const struct lane *lane);
/* A job is missing before the first that waits. */
bool scheduler_fifo_has_gap(const struct lane *lane);
/* Into the queue, at its place in the order. */
void scheduler_fifo_add(struct lane *lane, struct task *task);
/* Comes before all that wait: it must be let in. */
bool scheduler_fifo_is_first(const struct lane *lane,
                             const struct job_row *row);
/* The row's own wait, as the database has it. True: nothing runs before. */
bool scheduler_fifo_is_blocked(struct lane *lane, const struct job_row *row,
                               const struct scheduler_now *now);

/* scheduler_batch.c */

static inline bool
scheduler_has_batches(const struct site *site)
{
    return site->config.batch_max > 1;
}
/* A lane with batches that could run now, had it enough: takes back what it has
   to wait for, and sees to it that it is woken. */
void scheduler_batch_ripen(struct scheduler *s, struct lane *lane, bool *fresh,
                           bool *retry);
/* Lanes that have waited long enough. */
void scheduler_batch_wake(struct scheduler *s);
/* The task was taken from that queue: takes the rest of its batch as well.
   Returns the first, which the others are the mates of. */
struct task *scheduler_batch_gather(struct scheduler *s, struct lane *lane,
                                    struct task_list *queue, struct task *task);

/* scheduler_expiry.c */

/* The job of that lane is too old. */
bool scheduler_is_expired(const struct scheduler *s, const struct lane *lane,
                          const struct job_row *row);
/* It has failed by that. In no queue. */
void scheduler_expire(struct scheduler *s, struct task *task);
/* The same for those in front of the queue; true if there were any, and the
   lane is to be refreshed. */
bool scheduler_expire_first(struct scheduler *s, struct lane *lane,
                            struct task_list *queue);
/* No later than that it is looked at again. */
void scheduler_expire_in_time(const struct scheduler *s, struct task *task);

/* scheduler_read.c */

/* The lane has a due job at that time (database clock) that we do not have;
   it is to be refreshed afterwards. */
void scheduler_miss(struct lane *lane, int64_t due_us);
void scheduler_due_no_later(struct scheduler *s, struct lane *lane,
                            int64_t at_us);

static inline int64_t
scheduler_to_mono(const struct scheduler_now *now, int64_t database_us)
{
    return now->now_us + (database_us - now->database_us);
}

/* Tells the time. */
static inline void
scheduler_hear(struct scheduler *s, int64_t now_us)
{
    if (now_us > s->now_us)
        s->now_us = now_us;
}

static inline void
scheduler_hear_both(struct scheduler *s, const struct scheduler_now *now)
{
    scheduler_hear(s, now->now_us);
    s->offset_us = now->database_us - now->now_us;
}

#endif /* SCHEDULER_LANE_H */
