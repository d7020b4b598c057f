/*
 * scheduler.h - which job runs next, and which lane is read next.
 *
 * Holds the jobs that are in memory (few per lane) and what is known about
 * those that are not: whether a lane has more in the database, and when its
 * next job becomes due. Pure: no I/O, no clock, no locks (see desk.h).
 *
 *   - tests go first, in spite of everything: somebody waits for them; they
 *     have a tenth of the slots, beside all other shares
 *   - receivers take turns, and so do the lanes of one receiver; what a
 *     receiver may have in flight, and when, is its endpoint's (endpoint.h)
 *   - fresh jobs go before retries, but every tenth start is a retry's
 *   - a FIFO lane runs one job at a time, in the order of (due, id)
 *   - where jobs are to be sent in batches, a lane waits until there are enough
 *     of them, in number or bytes, or the first has waited as long as it may;
 *     all in a batch have had the same number of attempts; to everybody else it
 *     is one job: one slot, one start, one answer
 *   - a job that is too old when its turn comes has failed, and takes no turn
 *   - a held lane (paused, disabled) is neither run nor read
 *   - the lanes of an endpoint whose breaker is open are neither run nor read,
 *     and hold no memory; a retry or a probe more costs no attempt
 *   - a job is known from the moment it is offered until it is forgotten, and
 *     a known job is never taken twice
 *
 * Those who may be slow must not take all slots. Receivers are
 *
 *   proven    a good answer lately and no failure since
 *   slow      proven, but their last answer took 1 s, or one under way does
 *   new       no good answer lately, and no failure either
 *   failing   the last answer was a failure
 *
 * New and failing ones run one at a time each and have a quarter of the slots
 * together, slow ones 30 %. A transfer to a new or failing one that is 1 s in
 * flight moves to the share of the slow as far as there is room, but leaves
 * half of it to the proven; so those that hang until their time-out make room
 * for others that may not. A free slot of the quarter goes to new ones three
 * times out of four, and there to the longest and the latest in wait in turn:
 * who comes after thousands that hang does not stand behind them. The classes
 * take turns as well (proven every other time), so none waits for ever. The
 * same shares hold for the bytes in flight and for what waits in memory.
 *
 * Where many that were proven begin to hang at once, their transfers take all
 * slots. As soon as slow ones have half of them, only those count as proven
 * that have answered since these were begun, or 2 s before; the others have to
 * prove it anew, one at a time; who waits for a slot meanwhile cannot answer,
 * and counts as proven until its turn if it has answered since 2 s before it
 * began to wait. So in most cases this lasts for one time-out, not for one after
 * the other.
 *
 * Every call costs O(1), or O(log lanes) where times are involved; what is
 * proportional to the number of lanes says so.
 *
 * "Database clock" are microseconds UTC as MariaDB says; times named now_us
 * are monotonic. The two are tied together whenever a struct scheduler_now is
 * handed in.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include "endpoint.h"
#include "store_job.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULER_SLOW_US INT64_C(1000000)  /* in flight: slow from now on */
#define SCHEDULER_SAVE_US INT64_C(30000000) /* between unhurried saves */

enum lane_mode {
    LANE_REMOTE, /* its jobs run in the delivery loop */
    LANE_LOCAL,  /* its jobs are done by the store thread */
    LANE_HELD    /* waits for a person; tests run all the same */
};

/* The same for all lanes of one base (lane_base()). */
struct lane_config {
    enum lane_mode mode;
    uint32_t window; /* jobs that run at the same time; > 0 */
    uint32_t rate;   /* jobs begun per second; 0 = no limit */
    bool fifo;
    uint32_t batch_max;    /* jobs in one request; 0 or 1 = each has its own */
    int64_t batch_wait_us; /* so long the first waits for others */
    size_t batch_bytes;    /* of their events, about; 0 = they do not matter */
    int64_t ttl_us;        /* from when a job first became due; 0 = no end */
    uint64_t receiver; /* another value: another one, and all that was known of
                          the one before does not count */
};

struct scheduler_limits {
    uint32_t slots;            /* jobs that run at the same time */
    uint32_t lane_window;      /* the usual window */
    size_t tasks;              /* jobs in memory */
    size_t bytes;              /* events in memory; 0 = they do not matter */
    size_t event_bytes;        /* what an event may have, before any is known */
    size_t inflight_bytes;     /* bodies in flight; nothing is begun while they
                                  are as many or more; 0 = they do not matter */
    uint32_t breaker_failures; /* see endpoint.h */
    int64_t breaker_open_us;
    int64_t breaker_max_us;
};

struct scheduler;

/* What the two clocks said when a page was read. */
struct scheduler_now {
    int64_t database_us;
    int64_t now_us;
};

/* setup is asked for the configuration of a base lane when its first lane
   appears, and again by scheduler_reconfigure(). */
struct scheduler *scheduler_new(const struct scheduler_limits *limits,
                                void (*setup)(void *arg, uint64_t lane,
                                              struct lane_config *out),
                                void *arg);
/* Frees its lanes; tasks belong to the caller and must all be forgotten. */
void scheduler_free(struct scheduler *s);

/* --- running --------------------------------------------------------- */

/* The next job for the delivery loop, now running, as its mates are; NULL if
   none may run. */
struct task *scheduler_next(struct scheduler *s, int64_t now_us);
/* When to ask again although nothing has ended or come meanwhile: a limit of
   rate, a breaker or a share gives way. INT64_MAX = no such time. */
int64_t scheduler_next_start(const struct scheduler *s);
/* What was begun is on its way now: to be told of tasks that are `paced`. */
void scheduler_sent(struct scheduler *s, struct task *task, int64_t now_us);
/* A job for the store thread, which nothing limits. */
struct task *scheduler_next_local(struct scheduler *s);

/*
 * It does not run any more; its result, in task->attempt, is to be committed.
 * Of the outcome the kind, the feedback and asked_us matter here: a FIFO lane
 * goes on at once after OUTCOME_SUCCESS, otherwise when the task is forgotten.
 * Nothing is learned from orphans, and from tests only that an endpoint whose
 * breaker is open answers: its probe is due then. Mates are ended one by one,
 * after the first, whose outcome tells about the endpoint. A retry is never
 * later than the time when the job is too old: wait_us is made shorter.
 */
void scheduler_end(struct scheduler *s, struct task *task, int64_t now_us,
                   uint32_t random);

/* --- what becomes of tasks -------------------------------------------- */

/* The event has been read: the task waits for its turn. */
void scheduler_ready(struct scheduler *s, struct task *task);
/* Unknown from now on; the caller frees it. Not for running tasks. */
void scheduler_forget(struct scheduler *s, struct task *task);
/* Others of its FIFO lane are in memory, and may run when it is forgotten: the
   delivery loop is to be told. */
bool scheduler_is_waited_for(const struct task *task);
/* Forgets it and has the lane read again: the job is still to be done. */
void scheduler_put_back(struct scheduler *s, struct task *task);
/* The job is about to be done by other means: if it waits in memory it is
   forgotten as by scheduler_put_back(), and the caller frees what is returned.
   *busy: it runs, or has a result. NULL also for a job that is not known. Not
   while tasks are loading. */
struct task *scheduler_withdraw(struct scheduler *s, uint64_t id, bool *busy);
/* The job will be due again at that time: to be said before forgetting it. A
   FIFO lane waits until then, for that job. */
void scheduler_expect(struct scheduler *s, struct task *task, int64_t at_us);
/* Makes a task known that was made by other means than an offer; NULL if it
   has to be read (FIFO lanes: always). */
struct task *scheduler_adopt(struct scheduler *s, const struct job_row *row);

/* Tasks that were too old are added to the list: done, failed as "expired", to
   be committed like all others. */
void scheduler_take_expired(struct scheduler *s, struct task_list *done);

/* Tasks that were forgotten because memory is needed for others, or because a
   breaker has opened, are added to the list, for the caller to free: from time
   to time, and before scheduler_free(). Their jobs will be read again. */
void scheduler_take_dropped(struct scheduler *s, struct task_list *dropped);

/* --- reading ------------------------------------------------------------ */

/* A job from the tail: a new task (loading), or NULL if it is known, not due,
   held, of a FIFO lane, or has no room; where it is due and can be had, its
   lane will be read. */
struct task *scheduler_offer(struct scheduler *s, const struct job_row *row,
                             const struct scheduler_now *now);

/* Which lanes to read: each answer is offered by scheduler_offer_read(), in
   the order of (due, id), then the read is ended (failed: nothing was
   learned). Rows of FIFO lanes bring lane_state.blocked_until along. */
size_t scheduler_plan_reads(struct scheduler *s, struct lane_read *reads,
                            size_t max);
struct task *scheduler_offer_read(struct scheduler *s,
                                  const struct job_row *row,
                                  const struct scheduler_now *now);
void scheduler_end_read(struct scheduler *s, const struct lane_read *read,
                        const struct scheduler_now *now, bool failed);

/* The head of every lane of some shards, as the database has them: heals what
   was missed, and drops lanes of these shards that have nothing. O(all lanes +
   tasks) altogether: the begin and the end do a piece at each call, true = call
   it again. Meanwhile jobs may be taken and ended, but nothing is offered, read,
   adopted or forgotten. */
bool scheduler_begin_heads(struct scheduler *s);
void scheduler_head(struct scheduler *s, const struct lane_head *head,
                    const struct scheduler_now *now);
bool scheduler_end_heads(struct scheduler *s, const bool shards[LANE_SHARDS]);

/* FIFO lanes that wait for the next attempt of their first job, at most max of
   them; where there are more, the next call goes on with those. O(max), and
   what has stopped waiting since the last call. */
size_t scheduler_blocked(struct scheduler *s, uint64_t *lanes, size_t max);
/* The database says that this one does not wait any more. */
void scheduler_unblock(struct scheduler *s, uint64_t lane);

/* --- time and configuration --------------------------------------------- */

/* Lanes whose next job has become due are to be read, endpoints whose time has
   come may start. */
void scheduler_tick(struct scheduler *s, int64_t now_us);
/* When a job becomes due, or an endpoint may be read; INT64_MAX if no such
   time is known. */
int64_t scheduler_next_due(const struct scheduler *s);

/* Asks setup for everything again: O(lanes). Tasks that waited in a lane that
   is now held are forgotten and added to dropped, for the caller to free. */
void scheduler_reconfigure(struct scheduler *s, struct task_list *dropped);

/* --- shards, and what survives a restart --------------------------------- */

/* The shard is ours from now on. What its endpoints were is forgotten; it is
   to be told by scheduler_load(), before any job of the shard is offered. */
void scheduler_take_shard(struct scheduler *s, uint32_t shard, int64_t now_us);
/* lane: a base lane. */
void scheduler_load(struct scheduler *s, uint64_t lane,
                    const struct endpoint_state *state,
                    const struct scheduler_now *now);

/* The shard is not ours any more, or will not be: waiting tasks are forgotten
   and added to dropped; lost: what runs or has a result becomes an orphan.
   O(lanes + tasks). */
void scheduler_leave_shard(struct scheduler *s, uint32_t shard, bool lost,
                           struct task_list *dropped);
/* Jobs of the shard in memory. */
size_t scheduler_shard_tasks(const struct scheduler *s, uint32_t shard);

/* An endpoint's state on its way to the database. */
struct lane_save {
    uint64_t lane;   /* the base lane */
    uint64_t change; /* which state it is */
    bool fifo;       /* blocked_until belongs to the order of the lane */
    struct endpoint_state state;
};

/* Whether the state of the endpoint behind that lane is to be written now:
   breaker and failing changes at once, anything else after 30 s. The same
   answer is given until scheduler_saved() says that it has been committed. */
bool scheduler_save(const struct scheduler *s, uint64_t lane, int64_t now_us,
                    struct lane_save *save);
/* At the end: what is not saved yet, urgent or not, at most max of them. *at: 0
   at first, then where the next call goes on; nothing may change meanwhile. */
size_t scheduler_save_rest(const struct scheduler *s, size_t *at,
                           int64_t now_us, struct lane_save *saves, size_t max);
void scheduler_saved(struct scheduler *s, const struct lane_save *save,
                     int64_t now_us);

/* Has the breaker of the lane's endpoint opened, and not closed since? */
bool scheduler_is_open(const struct scheduler *s, uint64_t lane);

/* For how long every answer of the lane's endpoint has been a failure, by the
   database's clock; 0 if the last was not, or there were fewer than five. */
int64_t scheduler_failing_us(const struct scheduler *s, uint64_t lane,
                             int64_t now_us);

struct scheduler_counts {
    size_t tasks;    /* in memory */
    size_t running;  /* in the delivery loop */
    size_t unproven; /* of them to new and failing ones, for less than 1 s */
    size_t aged;     /* the same, for longer */
    size_t slow;     /* to slow ones */
    size_t bytes;    /* of bodies in flight */
    size_t lanes;
    size_t hungry; /* endpoints with lanes to be read */
    size_t local;  /* owners of jobs for the store thread */
    size_t away;   /* endpoints left alone: breaker, Retry-After */
};
struct scheduler_counts scheduler_counts(const struct scheduler *s);

#endif /* SCHEDULER_H */
