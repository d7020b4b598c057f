/*
 * sim_store.h - the store thread of a simulated worker: one thing after the
 * other, by the rules of worker/store/store_turn.c.
 */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "sim_read.h"

#define SIM_TAIL_GAP_US (2 * SIM_MS)
#define SIM_TAIL_BUSY_US (50 * SIM_MS)
#define SIM_REST_US (500 * SIM_MS)
#define SIM_GRACE_US (10 * SIM_S)

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

#endif /* SIM_STORE_H */
