/*
 * sim_flush.h - results of a simulated worker on their way into the database,
 * by the rules of worker/store/flush.c and batch.c: fenced, only jobs that are still
 * there with the attempts they were read with, endpoints in the same
 * transaction.
 */
#ifndef SIM_FLUSH_H
#define SIM_FLUSH_H

#include "sim_lease.h"

/* --- executed ------------------------------------------------------------------- */

static bool
sim_is_fenced(const struct sim *sim, const struct sim_op *op)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (op->chosen[i] && sim->db.shards[i].token != op->tokens[i])
            return false;
    }
    return true;
}

static void
sim_check_end(struct sim *sim, const struct sim_job *job,
              const struct sim_write *write)
{
    const struct retry_policy *policy = &job->lane->receiver->policy;

    if (write->outcome.kind == OUTCOME_SUCCESS) {
        if (job->successes == 0)
            sim_broken(sim, "job %" PRIu64 " is archived, never delivered",
                       job->row.id);
        return;
    }
    if (write->outcome.kind == OUTCOME_CANCELLED) {
        sim->totals.cancelled++;
        return;
    }
    if (sim_says_expired(&write->outcome)) {
        if (!sim_is_expired(sim, job, SIM_SLACK_US))
            sim_broken(sim, "job %" PRIu64 " is called too old, and is not",
                       job->row.id);
        sim->totals.expired++;
        return;
    }
    if (write->outcome.kind == OUTCOME_FAILED && !job->row.test &&
        job->row.attempts < policy->retries)
        sim_broken(sim, "job %" PRIu64 " failed for good after %u attempts",
                   job->row.id, job->row.attempts + 1);
    sim->totals.failed++;
}

/* The gateway pauses it; the job stays at the head of its lane. */
static void
sim_pause(struct sim *sim, struct sim_job *job)
{
    job->row.attempts++;
    if (!sim->draining) /* where it is resumed at once */
        job->lane->receiver->config.mode = LANE_HELD;
    sim->db.config_version++;
}

static void
sim_write_one(struct sim *sim, struct sim_write *write)
{
    struct sim_job *job = map_get(&sim->db.jobs, write->job.id);
    int64_t retry_us = sim_db_us(sim) - write->age_us + write->outcome.wait_us;

    write->live = job != NULL && job->state == SIM_JOB_LIVE &&
                  job->row.attempts == write->job.attempts;
    if (!write->live)
        return;
    if (write->pauses) {
        sim_pause(sim, job);
    } else if (write->outcome.kind != OUTCOME_RETRY) {
        sim_check_end(sim, job, write);
        sim_job_archive(sim, job);
    } else if (job->lane->receiver->config.fifo) {
        job->row.attempts++;
        job->lane->blocked_us = retry_us;
    } else {
        if (sim_is_for_later(job))
            job->row.first_due_us = job->row.due_us;
        job->row.attempts++;
        sim_job_postpone(sim, job, retry_us);
    }
}

static void
sim_write_state(struct sim *sim, const struct sim_op *op,
                const struct lane_save *save)
{
    uint32_t index = lane_owner_id(save->lane) - 1;
    struct sim_receiver *receiver = &sim->receivers[index];

    sim->totals.opened += save->state.breaker == BREAKER_OPEN &&
                          receiver->state.breaker != BREAKER_OPEN;
    receiver->state = save->state;
    if (save->fifo)
        receiver->state.blocked_until_wall_us = 0;
    receiver->has_state = true;
    if (op->life == op->worker->life && save->change >= op->worker->anew[index])
        op->worker->anew[index] = 0;
}

static void
sim_execute_flush(struct sim *sim, struct sim_op *op)
{
    size_t i;

    if (!sim_is_fenced(sim, op)) {
        op->result = SIM_NONE;
        return;
    }
    for (i = 0; i < op->task_count; i++)
        sim_write_one(sim, &op->writes[i]);
    for (i = 0; i < op->save_count; i++)
        sim_write_state(sim, op, &op->saves[i]);
}

/* --- composed ------------------------------------------------------------------- */

static void
sim_put_back(struct sim_worker *w, struct task *task)
{
    if (task->orphan && !sim_owns(w, task->job.shard))
        scheduler_forget(w->scheduler, task);
    else
        scheduler_put_back(w->scheduler, task);
    w->tasks--;
    free(task);
}

static void
sim_collect(struct sim_worker *w)
{
    bool was_empty = w->pending.count == 0;
    struct task *task;

    scheduler_take_expired(w->scheduler, &w->finished);
    while ((task = task_list_pop(&w->finished)) != NULL) {
        if (task->orphan || task->attempt.outcome.kind == OUTCOME_DROPPED)
            sim_put_back(w, task);
        else
            task_list_add(&w->pending, task);
    }
    if (was_empty && w->pending.count > 0)
        w->pending_since_us = sim_mono_us(w);
}

static int64_t
sim_flush_due(const struct sim_worker *w)
{
    if (scheduler_counts(w->scheduler).local > 0 ||
        w->pending.count >= w->sim->plan.flush_rows)
        return 0;
    return w->pending.count > 0 ? w->pending_since_us + w->sim->plan.flush_us
                                : SIM_NEVER;
}

/* What is left of a deleted subscription is cancelled. */
static void
sim_take_local(struct sim_worker *w, struct sim_op *op)
{
    struct task *task;

    while (op->task_count < w->sim->plan.flush_rows &&
           (task = scheduler_next_local(w->scheduler)) != NULL) {
        task->attempt = (struct attempt){
            .outcome = {.kind = OUTCOME_CANCELLED},
            .ended_us = sim_mono_us(w),
        };
        scheduler_end(w->scheduler, task, sim_mono_us(w), 0);
        op->tasks[op->task_count++] = task;
    }
}

static void
sim_take_pending(struct sim_worker *w, struct sim_op *op)
{
    struct task *task;

    while (op->task_count < w->sim->plan.flush_rows &&
           (task = task_list_pop(&w->pending)) != NULL) {
        if (task->orphan)
            sim_put_back(w, task);
        else
            op->tasks[op->task_count++] = task;
    }
}

static void
sim_add_save(struct sim_worker *w, struct sim_op *op, const struct task *task)
{
    uint64_t base = lane_base(task->job.lane);
    size_t i;

    for (i = 0; i < op->save_count; i++) {
        if (op->saves[i].lane == base)
            return;
    }
    if (scheduler_save(w->scheduler, task->job.lane, sim_mono_us(w),
                       &op->saves[op->save_count]))
        op->save_count++;
}

static bool
sim_saves(const struct sim_op *op, uint64_t base)
{
    size_t i;

    for (i = 0; i < op->save_count && op->saves[i].lane != base; i++)
        continue;
    return i < op->save_count;
}

/* Whoever comes next must know: that a breaker has opened or closed is written
   with the result that did it. */
static void
sim_check_saves(const struct sim_worker *w, const struct sim_op *op,
                const struct task *task)
{
    uint64_t base = lane_base(task->job.lane);
    uint32_t index = lane_owner_id(base) - 1;
    const struct sim_receiver *receiver = &w->sim->receivers[index];
    bool known =
        receiver->has_state && receiver->state.breaker != BREAKER_CLOSED;
    bool open = w->seen[index].breaker != BREAKER_CLOSED;

    if (w->has_seen[index] && w->anew[index] == 0 && !task->job.test &&
        open != known && !sim_saves(op, base))
        sim_broken(w->sim,
                   "receiver %u: its breaker is %s, and nobody writes it",
                   index + 1, open ? "open" : "closed");
}

static struct sim_write
sim_write_of(const struct sim_worker *w, const struct task *task)
{
    const struct sim_receiver *receiver =
        &w->sim->receivers[lane_owner_id(task->job.lane) - 1];

    return (struct sim_write){
        .job = task->job,
        .outcome = task->attempt.outcome,
        .age_us = sim_mono_us(w) - task->attempt.ended_us,
        .pauses = task->attempt.outcome.kind == OUTCOME_FAILED &&
                  receiver->config.fifo && receiver->pause_when_exhausted &&
                  !task->job.test && !sim_says_expired(&task->attempt.outcome),
    };
}

static void
sim_send_writes(struct sim_worker *w, struct sim_op *op)
{
    size_t i;

    op->writes = xcalloc(op->task_count, sizeof(*op->writes));
    op->saves = xcalloc(op->task_count, sizeof(*op->saves));
    op->save_count = 0;
    for (i = 0; i < op->task_count; i++) {
        const struct task *task = op->tasks[i];

        op->writes[i] = sim_write_of(w, task);
        op->chosen[task->job.shard] = true;
        op->tokens[task->job.shard] = w->lease.tokens[task->job.shard];
        sim_add_save(w, op, task);
        sim_check_saves(w, op, task);
    }
    sim_op_send(w, op);
}

/* False: there is nothing to be written. */
static bool
sim_begin_flush(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_FLUSH);

    op->tasks = xcalloc(w->sim->plan.flush_rows, sizeof(struct task *));
    sim_take_local(w, op);
    sim_take_pending(w, op);
    if (op->task_count == 0) {
        sim_op_free(op);
        return false;
    }
    sim_send_writes(w, op);
    return true;
}

/* --- answered ------------------------------------------------------------------- */

static void sim_refresh_config(struct sim_worker *w, uint64_t version);

static void
sim_settle_one(struct sim_worker *w, struct task *task,
               const struct sim_write *write)
{
    bool retry = write->outcome.kind == OUTCOME_RETRY;

    if (retry && write->live)
        scheduler_expect(w->scheduler, task,
                         task->attempt.ended_us + write->outcome.wait_us);
    if (write->pauses || (retry && !write->live))
        scheduler_put_back(w->scheduler, task);
    else
        scheduler_forget(w->scheduler, task);
    w->tasks--;
    free(task);
}

static void
sim_settle(struct sim_worker *w, const struct sim_op *op)
{
    bool paused = false;
    size_t i;

    for (i = 0; i < op->save_count; i++)
        scheduler_saved(w->scheduler, &op->saves[i], sim_mono_us(w));
    for (i = 0; i < op->task_count; i++)
        paused = paused || op->writes[i].pauses;
    /* Before the lane goes on. */
    if (paused)
        sim_refresh_config(w, w->sim->db.config_version);
    for (i = 0; i < op->task_count; i++) {
        sim_settle_one(w, op->tasks[i], &op->writes[i]);
    }
}

/* They wait again, before all others; whether they were written is asked when
   they are written again. */
static void
sim_keep(struct sim_worker *w, const struct sim_op *op)
{
    struct task_list rest = TASK_LIST_INIT;
    size_t i;

    for (i = 0; i < op->task_count; i++)
        task_list_add(&rest, op->tasks[i]);
    task_list_append(&rest, &w->pending);
    w->pending = rest;
    w->pending_since_us = sim_mono_us(w);
    if (op->result == SIM_NONE)
        w->lease.next_us = 0; /* finds out what is lost */
}

static void
sim_answer_flush(struct sim_worker *w, const struct sim_op *op)
{
    if (op->result == SIM_OK)
        sim_settle(w, op);
    else
        sim_keep(w, op);
}

#endif /* SIM_FLUSH_H */
