/*
 * sim_world.h - what the simulation is made of: time, events, jobs, lanes,
 * receivers, workers, and how it says that something is wrong.
 *
 * There is one true time, in microseconds; the database's clock and each
 * worker's monotonic clock are off by some constant, the database's also
 * drifts. Everything that happens is an event in a heap of times.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "due_heap.h"
#include "lane.h"
#include "map.h"
#include "scheduler.h"
#include "sim_random.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SIM_MS INT64_C(1000)
#define SIM_S INT64_C(1000000)
#define SIM_NEVER INT64_MAX
#define SIM_WORKERS_MAX 3
#define SIM_KEYS_MAX 4
#define SIM_RATE_MAX 64
#define SIM_EVENT_BYTES 1550                   /* on the average */
#define SIM_BEGIN_US (1000 * SIM_S)            /* true time */
#define SIM_EPOCH_US INT64_C(1800000000000000) /* of the database's clock */

struct sim;

struct sim_event {
    struct due due; /* must be first */
    void (*fire)(struct sim *sim, void *owner);
    void *owner;
};

enum sim_job_state { SIM_JOB_COMING, SIM_JOB_LIVE, SIM_JOB_GONE };

struct sim_job {
    struct job_row row; /* as the database has it */
    struct sim_lane *lane;
    enum sim_job_state state;
    bool ordered;        /* its place in a FIFO lane is from the sequence */
    bool cancelled;      /* by a person */
    bool settled;        /* the next in its FIFO lane may start */
    int64_t visible_us;  /* committed; true time */
    int64_t gone_us;     /* archived; true time */
    uint32_t starts;     /* requests */
    uint32_t successes;  /* deliveries */
    uint32_t excuses;    /* reasons for one more delivery */
    uint32_t in_flight;  /* requests, those of stopped workers not counted */
    uint32_t references; /* requests at all */
    uint64_t start;      /* number of its last request */
    struct sim_job *gone_next;
};

struct sim_lane {
    uint64_t number;
    uint32_t shard;
    struct sim_receiver *receiver;
    struct sim_job **jobs; /* visible ones by (due, id), from `first` on */
    size_t first;
    size_t count;
    size_t cap;
    bool locked;        /* by an uncommitted transaction */
    int64_t sequence;   /* lane_state */
    int64_t blocked_us; /* lane_state, database clock */
    uint32_t in_flight; /* as with jobs */
    int64_t crowded_us; /* it got many at once; true time */
};

/* What people have set; workers follow with a delay. */
struct sim_config {
    enum lane_mode mode;
    uint32_t window;
    uint32_t rate;
    bool fifo;
    uint32_t batch_max; /* 0 = no batches */
    int64_t batch_wait_us;
    int64_t ttl_us; /* 0 = no end */
    uint64_t address;
};

enum sim_behaviour {
    SIM_HEALTHY,  /* 5 to 80 ms */
    SIM_SLOW,     /* a second and more */
    SIM_HANGING,  /* until the time-out */
    SIM_DEAD,     /* refuses connections */
    SIM_BUSY,     /* 429 most of the time */
    SIM_FAILING,  /* 500 every third time */
    SIM_PICKY,    /* 404 every fifth time */
    SIM_FLAPPING, /* healthy and dead in turn */
    SIM_BEHAVIOURS
};

struct sim_receiver {
    uint32_t id;
    struct sim_config config;
    bool deleted;
    bool pause_when_exhausted;
    struct retry_policy policy;
    int64_t timeout_us;
    enum sim_behaviour behaviour;
    bool up; /* flapping */
    int64_t flip_us;
    struct sim_lane *lanes[SIM_KEYS_MAX];
    uint32_t lane_count;
    bool has_state;
    struct endpoint_state state; /* lane_state, database clock */
    int64_t answered_us;         /* the last delivery; true time */
    int64_t first_us;            /* the first of those without a long pause */
    int64_t starts_us[SIM_RATE_MAX];
    uint64_t starts;
};

struct sim_transfer {
    struct sim_event event;
    struct sim_worker *worker;
    struct task *task;
    struct sim_job *job;
    CURLcode code;
    long status;
    uint32_t retry_after_s;
    struct sim_event sent; /* the request leaves, and arrives */
    uint32_t rate;         /* the limit under which it was begun */
    bool gone;             /* it has left */
    bool ghost;            /* its worker is stopped */
    bool arrived;          /* the receiver's answer is on its way */
    struct sim_transfer *prev;
    struct sim_transfer *next;
};

enum sim_worker_state { SIM_DOWN, SIM_UP, SIM_STOPPED };

enum sim_stage {
    SIM_STAGE_LEASE,
    SIM_STAGE_TAIL,
    SIM_STAGE_LANES,
    SIM_STAGE_FLUSH,
    SIM_STAGE_HEADS,
    SIM_STAGES
};

struct sim_lease {
    uint64_t tokens[LANE_SHARDS]; /* 0 = not ours */
    bool leaving[LANE_SHARDS];
    int64_t free_since_us[LANE_SHARDS];
    int64_t keep_until_us;
    int64_t next_us;
    int64_t until_us; /* no transfer outlives it */
};

/* Times are its monotonic clock, unless they are in events. */
struct sim_worker {
    struct sim *sim;
    uint32_t number;
    enum sim_worker_state state;
    uint32_t life;         /* grows with every start */
    int64_t clock_off_us;  /* monotonic less true time */
    struct sim_event turn; /* of the store thread, while it waits */
    struct sim_event loop; /* the delivery loop's timer */
    struct sim_event fate; /* dies, is stopped, comes back */
    struct scheduler *scheduler;
    struct sim_config *config; /* of every receiver, as last read */
    uint64_t config_version;
    uint32_t *running;     /* by receiver, tests not counted */
    struct endpoint *seen; /* by receiver: its endpoint after the last change */
    bool *has_seen;
    uint64_t *anew; /* by receiver: the change of state from which on it may be
                       tried before the time that is written; 0 = not */
    size_t tasks;   /* that exist */
    size_t bytes;   /* in flight */
    size_t in_flight;
    struct sim_lease lease;
    struct sim_transfer *transfers;
    struct task_list finished; /* from the loop */
    struct task_list pending;  /* results to be written */
    int64_t pending_since_us;
    struct sim_op *op; /* the statement under way */
    enum sim_stage stage;
    bool hungry;
    bool rang;
    bool tests; /* to be looked for */
    uint64_t tail_id;
    uint64_t resume_id;
    int64_t tail_us;
    int64_t far_us; /* when the tail is read from further back */
    int64_t heads_us;
    uint32_t head_parts; /* of a round */
    uint32_t head_part;  /* the next */
    int64_t away_until_us;
    int64_t finish_until_us; /* asked to end: 0 = not */
    bool dropped;            /* and has dropped what waits */
    struct sim_event **late; /* came while it was stopped */
    size_t late_count;
    size_t late_cap;
};

struct sim_shard {
    uint64_t token;
    int64_t until_us; /* database clock */
    uint32_t worker;
};

struct sim_db {
    struct map jobs;       /* by id */
    struct map lanes;      /* by number */
    struct sim_job **tail; /* visible jobs by id; gone ones among them */
    size_t tail_count;
    size_t tail_cap;
    size_t tail_gone;
    size_t live;
    struct sim_job *gone_first; /* archived; kept for a while */
    struct sim_job *gone_last;
    struct sim_shard shards[LANE_SHARDS];
    int64_t node_until_us[SIM_WORKERS_MAX];
    uint64_t config_version;
    uint64_t next_token;
    int64_t clock_off_us;
    int64_t drift_ppm;
    int64_t away_until_us; /* true time: no statement gets through */
};

/* What a seed decides at the beginning. Means of times are 0 for never. */
struct sim_plan {
    const char *name;
    uint64_t seed;
    int64_t seconds;
    uint32_t workers;
    uint32_t receivers;
    uint32_t weights[SIM_BEHAVIOURS];
    uint32_t busy; /* the first ones: healthy, and much is sent to them */
    uint32_t fifo_per_mille;
    uint32_t rate_per_mille;
    uint32_t batch_per_mille;
    uint32_t ttl_per_mille;
    struct scheduler_limits limits;
    int64_t timeout_us;
    int64_t lease_us;
    int64_t heads_us;
    int64_t statement_us; /* how long one takes */
    int64_t flush_us;
    size_t flush_rows;
    int64_t arrival_us;      /* between transactions */
    uint32_t test_per_mille; /* of jobs */
    int64_t late_us;         /* some transactions commit so much later */
    uint32_t burst_per_mille;
    uint32_t burst;
    size_t backlog_max; /* live jobs: nothing new above it */
    int64_t crash_us;
    int64_t stop_us;
    int64_t outage_us;
    int64_t people_us;
    uint32_t fault_per_mille; /* of statements */
    bool calm;             /* one worker, nothing breaks: waits are bounded */
    int64_t turn_us;       /* calm: those that hang are healthy before */
    int64_t turn_wait_us;  /* calm: of a busy one's job after that */
    int64_t wait_us;       /* calm: of a healthy one's job, at the most */
    int64_t first_wait_us; /* the same, before it has answered at all */
};

struct sim_totals {
    uint64_t steps;
    uint64_t jobs;
    uint64_t starts;
    uint64_t delivered;
    uint64_t expired;
    uint64_t batched; /* jobs that went with others */
    uint64_t repeated;
    uint64_t failed;
    uint64_t cancelled;
    uint64_t crashes;
    uint64_t losses;
    uint64_t opened; /* breakers */
    uint64_t checks;
    int64_t us;             /* simulated */
    int64_t worst_wait_us;  /* of a healthy receiver's job in a calm plan */
    int64_t worst_first_us; /* the same, before it has answered at all */
};

struct sim {
    struct sim_plan plan;
    struct sim_random random;
    int64_t now_us;
    struct due_heap events;
    struct sim_db db;
    struct sim_receiver *receivers;
    struct sim_worker workers[SIM_WORKERS_MAX];
    struct sim_event traffic;
    struct sim_event people;
    struct sim_event outage;
    uint64_t host_ids[2]; /* the last id each host made */
    int64_t longest_us;   /* that a statement was on its way to the database */
    bool draining;        /* nothing new, nothing breaks, all recover */
    struct sim_totals totals;
};

static inline void
sim_at(struct sim *sim, struct sim_event *event, int64_t at_us)
{
    due_set(&sim->events, &event->due,
            at_us < sim->now_us ? sim->now_us : at_us);
}

static inline void
sim_never(struct sim *sim, struct sim_event *event)
{
    due_remove(&sim->events, &event->due);
}

static inline int64_t
sim_db_us(const struct sim *sim)
{
    return SIM_EPOCH_US + sim->db.clock_off_us + sim->now_us +
           sim->now_us / 1000000 * sim->db.drift_ppm;
}

static inline int64_t
sim_mono_us(const struct sim_worker *worker)
{
    return worker->sim->now_us + worker->clock_off_us;
}

/* From the worker's clock to true time. */
static inline int64_t
sim_true_us(const struct sim_worker *worker, int64_t mono_us)
{
    return mono_us == SIM_NEVER ? SIM_NEVER : mono_us - worker->clock_off_us;
}

static inline void
sim_print_replay(const struct sim_plan *plan)
{
    fprintf(stderr,
            "replay: test_simulation --seed %" PRIu64 " --seconds %" PRId64
            "\n",
            plan->seed, plan->seconds);
}

/* An invariant does not hold: says so, how to see it again, and ends. */
static inline void __attribute__((format(printf, 2, 3), noreturn))
sim_broken(const struct sim *sim, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "\nseed %" PRIu64 " (%s) at %.6f s: ", sim->plan.seed,
            sim->plan.name, (double)sim->now_us / SIM_S);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    sim_print_replay(&sim->plan);
    exit(EXIT_FAILURE);
}

#endif /* SIM_WORLD_H */
