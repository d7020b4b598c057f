/*
 * sim_loop.h - the delivery loop of a simulated worker: starts what the
 * scheduler gives out, and cuts everything when the lease runs out. The outcome
 * is decided by the real worker/send/outcome.c.
 */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include "sim_check.h"

static bool
sim_is_leased(const struct sim_worker *w)
{
    return sim_mono_us(w) < w->lease.until_us;
}

static void
sim_see_endpoint(struct sim_worker *w, const struct task *task)
{
    uint32_t index = lane_owner_id(task->job.lane) - 1;

    w->seen[index] = task->lane->site->endpoint;
    w->has_seen[index] = true;
}

static void
sim_count_flight(struct sim_transfer *transfer, int by)
{
    transfer->job->in_flight += (uint32_t)by;
    if (!transfer->task->job.test)
        transfer->job->lane->in_flight += (uint32_t)by;
}

static bool
sim_succeeds(const struct sim_transfer *transfer)
{
    return transfer->code == CURLE_OK && transfer->status == 200;
}

/* It was cut: the receiver may have got it. */
static void
sim_maybe_delivered(struct sim *sim, struct sim_transfer *transfer)
{
    if (transfer->ghost)
        return; /* was thought of when its worker was stopped */
    transfer->job->excuses++;
    if (sim_succeeds(transfer) && sim_chance(&sim->random, 500))
        sim_delivered(sim, transfer->job);
}

/* It hands its result to the store thread. */
static void
sim_end_task(struct sim_worker *w, struct sim_transfer *transfer,
             const struct outcome_facts *facts)
{
    struct task *task = transfer->task;
    struct sim_job *job = transfer->job;

    task->attempt.outcome = outcome_decide(facts);
    task->attempt.ended_us = sim_mono_us(w);
    if (task->attempt.outcome.kind == OUTCOME_DROPPED)
        sim_maybe_delivered(w->sim, transfer);
    else if (task->attempt.outcome.kind == OUTCOME_SUCCESS &&
             !transfer->arrived)
        sim_delivered(w->sim, job);
    if (!transfer->ghost)
        sim_count_flight(transfer, -1);
    job->references--;
    if (!task->job.test)
        w->running[job->lane->receiver->id - 1]--;
    w->bytes -= task->event_bytes;
    w->in_flight--;
    scheduler_end(w->scheduler, task, sim_mono_us(w), sim_u32(&w->sim->random));
    sim_see_endpoint(w, task);
    task_list_add(&w->finished, task);
}

static void
sim_not_late(struct sim_worker *w, const struct sim_event *event)
{
    size_t i, kept = 0;

    for (i = 0; i < w->late_count; i++) {
        if (w->late[i] != event)
            w->late[kept++] = w->late[i];
    }
    w->late_count = kept;
}

static void
sim_unlink(struct sim_worker *w, struct sim_transfer *transfer)
{
    sim_never(w->sim, &transfer->event);
    sim_not_late(w, &transfer->event);
    if (transfer->prev == NULL)
        w->transfers = transfer->next;
    else
        transfer->prev->next = transfer->next;
    if (transfer->next != NULL)
        transfer->next->prev = transfer->prev;
    free(transfer);
}

/* All, or those of orphans only. */
static void
sim_cut(struct sim_worker *w, bool orphans_only)
{
    struct sim_transfer *transfer, *next;

    for (transfer = w->transfers; transfer != NULL; transfer = next) {
        const struct outcome_facts facts = {.obstacle = OBSTACLE_CUT,
                                            .attempt = 1};

        next = transfer->next;
        if (orphans_only && !transfer->task->orphan)
            continue;
        sim_end_task(w, transfer, &facts);
        sim_unlink(w, transfer);
    }
}

static void sim_wake_store(struct sim_worker *w);
static void sim_loop(struct sim_worker *w);
static bool sim_is_late(struct sim_worker *w, struct sim_event *event);

static void
sim_end_transfer(struct sim *sim, void *owner)
{
    struct sim_transfer *transfer = owner;
    struct sim_worker *w = transfer->worker;
    const struct sim_receiver *receiver = transfer->job->lane->receiver;
    const struct outcome_facts facts = {
        .code = transfer->code,
        .status = transfer->status,
        .retry_after_s = transfer->retry_after_s,
        .attempt = transfer->task->job.attempts + 1,
        .test = transfer->task->job.test,
        .policy = receiver->policy,
        .random = sim_u32(&sim->random),
    };

    if (sim_is_late(w, &transfer->event)) {
        /* The receiver has it all the same. */
        transfer->arrived = sim_succeeds(transfer);
        if (transfer->arrived)
            sim_delivered(sim, transfer->job);
        return;
    }
    sim_end_task(w, transfer, &facts);
    sim_unlink(w, transfer);
    sim_loop(w);
    sim_wake_store(w);
}

static void
sim_begin_transfer(struct sim_worker *w, struct task *task, struct sim_job *job)
{
    struct sim_transfer *transfer = xcalloc(1, sizeof(*transfer));
    struct sim_answer answer = sim_answer(w->sim, job->lane->receiver);

    transfer->worker = w;
    transfer->task = task;
    transfer->job = job;
    transfer->code = answer.code;
    transfer->status = answer.code == CURLE_OK ? answer.status : 0;
    transfer->retry_after_s = answer.retry_after_s;
    transfer->event.fire = sim_end_transfer;
    transfer->event.owner = transfer;
    transfer->next = w->transfers;
    if (w->transfers != NULL)
        w->transfers->prev = transfer;
    w->transfers = transfer;
    sim_count_flight(transfer, 1);
    sim_at(w->sim, &transfer->event, w->sim->now_us + answer.after_us);
}

static void
sim_start(struct sim_worker *w, struct task *task)
{
    struct sim_job *job = map_get(&w->sim->db.jobs, task->job.id);

    w->in_flight++;
    w->bytes += task->event_bytes;
    if (!task->job.test)
        w->running[lane_owner_id(task->job.lane) - 1]++;
    sim_check_start(w, task, job);
    sim_see_endpoint(w, task);
    job->references++;
    job->starts++;
    w->sim->totals.starts++;
    sim_begin_transfer(w, task, job);
}

/* Its turn: after everything that may have changed something. */
static void
sim_loop(struct sim_worker *w)
{
    int64_t next_us = SIM_NEVER;
    struct task *task;

    if (w->state != SIM_UP)
        return;
    if (!sim_is_leased(w)) {
        sim_cut(w, false);
    } else if (w->finish_until_us == 0) {
        while ((task = scheduler_next(w->scheduler, sim_mono_us(w))) != NULL)
            sim_start(w, task);
        next_us = scheduler_next_start(w->scheduler);
        if (next_us <= sim_mono_us(w))
            sim_broken(w->sim, "may start now, but does not");
    }
    if (w->transfers != NULL && w->lease.until_us < next_us)
        next_us = w->lease.until_us;
    if (next_us == SIM_NEVER)
        sim_never(w->sim, &w->loop);
    else
        sim_at(w->sim, &w->loop, sim_true_us(w, next_us));
}

static void
sim_loop_timer(struct sim *sim, void *owner)
{
    struct sim_worker *w = owner;

    (void)sim;
    if (sim_is_late(w, &w->loop))
        return;
    sim_loop(w);
    sim_wake_store(w);
}

#endif /* SIM_LOOP_H */
