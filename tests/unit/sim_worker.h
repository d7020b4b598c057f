/*
 * sim_worker.h - the life of a simulated worker: its store thread does one
 * thing after the other as worker/store_loop.c does; it dies, is stopped with
 * everything in its hands, goes on, ends in good order, and starts again.
 */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H

#include "sim_read.h"

#define SIM_TAIL_GAP_US (2 * SIM_MS)
#define SIM_TAIL_BUSY_US (50 * SIM_MS)
#define SIM_GRACE_US (10 * SIM_S)
#define SIM_REST_US (500 * SIM_MS)

/* --- the store thread -------------------------------------------------------------- */

static void
sim_execute(struct sim *sim, struct sim_op *op)
{
    op->now.database_us = sim_db_us(sim);
    op->config_version = sim->db.config_version;
    switch (op->kind) {
    case SIM_OP_RENEW:
        sim_execute_renew(sim, op);
        break;
    case SIM_OP_TAKE:
        sim_execute_take(sim, op);
        break;
    case SIM_OP_RELEASE:
        sim_execute_release(sim, op);
        break;
    case SIM_OP_TAIL:
    case SIM_OP_TESTS:
        sim_select_tail(&sim->db, op->after_id, op->limit,
                        op->kind == SIM_OP_TESTS, &op->page);
        break;
    case SIM_OP_LANES:
        sim_execute_lanes(sim, op);
        break;
    case SIM_OP_FLUSH:
        sim_execute_flush(sim, op);
        break;
    case SIM_OP_HEADS:
        sim_execute_heads(sim, op);
        break;
    case SIM_OP_LOAD:
        break;
    }
}

static void
sim_answered(struct sim_worker *w, struct sim_op *op)
{
    if (op->result == SIM_AGAIN || op->result == SIM_UNKNOWN)
        w->away_until_us = sim_mono_us(w) + SIM_REST_US;
    switch (op->kind) {
    case SIM_OP_RENEW:
        sim_answer_renew(w, op);
        break;
    case SIM_OP_TAKE:
        sim_answer_take(w, op);
        break;
    case SIM_OP_RELEASE:
        sim_answer_release(w, op);
        break;
    case SIM_OP_TAIL:
        sim_answer_tail(w, op);
        break;
    case SIM_OP_TESTS:
        sim_answer_tests(w, op);
        break;
    case SIM_OP_LANES:
        sim_answer_lanes(w, op);
        break;
    case SIM_OP_FLUSH:
        sim_answer_flush(w, op);
        break;
    case SIM_OP_HEADS:
        sim_answer_heads(w, op);
        break;
    case SIM_OP_LOAD:
        sim_answer_load(w, op);
        break;
    }
    sim_free_dropped(w);
}

static int64_t
sim_tail_due(const struct sim_worker *w)
{
    if (sim_shard_count(w) == 0)
        return SIM_NEVER;
    if (w->rang)
        return w->tail_us + SIM_TAIL_GAP_US;
    return w->tasks > 0 ? w->tail_us + SIM_TAIL_BUSY_US : SIM_NEVER;
}

/* True if a statement has been sent. */
static bool
sim_do(struct sim_worker *w, enum sim_stage stage)
{
    int64_t now_us = sim_mono_us(w);
    bool runs = w->finish_until_us == 0;

    switch (stage) {
    case SIM_STAGE_LEASE:
        if (now_us >= w->lease.next_us)
            sim_keep_lease(w);
        break;
    case SIM_STAGE_TAIL:
        if (runs && w->tests)
            sim_begin_tests(w);
        else if (runs && now_us >= sim_tail_due(w))
            sim_begin_tail(w);
        break;
    case SIM_STAGE_LANES:
        if (runs)
            (void)sim_begin_lanes(w);
        break;
    case SIM_STAGE_FLUSH:
        sim_collect(w);
        if (now_us >= sim_flush_due(w))
            (void)sim_begin_flush(w);
        break;
    case SIM_STAGE_HEADS:
        if (runs && sim_shard_count(w) > 0 && now_us >= w->heads_us)
            sim_begin_heads(w);
        break;
    case SIM_STAGES:
        break;
    }
    return w->op != NULL;
}

/* First it stops waiting for what flies, then for the database. */
static int64_t
sim_finish_due(const struct sim_worker *w)
{
    return sim_mono_us(w) < w->finish_until_us
               ? w->finish_until_us
               : w->finish_until_us + SIM_GRACE_US;
}

static int64_t
sim_next_turn(const struct sim_worker *w)
{
    int64_t until_us = w->lease.next_us, due_us[4];
    size_t i;

    due_us[0] = sim_flush_due(w);
    due_us[1] = sim_tail_due(w);
    due_us[2] = sim_shard_count(w) > 0 ? w->heads_us : SIM_NEVER;
    due_us[3] = scheduler_next_due(w->scheduler);
    for (i = 0; i < (w->finish_until_us == 0 ? 4 : 1); i++) {
        if (due_us[i] < until_us)
            until_us = due_us[i];
    }
    if (w->finish_until_us != 0 && sim_finish_due(w) < until_us)
        until_us = sim_finish_due(w);
    return until_us > w->away_until_us ? until_us : w->away_until_us;
}

static void sim_finish(struct sim_worker *w);

static void
sim_turn(struct sim_worker *w)
{
    int i;

    if (w->state != SIM_UP || w->op != NULL)
        return;
    if (w->finish_until_us != 0) {
        sim_finish(w);
        if (w->state != SIM_UP)
            return;
    }
    for (i = 0; i < SIM_STAGES && sim_mono_us(w) >= w->away_until_us; i++) {
        w->stage = (w->stage + 1) % SIM_STAGES;
        if (sim_do(w, w->stage))
            return;
    }
    sim_collect(w);
    sim_free_dropped(w);
    sim_at(w->sim, &w->turn, sim_true_us(w, sim_next_turn(w)));
}

static void
sim_turn_timer(struct sim *sim, void *owner)
{
    struct sim_worker *w = owner;

    (void)sim;
    if (sim_is_late(w, &w->turn))
        return;
    sim_turn(w);
    sim_loop(w);
}

static void
sim_wake_store(struct sim_worker *w)
{
    if (w->state == SIM_UP && w->op == NULL)
        sim_turn(w);
}

static void
sim_worker_ring(struct sim_worker *w)
{
    if (w->state == SIM_DOWN)
        return;
    w->rang = true;
    sim_wake_store(w);
}

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

static void
sim_excuse(struct sim_worker *w, const struct task *task)
{
    struct sim_job *job = map_get(&w->sim->db.jobs, task->job.id);

    if (job != NULL)
        job->excuses++;
}

/* Results that it holds may be had again by others. */
static void
sim_excuse_results(struct sim_worker *w)
{
    const struct task *task;
    size_t i;

    for (task = w->finished.head; task != NULL; task = task->next)
        sim_excuse(w, task);
    for (task = w->pending.head; task != NULL; task = task->next)
        sim_excuse(w, task);
    for (i = 0; w->op != NULL && i < w->op->task_count; i++)
        sim_excuse(w, w->op->tasks[i]);
}

static void
sim_stop(struct sim_worker *w)
{
    struct sim_transfer *transfer;

    sim_excuse_results(w);
    for (transfer = w->transfers; transfer != NULL; transfer = transfer->next) {
        sim_excuse(w, transfer->task);
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
    sim_excuse_results(w);
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
