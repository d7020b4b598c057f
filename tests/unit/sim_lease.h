/*
 * sim_lease.h - shards of a simulated worker, by the rules of worker/store/lease.c:
 * takes its share, renews, gives back what is too much, notices what was lost.
 */
#ifndef SIM_LEASE_H
#define SIM_LEASE_H

#include "sim_op.h"

#define SIM_NODE_US (15 * SIM_S)
#define SIM_ABANDONED_US (3 * SIM_S)
#define SIM_HURRY_US SIM_S
#define SIM_CALM_US (SIM_NODE_US / 3)
#define SIM_MARGIN_US (250 * SIM_MS)

static bool
sim_owns(const struct sim_worker *w, uint32_t shard)
{
    return w->lease.tokens[shard] != 0 && !w->lease.leaving[shard];
}

static size_t
sim_shard_count(const struct sim_worker *w)
{
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        n += sim_owns(w, i);
    return n;
}

static void
sim_free_tasks(struct sim_worker *w, struct task_list *list)
{
    struct task *task;

    while ((task = task_list_pop(list)) != NULL) {
        w->tasks--;
        free(task);
    }
}

static void
sim_free_dropped(struct sim_worker *w)
{
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_take_dropped(w->scheduler, &dropped);
    sim_free_tasks(w, &dropped);
}

static void
sim_leave_shard(struct sim_worker *w, uint32_t shard, bool lost)
{
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_leave_shard(w->scheduler, shard, lost, &dropped);
    sim_free_tasks(w, &dropped);
}

/* --- executed ------------------------------------------------------------------ */

static void
sim_see_shards(struct sim *sim, struct sim_op *op)
{
    int64_t now_us = sim_db_us(sim);
    uint32_t i, k;

    op->workers = 0;
    for (i = 0; i < sim->plan.workers; i++) {
        bool alive = sim->db.node_until_us[i] > now_us;

        for (k = 0; k < LANE_SHARDS; k++) {
            if (sim->db.shards[k].worker == i && sim->db.shards[k].token != 0 &&
                sim->db.shards[k].until_us <= now_us)
                alive = false;
        }
        op->workers += alive;
    }
    if (op->workers == 0)
        op->workers = 1;
    for (i = 0; i < LANE_SHARDS; i++) {
        op->shards[i] = sim->db.shards[i];
        op->held[i] = sim->db.shards[i].until_us > now_us;
    }
}

static void
sim_execute_renew(struct sim *sim, struct sim_op *op)
{
    uint32_t i;

    sim->db.node_until_us[op->worker->number] = sim_db_us(sim) + SIM_NODE_US;
    for (i = 0; i < LANE_SHARDS; i++) {
        if (op->tokens[i] != 0 && sim->db.shards[i].token == op->tokens[i])
            sim->db.shards[i].until_us = sim_db_us(sim) + sim->plan.lease_us;
    }
    sim_see_shards(sim, op);
}

static void sim_excuse_results_of(struct sim_worker *w, uint32_t shard);

/* Whoever has lost the shard may not store results any more. */
static void
sim_excuse_loser(struct sim *sim, const struct sim_shard *shard)
{
    struct sim_worker *loser = &sim->workers[shard->worker];

    if (shard->token != 0 && loser->state == SIM_UP)
        sim_excuse_results_of(loser, (uint32_t)(shard - sim->db.shards));
}

/* And reads what is known about the endpoints. */
static void
sim_execute_take(struct sim *sim, struct sim_op *op)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (!op->chosen[i] || sim->db.shards[i].until_us > sim_db_us(sim))
            continue;
        sim_excuse_loser(sim, &sim->db.shards[i]);
        sim->db.shards[i] = (struct sim_shard){
            .token = op->token,
            .until_us = sim_db_us(sim) + sim->plan.lease_us,
            .worker = op->worker->number,
        };
    }
    sim_see_shards(sim, op);
    op->states = xcalloc(sim->plan.receivers, sizeof(*op->states));
    for (i = 0; i < sim->plan.receivers; i++) {
        const struct sim_receiver *receiver = &sim->receivers[i];

        if (receiver->has_state &&
            op->shards[receiver->lanes[0]->shard].token == op->token)
            op->states[op->state_count++] = (struct lane_save){
                .lane = lane_number(LANE_SUBSCRIPTION, receiver->id),
                .state = receiver->state,
            };
    }
}

static void
sim_execute_release(struct sim *sim, const struct sim_op *op)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        struct sim_shard *shard = &sim->db.shards[i];

        if (op->chosen[i] && shard->token == op->tokens[i]) {
            shard->token = 0;
            shard->until_us = sim_db_us(sim);
        }
    }
}

/* --- answered ------------------------------------------------------------------- */

static void
sim_notice_losses(struct sim_worker *w, const struct sim_op *op)
{
    bool lost = false;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (w->lease.tokens[i] == 0 ||
            op->shards[i].token == w->lease.tokens[i])
            continue;
        w->lease.tokens[i] = 0;
        w->lease.leaving[i] = false;
        sim_leave_shard(w, i, true);
        lost = true;
    }
    if (!lost)
        return;
    w->sim->totals.losses++;
    sim_cut(w, true);
}

static bool
sim_watch_free(struct sim_worker *w, const struct sim_op *op)
{
    bool some = false;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (op->held[i] || w->lease.tokens[i] != 0) {
            w->lease.free_since_us[i] = 0;
            continue;
        }
        some = true;
        if (w->lease.free_since_us[i] == 0)
            w->lease.free_since_us[i] = sim_mono_us(w);
    }
    return some;
}

/* True if the statement has been sent. */
static bool
sim_take(struct sim_worker *w, const struct sim_op *seen, size_t want)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_TAKE);
    int64_t now_us = sim_mono_us(w);
    size_t found = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        int64_t since_us = w->lease.free_since_us[i];
        bool abandoned = since_us != 0 && now_us - since_us >= SIM_ABANDONED_US;

        op->chosen[i] = since_us != 0 && (found < want || abandoned);
        found += op->chosen[i];
        if (op->chosen[i] && (found > want || seen->shards[i].token != 0))
            w->lease.keep_until_us = now_us + SIM_NODE_US;
    }
    if (found == 0) {
        sim_op_free(op);
        return false;
    }
    op->token = ++w->sim->db.next_token;
    sim_op_send(w, op);
    return true;
}

static void
sim_share(struct sim_worker *w, size_t surplus)
{
    uint32_t i;

    for (i = LANE_SHARDS; i-- > 0 && surplus > 0;) {
        if (!sim_owns(w, i))
            continue;
        w->lease.leaving[i] = true;
        sim_leave_shard(w, i, false);
        surplus--;
    }
}

static void
sim_hand_over(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_RELEASE);
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        op->tokens[i] = w->lease.tokens[i];
        op->chosen[i] =
            w->lease.leaving[i] && scheduler_shard_tasks(w->scheduler, i) == 0;
        n += op->chosen[i];
    }
    if (n > 0)
        sim_op_send(w, op);
    else
        sim_op_free(op);
}

static void
sim_answer_renew(struct sim_worker *w, const struct sim_op *op)
{
    struct sim_lease *lease = &w->lease;
    int64_t calm_us = w->sim->plan.lease_us / 3;
    size_t fair, count;
    bool some_free, sent = false, leaving = false;
    uint32_t i;

    lease->next_us = op->now.now_us + SIM_HURRY_US;
    if (op->result != SIM_OK)
        return;
    sim_notice_losses(w, op);
    lease->next_us =
        op->now.now_us + (calm_us < SIM_CALM_US ? calm_us : SIM_CALM_US);
    lease->until_us = op->now.now_us + w->sim->plan.lease_us - SIM_MARGIN_US;
    fair = (LANE_SHARDS + op->workers - 1) / op->workers;
    count = sim_shard_count(w);
    some_free = sim_watch_free(w, op);
    if (w->finish_until_us == 0 && some_free)
        sent = sim_take(w, op, count < fair ? fair - count : 0);
    else if (w->finish_until_us == 0 && count > fair &&
             sim_mono_us(w) >= lease->keep_until_us)
        sim_share(w, count - fair);
    for (i = 0; i < LANE_SHARDS; i++)
        leaving = leaving || lease->leaving[i];
    if (some_free || leaving || sim_shard_count(w) * 2 < fair)
        lease->next_us = sim_mono_us(w) + SIM_HURRY_US;
    if (!sent && leaving)
        sim_hand_over(w);
}

static void
sim_answer_take(struct sim_worker *w, const struct sim_op *op)
{
    uint32_t i;
    size_t n;

    if (op->result != SIM_OK)
        return;
    for (i = 0; i < LANE_SHARDS; i++) {
        if (op->shards[i].token != op->token)
            continue;
        w->lease.tokens[i] = op->token;
        w->lease.leaving[i] = false;
        scheduler_take_shard(w->scheduler, i, sim_mono_us(w));
        w->heads_us = 0; /* what waits there is not known yet */
        w->head_part = 0;
        w->tests = true;
    }
    for (n = 0; n < w->sim->plan.receivers; n++) {
        if (op->shards[w->sim->receivers[n].lanes[0]->shard].token == op->token)
            w->has_seen[n] = false;
    }
    for (n = 0; n < op->state_count; n++)
        scheduler_load(w->scheduler, op->states[n].lane, &op->states[n].state,
                       &op->now);
}

static void
sim_answer_release(struct sim_worker *w, const struct sim_op *op)
{
    uint32_t i;

    for (i = 0; op->result == SIM_OK && i < LANE_SHARDS; i++) {
        if (op->chosen[i]) {
            w->lease.tokens[i] = 0;
            w->lease.leaving[i] = false;
        }
    }
}

static void
sim_keep_lease(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_RENEW);

    memcpy(op->tokens, w->lease.tokens, sizeof(op->tokens));
    sim_op_send(w, op);
}

#endif /* SIM_LEASE_H */
