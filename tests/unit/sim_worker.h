/*
 * sim_worker.h - the life of a simulated worker: it dies, is stopped with
 * everything in its hands, goes on, ends in good order, and starts again.
 */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H

#include "sim_store.h"

/* --- stopped: nothing is done until it goes on ---------------------------------------- */

static bool
sim_is_late(struct sim_worker *w, struct sim_event *event)
{
    if (w->state != SIM_STOPPED)
        return false;
    if (w->late_count == w->late_cap) {
        w->late_cap = w->late_cap == 0 ? 16 : w->late_cap * 2;
        w->late =
            xreallocarray(w->late, w->late_cap, sizeof(struct sim_event *));
    }
    w->late[w->late_count++] = event;
    return true;
}

#define SIM_EVERY_SHARD LANE_SHARDS

/* Only what was delivered can be delivered once more. */
static void
sim_excuse(struct sim_worker *w, const struct task *task, uint32_t shard)
{
    struct sim_job *job = map_get(&w->sim->db.jobs, task->job.id);

    if (job != NULL && task->attempt.outcome.kind == OUTCOME_SUCCESS &&
        (shard == SIM_EVERY_SHARD || shard == task->job.shard))
        job->excuses++;
}

/* Results that it holds may be had again by others. */
static void
sim_excuse_results_of(struct sim_worker *w, uint32_t shard)
{
    const struct task *task;
    size_t i;

    for (task = w->finished.head; task != NULL; task = task->next)
        sim_excuse(w, task, shard);
    for (task = w->pending.head; task != NULL; task = task->next)
        sim_excuse(w, task, shard);
    for (i = 0; w->op != NULL && i < w->op->task_count; i++)
        sim_excuse(w, w->op->tasks[i], shard);
}

static void
sim_stop(struct sim_worker *w)
{
    struct sim_transfer *transfer;

    sim_excuse_results_of(w, SIM_EVERY_SHARD);
    for (transfer = w->transfers; transfer != NULL; transfer = transfer->next) {
        sim_count_flight(transfer, -1);
        transfer->ghost = true;
    }
    w->state = SIM_STOPPED;
}

static void
sim_wake_ghosts(struct sim_worker *w)
{
    struct sim_transfer *transfer;

    for (transfer = w->transfers; transfer != NULL; transfer = transfer->next) {
        sim_count_flight(transfer, 1);
        transfer->ghost = false;
    }
}

/* The loop looks at its lease first. */
static void
sim_go_on(struct sim_worker *w)
{
    size_t i;

    w->state = SIM_UP;
    if (sim_is_leased(w))
        sim_wake_ghosts(w);
    else
        sim_cut(w, false);
    for (i = 0; i < w->late_count; i++)
        sim_at(w->sim, w->late[i], w->sim->now_us);
    w->late_count = 0;
    sim_at(w->sim, &w->loop, w->sim->now_us);
    sim_at(w->sim, &w->turn, w->sim->now_us);
}

/* --- birth and death ------------------------------------------------------------------- */

static void
sim_worker_start(struct sim_worker *w)
{
    struct sim *sim = w->sim;
    uint32_t receivers = sim->plan.receivers;

    w->life++;
    w->state = SIM_UP;
    w->clock_off_us = sim_between(&sim->random, 0, 1000000 * SIM_S);
    memset(&w->lease, 0, sizeof(w->lease));
    memset(w->running, 0, receivers * sizeof(*w->running));
    memset(w->has_seen, 0, receivers * sizeof(*w->has_seen));
    sim_copy_config(w);
    memset(w->anew, 0, receivers * sizeof(*w->anew));
    w->scheduler = scheduler_new(&sim->plan.limits, sim_setup_lane, w);
    w->tail_id = w->resume_id = 0;
    w->tail_us = w->far_us = w->heads_us = w->away_until_us =
        w->finish_until_us = 0;
    w->head_part = 0;
    w->hungry = w->rang = w->tests = w->dropped = false;
    sim_at(sim, &w->turn, sim->now_us);
}

/* The simulation's memory, not the worker's doing. */
static void
sim_bury(struct sim_worker *w)
{
    struct task_list rest = TASK_LIST_INIT;
    struct task *task;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        sim_leave_shard(w, i, true);
    task_list_append(&rest, &w->finished);
    task_list_append(&rest, &w->pending);
    for (i = 0; w->op != NULL && i < w->op->task_count; i++)
        task_list_add(&rest, w->op->tasks[i]);
    while ((task = task_list_pop(&rest)) != NULL) {
        scheduler_forget(w->scheduler, task);
        w->tasks--;
        free(task);
    }
    sim_free_dropped(w);
    if (w->tasks != 0 || w->in_flight != 0)
        sim_broken(w->sim, "%zu tasks are left behind", w->tasks);
    scheduler_free(w->scheduler);
    w->scheduler = NULL;
}

/* The statement under way may still be executed; its answer goes nowhere. */
static void
sim_orphan_op(struct sim_worker *w)
{
    if (w->op == NULL)
        return;
    if (w->op->event.due.place == 0) { /* answered while it was stopped */
        sim_op_free(w->op);
    } else if (w->op->event.fire == sim_op_execute &&
               sim_chance(&w->sim->random, 500)) {
        sim_never(w->sim, &w->op->event);
        sim_op_free(w->op);
    }
    w->op = NULL;
}

static void
sim_worker_die(struct sim_worker *w)
{
    sim_excuse_results_of(w, SIM_EVERY_SHARD);
    sim_cut(w, false);
    w->state = SIM_DOWN;
    w->late_count = 0;
    sim_bury(w);
    sim_orphan_op(w);
    sim_never(w->sim, &w->turn);
    sim_never(w->sim, &w->loop);
    w->sim->totals.crashes++;
}

/* Asked to end: what waits is left to others, what flies may end. */
static void
sim_drop_waiting(struct sim_worker *w)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        sim_leave_shard(w, i, false);
    w->dropped = true;
}

static void
sim_finish(struct sim_worker *w)
{
    struct sim_op *op;

    if (!w->dropped)
        sim_drop_waiting(w);
    if (sim_mono_us(w) >= w->finish_until_us)
        sim_cut(w, false);
    sim_collect(w);
    if (w->tasks > 0 && sim_mono_us(w) < w->finish_until_us + SIM_GRACE_US)
        return;
    if (w->tasks > 0) { /* the database is away: as if it had died */
        sim_worker_die(w);
        return;
    }
    op = sim_op_new(w, SIM_OP_RELEASE);
    memcpy(op->tokens, w->lease.tokens, sizeof(op->tokens));
    memset(op->chosen, true, sizeof(op->chosen));
    sim_op_send(w, op);
    w->op = NULL; /* it does not wait for the answer */
    w->state = SIM_DOWN;
    sim_bury(w);
    sim_never(w->sim, &w->turn);
    sim_never(w->sim, &w->loop);
}

/* --- fate ---------------------------------------------------------------------------------- */

static int64_t
sim_fate_after(struct sim *sim, const struct sim_worker *w)
{
    if (w->state == SIM_UP)
        return sim_about(&sim->random, sim->plan.crash_us);
    return sim_about(&sim->random, sim_chance(&sim->random, 500)
                                       ? sim->plan.lease_us * 2
                                       : SIM_S);
}

static void
sim_fate(struct sim *sim, void *owner)
{
    struct sim_worker *w = owner;
    const struct sim_plan *plan = &sim->plan;
    int64_t next_us = 0;

    if (w->state == SIM_DOWN) {
        sim_worker_start(w);
    } else if (w->state == SIM_STOPPED) {
        sim_go_on(w);
    } else if (plan->calm || (sim->draining && w->finish_until_us == 0)) {
        return;
    } else if (sim->draining) {
        /* it is about to end, and is to start again */
    } else if (plan->stop_us > 0 && sim_chance(&sim->random, 400)) {
        sim_stop(w);
    } else if (sim_chance(&sim->random, 500)) {
        sim_worker_die(w);
    } else if (w->finish_until_us == 0) {
        w->finish_until_us = sim_mono_us(w) + SIM_GRACE_US;
        sim_wake_store(w);
    }
    if (!sim->draining)
        next_us = sim_fate_after(sim, w);
    else if (w->finish_until_us != 0)
        next_us = SIM_S;
    if (w->state != SIM_UP || next_us > 0)
        sim_at(sim, &w->fate, sim->now_us + next_us);
}

static void
sim_worker_init(struct sim *sim, uint32_t number)
{
    struct sim_worker *w = &sim->workers[number];
    uint32_t receivers = sim->plan.receivers;

    w->sim = sim;
    w->number = number;
    w->config = xcalloc(receivers, sizeof(*w->config));
    w->running = xcalloc(receivers, sizeof(*w->running));
    w->seen = xcalloc(receivers, sizeof(*w->seen));
    w->has_seen = xcalloc(receivers, sizeof(*w->has_seen));
    w->anew = xcalloc(receivers, sizeof(*w->anew));
    w->turn = (struct sim_event){.fire = sim_turn_timer, .owner = w};
    w->loop = (struct sim_event){.fire = sim_loop_timer, .owner = w};
    w->fate = (struct sim_event){.fire = sim_fate, .owner = w};
    sim_at(sim, &w->fate, sim->now_us + sim_below(&sim->random, 1000000));
}

static void
sim_worker_free(struct sim_worker *w)
{
    if (w->state == SIM_STOPPED)
        sim_go_on(w);
    if (w->state == SIM_UP)
        sim_worker_die(w);
    sim_never(w->sim, &w->fate);
    free(w->config);
    free(w->running);
    free(w->seen);
    free(w->has_seen);
    free(w->anew);
    free(w->late);
}

#endif /* SIM_WORKER_H */
