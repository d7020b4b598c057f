/*
 * sim_op.h - statements of a simulated worker: sent, executed a while later,
 * answered after another while. They fail, their answers get lost, and they are
 * executed although whoever sent them is dead.
 */
#ifndef SIM_OP_H
#define SIM_OP_H

#include "sim_loop.h"

enum sim_op_kind {
    SIM_OP_RENEW,
    SIM_OP_TAKE,
    SIM_OP_RELEASE,
    SIM_OP_TAIL,
    SIM_OP_TESTS,
    SIM_OP_LANES,
    SIM_OP_LOAD, /* of events */
    SIM_OP_FLUSH,
    SIM_OP_HEADS
};

enum sim_op_result {
    SIM_OK,
    SIM_AGAIN,   /* nothing was done */
    SIM_UNKNOWN, /* a COMMIT without an answer */
    SIM_NONE     /* a lease is lost */
};

/* What is written for a task. */
struct sim_write {
    struct job_row job; /* as it was read */
    struct outcome outcome;
    int64_t age_us; /* since the attempt ended */
    bool live;
    bool pauses; /* FIFO: it was the last attempt, and the lane is to wait */
};

struct sim_op {
    struct sim_event event;
    struct sim_worker *worker;
    uint32_t life; /* the worker's, when it was sent */
    enum sim_op_kind kind;
    enum sim_op_result result;
    struct scheduler_now now;
    int64_t sent_us;         /* true time */
    uint64_t config_version; /* at that time */

    bool chosen[LANE_SHARDS];
    uint32_t head_parts, head_part;
    uint64_t tokens[LANE_SHARDS];
    struct sim_shard shards[LANE_SHARDS]; /* as seen */
    bool held[LANE_SHARDS];
    uint32_t workers;
    uint64_t token; /* of those to be taken */

    uint64_t after_id;
    size_t limit;
    struct lane_read reads[STORE_LANES_MAX];
    size_t read_count;
    struct sim_page page;
    struct lane_head *heads;
    size_t head_count;

    struct task **tasks; /* being loaded or written */
    size_t task_count;
    struct sim_write *writes;
    struct lane_save *saves;
    size_t save_count;

    struct lane_save *states; /* of endpoints in the shards taken */
    size_t state_count;
};

static void sim_execute(struct sim *sim, struct sim_op *op);
static void sim_answered(struct sim_worker *w, struct sim_op *op);

static struct sim_op *
sim_op_new(struct sim_worker *w, enum sim_op_kind kind)
{
    struct sim_op *op = xcalloc(1, sizeof(*op));

    op->worker = w;
    op->life = w->life;
    op->kind = kind;
    op->event.owner = op;
    return op;
}

static void
sim_op_free(struct sim_op *op)
{
    free(op->page.rows);
    free(op->heads);
    free(op->tasks);
    free(op->writes);
    free(op->saves);
    free(op->states);
    free(op);
}

static void
sim_op_answer(struct sim *sim, void *owner)
{
    struct sim_op *op = owner;
    struct sim_worker *w = op->worker;

    (void)sim;
    if (op->life != w->life || w->state == SIM_DOWN) {
        sim_op_free(op);
        return;
    }
    if (sim_is_late(w, &op->event))
        return;
    w->op = NULL;
    sim_answered(w, op);
    sim_op_free(op);
    sim_loop(w);
    sim_wake_store(w);
}

static bool
sim_goes_wrong(struct sim *sim)
{
    return sim->now_us < sim->db.away_until_us ||
           (!sim->draining &&
            sim_chance(&sim->random, sim->plan.fault_per_mille));
}

static void
sim_op_execute(struct sim *sim, void *owner)
{
    struct sim_op *op = owner;
    bool wrong = sim_goes_wrong(sim);
    bool commit = op->kind == SIM_OP_FLUSH;

    if (sim->now_us - op->sent_us > sim->longest_us)
        sim->longest_us = sim->now_us - op->sent_us;
    op->result = SIM_OK;
    if (!wrong || (commit && sim_chance(&sim->random, 400)))
        sim_execute(sim, op);
    else
        op->result = SIM_AGAIN;
    if (wrong && commit && op->result != SIM_NONE &&
        (op->result == SIM_OK || sim_chance(&sim->random, 500)))
        op->result = SIM_UNKNOWN;
    op->event.fire = sim_op_answer;
    sim_at(sim, &op->event,
           sim->now_us + sim_about(&sim->random, sim->plan.statement_us));
}

static int64_t
sim_op_delay(struct sim *sim)
{
    int64_t us = sim_about(&sim->random, sim->plan.statement_us);

    if (sim->now_us < sim->db.away_until_us && sim_chance(&sim->random, 300))
        us += sim_about(&sim->random, SIM_S);
    return us;
}

/* The clock that is remembered is that of before it was sent. */
static void
sim_op_send(struct sim_worker *w, struct sim_op *op)
{
    op->now.now_us = sim_mono_us(w);
    op->sent_us = w->sim->now_us;
    op->event.fire = sim_op_execute;
    w->op = op;
    sim_at(w->sim, &op->event, w->sim->now_us + sim_op_delay(w->sim));
}

#endif /* SIM_OP_H */
