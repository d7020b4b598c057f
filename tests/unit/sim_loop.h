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

/* With less left nothing is begun. */
static bool
sim_may_start(const struct sim_worker *w)
{
    return w->finish_until_us == 0 &&
           w->lease.until_us - sim_mono_us(w) >= SIM_S;
}

static void
sim_see_endpoint(struct sim_worker *w, const struct task *task)
{
    uint32_t index = lane_owner_id(task->job.lane) - 1;

    w->seen[index] = task->lane->site->endpoint;
    w->has_seen[index] = true;
}

/* Whoever is in flight does not go. */
static struct sim_job *
sim_job_of(const struct sim_worker *w, const struct task *task)
{
    return map_get(&w->sim->db.jobs, task->job.id);
}

static void
sim_count_flight(struct sim_transfer *transfer, int by)
{
    const struct task *task;

    for (task = transfer->task; task != NULL; task = task->mate)
        sim_job_of(transfer->worker, task)->in_flight += (uint32_t)by;
    if (!transfer->task->job.test)
        transfer->job->lane->in_flight += (uint32_t)by;
}

/* The receiver has said yes to all of it. */
static void
sim_all_delivered(struct sim_transfer *transfer)
{
    const struct task *task;

    for (task = transfer->task; task != NULL; task = task->mate)
        sim_delivered(transfer->worker->sim,
                      sim_job_of(transfer->worker, task));
}

static bool
sim_succeeds(const struct sim_transfer *transfer)
{
    return transfer->code == CURLE_OK && transfer->status == 200;
}

/* The receiver has it, and its answer may never be written down. */
static void
sim_delivered_in_vain(struct sim_transfer *transfer)
{
    const struct task *task;

    for (task = transfer->task; task != NULL; task = task->mate)
        sim_job_of(transfer->worker, task)->excuses++;
    sim_all_delivered(transfer);
}

/* It was cut: the receiver may have got it. */
static void
sim_maybe_delivered(struct sim *sim, struct sim_transfer *transfer)
{
    if (!transfer->arrived && transfer->gone && sim_succeeds(transfer) &&
        sim_chance(&sim->random, 500))
        sim_delivered_in_vain(transfer);
}

/* A test that is answered ends the time of an open breaker. */
static void
sim_see_test(struct sim_worker *w, const struct task *task)
{
    const struct site *site = task->lane->site;
    bool answered = task->job.test && !task->orphan &&
                    task->attempt.outcome.feedback == FEEDBACK_GOOD;

    if (!answered || site->endpoint.breaker != BREAKER_OPEN)
        return;
    if (site->endpoint.open_until_us > sim_mono_us(w))
        sim_broken(w->sim, "a test was answered, but nothing follows it");
    w->anew[lane_owner_id(task->job.lane) - 1] = site->change;
}

static void
sim_end_one(struct sim_worker *w, struct task *task)
{
    sim_job_of(w, task)->references--;
    w->bytes -= task->event_bytes;
    scheduler_end(w->scheduler, task, sim_mono_us(w), sim_u32(&w->sim->random));
    sim_see_test(w, task);
    sim_see_endpoint(w, task);
    task_list_add(&w->finished, task);
}

/* It hands its result to the store thread; all of a batch have the same. */
static void
sim_end_task(struct sim_worker *w, struct sim_transfer *transfer,
             const struct outcome_facts *facts)
{
    struct outcome outcome = outcome_decide(facts);
    struct task_list ended = TASK_LIST_INIT;
    struct task *task;

    if (outcome.kind == OUTCOME_DROPPED)
        sim_maybe_delivered(w->sim, transfer);
    else if (outcome.kind == OUTCOME_SUCCESS && !transfer->arrived)
        sim_all_delivered(transfer);
    if (!transfer->ghost)
        sim_count_flight(transfer, -1);
    if (!transfer->task->job.test)
        w->running[transfer->job->lane->receiver->id - 1]--;
    w->in_flight--;
    for (task = transfer->task; task != NULL; task = task->mate) {
        task->attempt.outcome = outcome;
        task->attempt.ended_us = sim_mono_us(w);
    }
    task_list_add_all(&ended, transfer->task);
    while ((task = task_list_pop(&ended)) != NULL)
        sim_end_one(w, task);
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
    sim_never(w->sim, &transfer->sent);
    sim_not_late(w, &transfer->event);
    sim_not_late(w, &transfer->sent);
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
        transfer->arrived = transfer->gone && sim_succeeds(transfer);
        if (transfer->arrived)
            sim_delivered_in_vain(transfer);
        return;
    }
    sim_end_task(w, transfer, &facts);
    sim_unlink(w, transfer);
    sim_loop(w);
    sim_wake_store(w);
}

/* The request is at the receiver. */
static void
sim_has_left(struct sim_transfer *transfer)
{
    struct sim_worker *w = transfer->worker;

    transfer->gone = true;
    if (transfer->task->job.test)
        return;
    sim_check_rate(w, transfer->job->lane->receiver, transfer->rate);
    if (transfer->task->paced) {
        scheduler_sent(w->scheduler, transfer->task, sim_mono_us(w));
        sim_see_endpoint(w, transfer->task);
    }
}

static void
sim_send(struct sim *sim, void *owner)
{
    struct sim_transfer *transfer = owner;

    (void)sim;
    if (sim_is_late(transfer->worker, &transfer->sent))
        return;
    sim_has_left(transfer);
    sim_loop(transfer->worker);
}

static void
sim_begin_transfer(struct sim_worker *w, struct task *task, struct sim_job *job)
{
    struct sim_transfer *transfer = xcalloc(1, sizeof(*transfer));
    struct sim_answer answer = sim_answer(w->sim, job->lane->receiver);
    int64_t lag_us = 0;

    transfer->worker = w;
    transfer->task = task;
    transfer->job = job;
    transfer->code = answer.code;
    transfer->status = answer.code == CURLE_OK ? answer.status : 0;
    transfer->retry_after_s = answer.retry_after_s;
    transfer->event.fire = sim_end_transfer;
    transfer->event.owner = transfer;
    transfer->rate = w->config[job->lane->receiver->id - 1].rate;
    transfer->sent.fire = sim_send;
    transfer->sent.owner = transfer;
    transfer->next = w->transfers;
    if (w->transfers != NULL)
        w->transfers->prev = transfer;
    w->transfers = transfer;
    sim_count_flight(transfer, 1);
    /* Its host has much to do, or there is no connection yet. */
    if (task->paced && sim_chance(&w->sim->random, 300))
        lag_us = sim_between(&w->sim->random, 0, 400 * SIM_MS);
    sim_at(w->sim, &transfer->event, w->sim->now_us + lag_us + answer.after_us);
    if (lag_us > 0)
        sim_at(w->sim, &transfer->sent, w->sim->now_us + lag_us);
    else
        sim_has_left(transfer);
}

static void
sim_start(struct sim_worker *w, struct task *task)
{
    struct sim_job *job = sim_job_of(w, task);
    struct task *mate;

    w->in_flight++;
    w->sim->totals.starts++;
    if (!task->job.test)
        w->running[lane_owner_id(task->job.lane) - 1]++;
    sim_check_start(w, task, job);
    sim_see_endpoint(w, task);
    for (mate = task; mate != NULL; mate = mate->mate) {
        struct sim_job *other = sim_job_of(w, mate);

        w->bytes += mate->event_bytes;
        other->references++;
        other->starts++;
        w->sim->totals.batched += task->mates > 0;
    }
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
    } else if (sim_may_start(w)) {
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
