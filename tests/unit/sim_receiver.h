/*
 * sim_receiver.h - the simulation's receivers: what they answer, and when.
 */
#ifndef SIM_RECEIVER_H
#define SIM_RECEIVER_H

#include "sim_db.h"

struct sim_answer {
    int64_t after_us;
    CURLcode code;
    long status;
    uint32_t retry_after_s;
};

static struct sim_answer
sim_ok(struct sim_random *random)
{
    return (struct sim_answer){sim_between(random, 5 * SIM_MS, 80 * SIM_MS),
                               CURLE_OK, 200, 0};
}

static struct sim_answer
sim_refused(struct sim_random *random)
{
    return (struct sim_answer){sim_between(random, SIM_MS, 20 * SIM_MS),
                               CURLE_COULDNT_CONNECT, 0, 0};
}

static bool
sim_is_up(struct sim *sim, struct sim_receiver *receiver)
{
    while (receiver->flip_us <= sim->now_us) {
        receiver->up = !receiver->up;
        receiver->flip_us += sim_about(&sim->random, 120 * SIM_S);
    }
    return receiver->up;
}

static struct sim_answer
sim_answer_slowly(struct sim *sim, const struct sim_receiver *receiver)
{
    int64_t most = receiver->timeout_us * 9 / 10;
    struct sim_answer answer = sim_ok(&sim->random);

    answer.after_us = sim_between(&sim->random, most / 6, most);
    return answer;
}

/* When everything has to come to an end, all of them are healthy. */
static struct sim_answer
sim_answer(struct sim *sim, struct sim_receiver *receiver)
{
    struct sim_random *random = &sim->random;
    struct sim_answer answer = sim_ok(random);

    if (sim->draining)
        return answer;
    switch (receiver->behaviour) {
    case SIM_SLOW:
        return sim_answer_slowly(sim, receiver);
    case SIM_HANGING:
        if (sim->now_us < sim->plan.turn_us)
            return answer;
        answer.after_us = receiver->timeout_us;
        answer.code = CURLE_OPERATION_TIMEDOUT;
        return answer;
    case SIM_DEAD:
        return sim_refused(random);
    case SIM_BUSY:
        if (sim_chance(random, 700)) {
            answer.status = sim_chance(random, 500) ? 429 : 503;
            answer.retry_after_s =
                sim_chance(random, 700) ? 1 + sim_below(random, 20) : 0;
        }
        return answer;
    case SIM_FAILING:
        answer.status = sim_chance(random, 333) ? 500 : 200;
        return answer;
    case SIM_PICKY:
        answer.status = sim_chance(random, 200) ? 404 : 200;
        return answer;
    case SIM_FLAPPING:
        return sim_is_up(sim, receiver) ? answer : sim_refused(random);
    default:
        return answer;
    }
}

#endif /* SIM_RECEIVER_H */
