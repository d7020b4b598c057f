/*
 * sim_plan.h - what a seed stands for: how many of what, and how bad things
 * get. Seeds take turns among the kinds of plans.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "sim_world.h"

/* How many are in flight when they take all they may. */
static int64_t
sim_most_in_flight(const struct sim_plan *plan)
{
    int64_t n = plan->limits.slots;

    if (plan->limits.inflight_bytes > 0)
        n = (int64_t)plan->limits.inflight_bytes / SIM_EVENT_BYTES;
    return n;
}

/* Half of the turns of a quarter of that are for the longest in wait, each as
   long as a time-out. Where memory is scarcer than slots, a quarter of it counts:
   every other read is a new one's, and half of those are for the longest in
   wait. */
static int64_t
sim_first_wait_us(const struct sim_plan *plan)
{
    int64_t each_us = plan->timeout_us * plan->receivers;
    int64_t most_us = 2 * each_us / (sim_most_in_flight(plan) / 4);

    if (plan->limits.bytes > 0) {
        int64_t held = (int64_t)plan->limits.bytes / SIM_EVENT_BYTES / 4;

        if (4 * each_us / held > most_us)
            most_us = 4 * each_us / held;
    }
    return 10 * SIM_S + most_us;
}

/* One worker and a crowd of receivers that hang or are dead: the healthy ones
   must not notice. */
static void
sim_plan_crowd(struct sim_plan *plan, struct sim_random *random)
{
    plan->name = "crowd";
    plan->calm = true;
    plan->late_us = SIM_S;
    plan->workers = 1;
    plan->receivers = 1000 + sim_below(random, 1000);
    plan->weights[SIM_HEALTHY] = 10;
    plan->weights[SIM_HANGING] = sim_below(random, 100);
    plan->weights[SIM_DEAD] = 100 - plan->weights[SIM_HANGING];
    plan->weights[SIM_SLOW] = sim_chance(random, 500) ? 40 : 0;
    plan->turn_us = sim_chance(random, 500) ? SIM_BEGIN_US + 60 * SIM_S : 0;
    plan->limits.slots = 100 + sim_below(random, 200);
    plan->limits.tasks = 2000;
    plan->arrival_us = 5 * SIM_MS;
    plan->backlog_max = 20000;
    plan->burst_per_mille = 5;
    plan->burst = 200;
    plan->test_per_mille = 10;
    plan->wait_us = 2500 * SIM_MS; /* many are found by their heads only */
    /* Where a score of bodies is all that may be in flight, as many that were
       proven and begin to hang hold it, for a time-out. */
    if (plan->limits.inflight_bytes > 0)
        plan->wait_us += plan->timeout_us;
    plan->busy = 3;
    plan->first_wait_us = sim_first_wait_us(plan);
    plan->turn_wait_us =
        plan->timeout_us * (2 + plan->receivers / sim_most_in_flight(plan));
}

/* Some workers, all kinds of receivers, everything breaks often. */
static void
sim_plan_storm(struct sim_plan *plan, struct sim_random *random)
{
    uint32_t i;

    plan->name = "storm";
    plan->late_us = 20 * SIM_S;
    plan->workers = 1 + sim_below(random, SIM_WORKERS_MAX);
    plan->receivers = 4 + sim_below(random, 60);
    for (i = 0; i < SIM_BEHAVIOURS; i++)
        plan->weights[i] = sim_below(random, 10);
    plan->weights[SIM_HEALTHY] += 5;
    plan->fifo_per_mille = sim_below(random, 500);
    plan->rate_per_mille = sim_below(random, 500);
    plan->batch_per_mille = sim_below(random, 500);
    plan->ttl_per_mille = sim_below(random, 300);
    plan->limits.slots = 4 + sim_below(random, 60);
    plan->limits.tasks = 20 + sim_below(random, 400);
    plan->arrival_us = sim_between(random, 30 * SIM_MS, 500 * SIM_MS);
    plan->backlog_max = 2000;
    plan->test_per_mille = 10;
    plan->burst_per_mille = 20;
    plan->burst = 100;
    plan->crash_us = sim_between(random, 10 * SIM_S, 100 * SIM_S);
    plan->stop_us = sim_chance(random, 700) ? plan->crash_us : 0;
    plan->outage_us = sim_between(random, 60 * SIM_S, 600 * SIM_S);
    plan->people_us = sim_between(random, 5 * SIM_S, 60 * SIM_S);
    plan->fault_per_mille = sim_below(random, 60);
}

/* FIFO lanes with keys, little else. */
static void
sim_plan_queues(struct sim_plan *plan, struct sim_random *random)
{
    sim_plan_storm(plan, random);
    plan->name = "queues";
    plan->receivers = 3 + sim_below(random, 12);
    plan->fifo_per_mille = 900;
    plan->rate_per_mille = 100;
    plan->limits.tasks = 8 + sim_below(random, 60);
}

/* Days of little work: breakers and long waits. */
static void
sim_plan_days(struct sim_plan *plan, struct sim_random *random)
{
    sim_plan_storm(plan, random);
    plan->name = "days";
    plan->seconds *= 500;
    plan->receivers = 2 + sim_below(random, 6);
    plan->arrival_us = sim_between(random, 60 * SIM_S, 400 * SIM_S);
    plan->backlog_max = 300;
    plan->heads_us = sim_between(random, 20 * SIM_S, 60 * SIM_S);
    plan->lease_us = 120 * SIM_S;
    plan->crash_us = 4000 * SIM_S;
    plan->stop_us = plan->crash_us;
    plan->outage_us = 20000 * SIM_S;
    plan->people_us = 3000 * SIM_S;
}

static void
sim_plan_draw(struct sim_plan *plan, uint64_t seed, int64_t seconds)
{
    static void (*const kinds[])(struct sim_plan * plan,
                                 struct sim_random * random) = {
        sim_plan_storm,
        sim_plan_queues,
        sim_plan_days,
        sim_plan_crowd,
    };
    struct sim_random random = {seed};

    *plan = (struct sim_plan){
        .seed = seed,
        .seconds = seconds,
        .timeout_us = sim_between(&random, 5, 20) * SIM_S,
        .lease_us = sim_between(&random, 8, 30) * SIM_S,
        .heads_us = SIM_S,
        .statement_us = sim_between(&random, 200, 3 * SIM_MS),
        .flush_us = sim_between(&random, 20, 50) * SIM_MS,
        .flush_rows = 8 + sim_below(&random, 250),
    };
    plan->limits = (struct scheduler_limits){
        .lane_window = 5,
        .bytes = sim_chance(&random, 500) ? 300000 : 0,
        .event_bytes = 500,
        .inflight_bytes = sim_chance(&random, 300) ? 60000 : 0,
        .breaker_failures = sim_chance(&random, 900) ? 5 : 0,
        .breaker_open_us = 30 * SIM_S,
        .breaker_max_us = sim_between(&random, 60, 3600) * SIM_S,
    };
    kinds[seed % (sizeof(kinds) / sizeof(kinds[0]))](plan, &random);
}

#endif /* SIM_PLAN_H */
