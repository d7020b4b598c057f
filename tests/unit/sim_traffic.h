/*
 * sim_traffic.h - what comes from outside: transactions that make jobs, and
 * people who change, pause, resume, delete and cancel.
 *
 * A transaction takes its ids and times when it begins and is seen when it
 * commits, so rows appear out of order. FIFO lanes take their sequence from
 * the lane's row, which is locked until the commit.
 */
#ifndef SIM_TRAFFIC_H
#define SIM_TRAFFIC_H

#include "id.h"
#include "sim_db.h"

struct sim_transaction {
    struct sim_event event;
    struct sim_job **jobs;
    size_t count;
    bool rolls_back;
    bool crowds; /* many for one lane */
};

static void sim_worker_ring(struct sim_worker *worker);

/* The clock of the second host is behind. */
static uint64_t
sim_next_id(struct sim *sim)
{
    uint32_t host = sim_below(&sim->random, 2);
    uint64_t id = id_floor(sim_db_us(sim) - (host == 0 ? 0 : 700 * SIM_MS));

    id |= (uint64_t)(host + 1) << 12;
    if (id <= sim->host_ids[host])
        id = sim->host_ids[host] + 1;
    sim->host_ids[host] = id;
    return id;
}

static void
sim_ring_all(struct sim *sim)
{
    uint32_t i;

    for (i = 0; i < sim->plan.workers; i++)
        sim_worker_ring(&sim->workers[i]);
}

static void
sim_unlock(struct sim_transaction *transaction)
{
    size_t i;

    for (i = 0; i < transaction->count; i++) {
        if (transaction->jobs[i]->ordered)
            transaction->jobs[i]->lane->locked = false;
    }
}

static void
sim_end_transaction(struct sim *sim, void *owner)
{
    struct sim_transaction *transaction = owner;
    size_t i;

    sim_unlock(transaction);
    for (i = 0; i < transaction->count; i++) {
        if (transaction->rolls_back)
            sim_job_free(sim, transaction->jobs[i]);
        else
            sim_job_commit(sim, transaction->jobs[i]);
        if (transaction->crowds && !transaction->rolls_back)
            transaction->jobs[i]->lane->crowded_us = sim->now_us;
    }
    /* The doorbell does not reach everybody. */
    if (!transaction->rolls_back && sim_chance(&sim->random, 900))
        sim_ring_all(sim);
    free(transaction->jobs);
    free(transaction);
}

/* All in one transaction that hold a place in this lane share its lock. */
static bool
sim_holds(const struct sim_transaction *transaction,
          const struct sim_lane *lane)
{
    size_t i;

    for (i = 0; i < transaction->count; i++) {
        if (transaction->jobs[i]->lane == lane && transaction->jobs[i]->ordered)
            return true;
    }
    return false;
}

/* False: somebody else holds the lane's row. */
static bool
sim_add_job(struct sim *sim, struct sim_transaction *transaction,
            struct sim_receiver *receiver, bool later)
{
    struct sim_lane *lane =
        receiver->lanes[sim_below(&sim->random, receiver->lane_count)];
    int64_t now_us = sim_db_us(sim), due_us = now_us;
    bool ordered = receiver->config.fifo && !later;
    struct sim_job *job;

    if (ordered && lane->locked && !sim_holds(transaction, lane))
        return false;
    if (later)
        due_us += sim_between(&sim->random, 0, 60 * SIM_S);
    if (ordered) {
        if (due_us <= lane->sequence)
            due_us = lane->sequence + 1;
        lane->sequence = due_us;
        lane->locked = true;
    }
    job = sim_job_new(sim, lane, sim_next_id(sim), due_us);
    job->ordered = ordered;
    job->row.test =
        !ordered && sim_chance(&sim->random, sim->plan.test_per_mille);
    transaction->jobs[transaction->count++] = job;
    return true;
}

static struct sim_receiver *
sim_some_receiver(struct sim *sim)
{
    uint32_t n = sim->plan.receivers;

    if (sim->plan.busy > 0 && sim_chance(&sim->random, 200))
        n = sim->plan.busy;
    return &sim->receivers[sim_below(&sim->random, n)];
}

static void
sim_begin_transaction(struct sim *sim)
{
    struct sim_random *random = &sim->random;
    struct sim_transaction *transaction = xcalloc(1, sizeof(*transaction));
    struct sim_receiver *receiver = sim_some_receiver(sim);
    bool burst = sim_chance(random, sim->plan.burst_per_mille);
    bool fan = burst && sim_chance(random, 500);
    size_t want = burst ? 1 + sim_below(random, sim->plan.burst) : 1, i;

    transaction->jobs = xcalloc(want, sizeof(struct sim_job *));
    for (i = 0; i < want; i++) {
        if (fan)
            receiver = sim_some_receiver(sim);
        if (!receiver->deleted)
            (void)sim_add_job(sim, transaction, receiver,
                              !burst && sim_chance(random, 30));
    }
    transaction->crowds = burst && !fan;
    transaction->rolls_back = sim_chance(random, 20);
    transaction->event.fire = sim_end_transaction;
    transaction->event.owner = transaction;
    sim_at(sim, &transaction->event,
           sim->now_us + sim_about(random, 2 * SIM_MS) +
               (sim_chance(random, 30)
                    ? sim_below(random, (uint32_t)sim->plan.late_us)
                    : 0));
}

static void
sim_traffic(struct sim *sim, void *owner)
{
    (void)owner;
    if (sim->draining)
        return;
    if (sim->db.live < sim->plan.backlog_max)
        sim_begin_transaction(sim);
    sim_forget_gone(sim);
    sim_at(sim, &sim->traffic,
           sim->now_us + sim_about(&sim->random, sim->plan.arrival_us));
}

/* --- people ------------------------------------------------------------------ */

static void
sim_cancel(struct sim *sim, struct sim_job *job)
{
    struct sim_lane *lane = job->lane;

    if (lane->jobs[lane->first] == job)
        lane->blocked_us = 0;
    job->cancelled = true;
    sim_job_archive(sim, job);
    sim->totals.cancelled++;
}

static void
sim_delete(struct sim *sim, struct sim_receiver *receiver)
{
    uint32_t i;

    receiver->deleted = true;
    receiver->config.mode = LANE_LOCAL;
    for (i = 0; i < receiver->lane_count; i++) {
        struct sim_lane *lane = receiver->lanes[i];

        while (lane->count > 0)
            sim_cancel(sim, lane->jobs[lane->first]);
    }
}

static void
sim_cancel_some(struct sim *sim)
{
    const struct sim_db *db = &sim->db;
    struct sim_job *job;

    if (db->tail_count == 0)
        return;
    job = db->tail[sim_below(&sim->random, (uint32_t)db->tail_count)];
    if (job->state == SIM_JOB_LIVE)
        sim_cancel(sim, job);
}

static void
sim_change(struct sim *sim, struct sim_receiver *receiver)
{
    struct sim_config *config = &receiver->config;

    if (receiver->deleted)
        return;
    switch (sim_below(&sim->random, 14)) {
    case 0:
        sim_delete(sim, receiver);
        break;
    case 1:
    case 2:
        config->window = 1 + sim_below(&sim->random, 20);
        break;
    case 3:
        config->address++;
        receiver->behaviour =
            (enum sim_behaviour)sim_below(&sim->random, SIM_BEHAVIOURS);
        break;
    case 4: /* whoever waits is to try at once */
        receiver->lanes[0]->blocked_us = 0;
        break;
    case 5:
    case 6:
        config->rate = sim_below(&sim->random, 3) == 0
                           ? 0
                           : 1 + sim_below(&sim->random, SIM_RATE_MAX);
        break;
    default:
        config->mode = config->mode == LANE_HELD ? LANE_REMOTE : LANE_HELD;
    }
    sim->db.config_version++;
}

/* Whoever is paused is resumed before long. */
static void
sim_people(struct sim *sim, void *owner)
{
    uint32_t i;

    (void)owner;
    if (sim->draining)
        return;
    for (i = 0; i < 8; i++) {
        struct sim_receiver *receiver = sim_some_receiver(sim);

        if (receiver->config.mode == LANE_HELD) {
            receiver->config.mode = LANE_REMOTE;
            sim->db.config_version++;
        }
    }
    if (sim_chance(&sim->random, 300))
        sim_cancel_some(sim);
    else
        sim_change(sim, sim_some_receiver(sim));
    sim_at(sim, &sim->people,
           sim->now_us + sim_about(&sim->random, sim->plan.people_us));
}

#endif /* SIM_TRAFFIC_H */
