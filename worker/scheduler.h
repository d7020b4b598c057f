/*
 * scheduler.h - which job runs next, and which lane is read next.
 *
 * Holds the jobs that are in memory (few per lane) and what is known about
 * those that are not: whether a lane has more in the database, and when its
 * next job becomes due. Pure: no I/O, no clock, no locks (see desk.h).
 *
 *   - lanes take turns; a lane runs at most its window
 *   - fresh jobs go before retries, but every tenth turn is the retries'
 *   - tests go first: somebody waits for them
 *   - a held lane (paused, disabled) is neither run nor read
 *   - a job is known from the moment it is offered until it is forgotten, and
 *     a known job is never taken twice
 *
 * "Database clock" are microseconds UTC as MariaDB says; times named now_us
 * are monotonic.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include "store_job.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lane_mode {
    LANE_REMOTE, /* its jobs run in the delivery loop */
    LANE_LOCAL,  /* its jobs are done by the store thread */
    LANE_HELD    /* waits for a person; tests run all the same */
};

struct lane_config {
    enum lane_mode mode;
    uint32_t window; /* jobs of the lane that run at the same time; > 0 */
};

struct scheduler_limits {
    uint32_t slots;       /* jobs that run at the same time */
    uint32_t lane_window; /* the usual window */
    size_t tasks;         /* jobs in memory */
    size_t bytes;         /* events in memory; 0 = they do not matter */
    size_t event_bytes;   /* what an event may have, before any is known */
};

struct scheduler;

/* setup is asked for a lane's configuration when the lane appears, and again
   by scheduler_reconfigure(). */
struct scheduler *scheduler_new(const struct scheduler_limits *limits,
                                void (*setup)(void *arg, uint64_t lane,
                                              struct lane_config *out),
                                void *arg);
/* Frees its lanes; tasks belong to the caller and must all be forgotten. */
void scheduler_free(struct scheduler *s);

/* --- running --------------------------------------------------------- */

/* The next job for the delivery loop, now running; NULL if none may run. */
struct task *scheduler_next(struct scheduler *s);
/* The same for the store thread. */
struct task *scheduler_next_local(struct scheduler *s);
/* It does not run any more; its result is to be committed. */
void scheduler_end(struct scheduler *s, struct task *task);

/* --- what becomes of tasks -------------------------------------------- */

/* The event has been read: the task waits for its turn. */
void scheduler_ready(struct scheduler *s, struct task *task);
/* Unknown from now on; the caller frees it. Not for running tasks. */
void scheduler_forget(struct scheduler *s, struct task *task);
/* Forgets it and has the lane read again: the job is still to be done. */
void scheduler_put_back(struct scheduler *s, struct task *task);
/* The job will be due again at that time: to be said before forgetting it. */
void scheduler_expect(struct scheduler *s, struct task *task, int64_t at_us);
/* Makes a task known that was made by other means than an offer. */
struct task *scheduler_adopt(struct scheduler *s, const struct job_row *row);

/* --- reading ------------------------------------------------------------ */

/* What the two clocks said when a page was read. */
struct scheduler_now {
    int64_t database_us;
    int64_t now_us;
};

/* A job from the tail: a new task (loading), or NULL if it is known, not due,
   held, or has no room; in the last case its lane will be read. */
struct task *scheduler_offer(struct scheduler *s, const struct job_row *row,
                             const struct scheduler_now *now);

/* Which lanes to read: each answer is offered by scheduler_offer_read(), then
   the read is ended (failed: nothing was learned). */
size_t scheduler_plan_reads(struct scheduler *s, struct lane_read *reads,
                            size_t max);
struct task *scheduler_offer_read(struct scheduler *s,
                                  const struct job_row *row,
                                  const struct scheduler_now *now);
void scheduler_end_read(struct scheduler *s, const struct lane_read *read,
                        const struct scheduler_now *now, bool failed);

/* The head of every lane, as the database has them: heals what was missed,
   and drops lanes that have nothing. */
void scheduler_begin_heads(struct scheduler *s);
void scheduler_head(struct scheduler *s, const struct lane_head *head,
                    const struct scheduler_now *now);
void scheduler_end_heads(struct scheduler *s);

/* --- time and configuration --------------------------------------------- */

/* Lanes whose next job has become due are to be read. */
void scheduler_tick(struct scheduler *s, int64_t now_us);
/* When the next job becomes due; INT64_MAX if none is known. */
int64_t scheduler_next_due(const struct scheduler *s);

/* Asks setup for every lane again. Tasks that waited in a lane that is now
   held are forgotten and added to dropped, for the caller to free. */
void scheduler_reconfigure(struct scheduler *s, struct task_list *dropped);

/* The shard is not ours any more, or will not be: waiting tasks are forgotten
   and added to dropped; lost: what runs or has a result becomes an orphan. */
void scheduler_leave_shard(struct scheduler *s, uint32_t shard, bool lost,
                           struct task_list *dropped);
/* Jobs of the shard in memory. */
size_t scheduler_shard_tasks(const struct scheduler *s, uint32_t shard);

struct scheduler_counts {
    size_t tasks;   /* in memory */
    size_t running; /* in the delivery loop */
    size_t lanes;
    size_t hungry; /* lanes that are to be read */
    size_t local;  /* lanes with jobs for the store thread */
};
struct scheduler_counts scheduler_counts(const struct scheduler *s);

#endif /* SCHEDULER_H */
