/*
 * test_simulation.c - a simulated gateway: the real scheduler, endpoints,
 * retries and outcomes on a fake clock, a fake database and fake receivers.
 *
 * Two or three workers with leases die, stop and go on; transactions commit
 * late and out of order; commits lose their answers; receivers hang, refuse,
 * ask for time, come back; people pause and delete. After every step the
 * invariants of sim_check.h hold, and at the end, when everything recovers,
 * every job that was acknowledged is archived within a computed time.
 *
 *   test_simulation                     the usual seeds (a test like any other)
 *   test_simulation --seeds N --seconds S
 *                                       N other seeds, each S seconds long (one
 *                                       in four 500 times as long)
 *   test_simulation --seed X --seconds S
 *                                       one seed again: the same to the last bit
 */
#include "sim_plan.h"
#include "sim_traffic.h"
#include "sim_worker.h"
#include "unit.h"

#include <signal.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define USUAL_SEEDS 24
#define USUAL_SECONDS 60
#else
#define USUAL_SEEDS 120
#define USUAL_SECONDS 200
#endif
#define SAME_TIME_MAX 200000 /* steps without time going on */

/* --- the world ----------------------------------------------------------------- */

static enum sim_behaviour
draw_behaviour(struct sim *sim)
{
    uint32_t sum = 0, at, i;

    for (i = 0; i < SIM_BEHAVIOURS; i++)
        sum += sim->plan.weights[i];
    at = sim_below(&sim->random, sum);
    for (i = 0; at >= sim->plan.weights[i]; i++)
        at -= sim->plan.weights[i];
    return (enum sim_behaviour)i;
}

static void
make_lanes(struct sim *sim, struct sim_receiver *receiver)
{
    uint64_t base = lane_number(LANE_SUBSCRIPTION, receiver->id);
    static const char *const keys[] = {"", "a", "b", "c"};
    uint32_t i;

    receiver->lane_count =
        receiver->config.fifo ? 1 + sim_below(&sim->random, SIM_KEYS_MAX) : 1;
    receiver->lanes[0] = sim_lane_get(sim, base, receiver);
    for (i = 1; i < receiver->lane_count; i++)
        receiver->lanes[i] =
            sim_lane_get(sim, lane_of_key(base, slice_of(keys[i])), receiver);
}

static void
make_receiver(struct sim *sim, struct sim_receiver *receiver, uint32_t id)
{
    struct sim_random *random = &sim->random;

    *receiver = (struct sim_receiver){
        .id = id,
        .config = {.mode = LANE_REMOTE,
                   .window = 1 + sim_below(random, 20),
                   .fifo = sim_chance(random, sim->plan.fifo_per_mille)},
        .pause_when_exhausted = sim_chance(random, 300),
        .policy = {.retries = sim_below(random, 7),
                   .delay_s = 1 + sim_below(random, 20)},
        .timeout_us = sim->plan.timeout_us,
        .behaviour = id <= sim->plan.busy ? SIM_HEALTHY : draw_behaviour(sim),
    };
    if (id <= sim->plan.busy)
        receiver->config.window = 20;
    if (sim_chance(random, sim->plan.rate_per_mille))
        receiver->config.rate = 1 + sim_below(random, SIM_RATE_MAX);
    if (sim_chance(random, sim->plan.batch_per_mille)) {
        receiver->config.batch_max = 2 + sim_below(random, 30);
        receiver->config.batch_wait_us = sim_between(random, 0, 10 * SIM_S);
    }
    if (sim_chance(random, sim->plan.ttl_per_mille))
        receiver->config.ttl_us = sim_between(random, 5 * SIM_S, 300 * SIM_S);
    make_lanes(sim, receiver);
}

static void
end_outage(struct sim *sim, void *owner)
{
    (void)owner;
    if (sim->draining)
        return;
    sim->db.away_until_us = sim->now_us + sim_about(&sim->random, 8 * SIM_S);
    sim_at(sim, &sim->outage,
           sim->db.away_until_us +
               sim_about(&sim->random, sim->plan.outage_us));
}

static void
make_world(struct sim *sim, const struct sim_plan *plan)
{
    uint32_t i;

    *sim = (struct sim){
        .plan = *plan,
        .random = {plan->seed * 31 + 7},
        .now_us = SIM_BEGIN_US,
    };
    sim->db.clock_off_us = sim_between(&sim->random, -5 * SIM_S, 5 * SIM_S);
    sim->db.drift_ppm = sim_between(&sim->random, -200, 200);
    sim->db.config_version = 1;
    sim->receivers = xcalloc(plan->receivers, sizeof(*sim->receivers));
    for (i = 0; i < plan->receivers; i++)
        make_receiver(sim, &sim->receivers[i], i + 1);
    for (i = 0; i < plan->workers; i++)
        sim_worker_init(sim, i);
    sim->traffic.fire = sim_traffic;
    sim->people.fire = sim_people;
    sim->outage.fire = end_outage;
    sim_at(sim, &sim->traffic, 0);
    if (plan->people_us > 0)
        sim_at(sim, &sim->people, sim->now_us + plan->people_us);
    if (plan->outage_us > 0)
        sim_at(sim, &sim->outage, sim->now_us + plan->outage_us);
}

static void
free_jobs(struct sim *sim)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&sim->db.jobs, &at, &key, &value))
        free(value);
    for (at = 0; map_next(&sim->db.lanes, &at, &key, &value);) {
        free(((struct sim_lane *)value)->jobs);
        free(value);
    }
    map_free(&sim->db.jobs);
    map_free(&sim->db.lanes);
    free(sim->db.tail);
}

/* --- time goes on -------------------------------------------------------------------- */

static void
check_some(struct sim *sim)
{
    /* A recount costs as much as there is: less often where there is more. */
    uint32_t often = 4 + (uint32_t)sim->db.live / 4 + sim->plan.receivers / 4;
    uint32_t i;

    if (sim_below(&sim->random, often) != 0)
        return;
    for (i = 0; i < sim->plan.workers; i++) {
        if (sim->workers[i].state != SIM_UP)
            continue;
        sim_free_dropped(&sim->workers[i]);
        sim_check_counters(&sim->workers[i]);
    }
}

/* False: nothing happens before that time. */
static bool
step(struct sim *sim, int64_t until_us)
{
    static uint64_t same_time;
    struct due *due = due_top(&sim->events);
    struct sim_event *event = (struct sim_event *)due; /* its first member */

    if (due == NULL || due->at_us > until_us) {
        sim->now_us = until_us;
        return false;
    }
    same_time = due->at_us > sim->now_us ? 0 : same_time + 1;
    if (same_time > SAME_TIME_MAX)
        sim_broken(sim, "turns in circles");
    sim->now_us = due->at_us;
    due_remove(&sim->events, due);
    event->fire(sim, event->owner);
    sim->totals.steps++;
    check_some(sim);
    return true;
}

/* Everybody is well again. */
static void
recover(struct sim *sim)
{
    uint32_t i;

    sim->draining = true;
    sim->db.away_until_us = 0;
    for (i = 0; i < sim->plan.receivers; i++) {
        struct sim_receiver *receiver = &sim->receivers[i];

        if (receiver->config.mode == LANE_HELD)
            receiver->config.mode = LANE_REMOTE;
    }
    sim->db.config_version++;
    for (i = 0; i < sim->plan.workers; i++) {
        if (sim->workers[i].state != SIM_UP ||
            sim->workers[i].finish_until_us != 0)
            sim_at(sim, &sim->workers[i].fate, sim->now_us);
    }
}

/* How long everything that is there may take at the most. */
static int64_t
drain_us(const struct sim *sim)
{
    const struct sim_plan *plan = &sim->plan;
    int64_t most_us = 0;
    uint32_t i, k;

    for (i = 0; i < plan->receivers; i++) {
        const struct sim_receiver *receiver = &sim->receivers[i];
        uint32_t rate = receiver->config.rate;
        int64_t each_us = 300 * SIM_MS, us = 0;

        if (rate > 0)
            each_us += 1800 * SIM_MS / rate;
        for (k = 0; k < receiver->lane_count; k++)
            us += (int64_t)receiver->lanes[k]->count * each_us;
        if (us > most_us)
            most_us = us;
    }
    return most_us + (int64_t)sim->db.live * 20 * SIM_MS + /* of each other */
           plan->limits.breaker_max_us + 3 * plan->timeout_us +
           4 * plan->lease_us + 10 * plan->heads_us +
           1500 * SIM_S; /* the longest retry, and those after it */
}

static void
say_what_is_stuck(const struct sim *sim)
{
    uint32_t i, k, said = 0;

    for (i = 0; i < sim->plan.receivers; i++) {
        const struct sim_receiver *receiver = &sim->receivers[i];

        for (k = 0; k < receiver->lane_count && said < 5; k++) {
            const struct sim_lane *lane = receiver->lanes[k];

            if (lane->count == 0)
                continue;
            said++;
            fprintf(
                stderr,
                "stuck: lane %" PRIx64 " fifo %d mode %d: %zu jobs, first "
                "%" PRIu64 " due %.3f s ago, attempts %u\n",
                lane->number, receiver->config.fifo, receiver->config.mode,
                lane->count, lane->jobs[lane->first]->row.id,
                (double)(sim_db_us(sim) - lane->jobs[lane->first]->row.due_us) /
                    SIM_S,
                lane->jobs[lane->first]->row.attempts);
        }
    }
}

static void
drain(struct sim *sim)
{
    int64_t until_us;

    recover(sim);
    until_us = sim->now_us + drain_us(sim);
    while (sim->db.live > 0 && step(sim, until_us))
        continue;
    if (sim->db.live > 0) {
        say_what_is_stuck(sim);
        sim_broken(sim, "%zu jobs are never done", sim->db.live);
    }
}

/* What was written is settled, and then nothing is kept of it. */
static void
check_forgotten(struct sim *sim)
{
    int64_t until_us = sim->now_us + 10 * SIM_S + 4 * sim->plan.heads_us +
                       2 * sim->plan.lease_us;
    uint32_t i;

    while (step(sim, until_us))
        continue;
    for (i = 0; i < sim->plan.workers; i++) {
        struct scheduler_counts counts =
            scheduler_counts(sim->workers[i].scheduler);

        if (counts.tasks > 0 || counts.lanes > 0)
            sim_broken(sim, "worker %u keeps %zu tasks and %zu lanes", i,
                       counts.tasks, counts.lanes);
    }
}

static struct sim_totals
run_seed(uint64_t seed, int64_t seconds)
{
    static struct sim sim;
    struct sim_plan plan;
    struct sim_totals totals;
    uint32_t i;

    sim_plan_draw(&plan, seed, seconds);
    make_world(&sim, &plan);
    sim.plan.seconds = seconds; /* as it is to be given again */
    while (step(&sim, SIM_BEGIN_US + plan.seconds * SIM_S))
        continue;
    drain(&sim);
    check_forgotten(&sim);
    totals = sim.totals;
    totals.us = sim.now_us;
    for (i = 0; i < plan.workers; i++)
        sim_worker_free(&sim.workers[i]);
    while (due_top(&sim.events) != NULL) /* answers to the dead */
        (void)step(&sim, SIM_NEVER - 1);
    free_jobs(&sim);
    free(sim.receivers);
    due_heap_free(&sim.events);
    return totals;
}

/* --- the program ---------------------------------------------------------------------- */

/* An assertion of the code itself: say how to see it again as well. */
static char replay[128];

static void
on_abort(int signal)
{
    (void)signal;
    (void)!write(STDERR_FILENO, replay, strlen(replay));
}

static void
add(struct sim_totals *sum, const struct sim_totals *more)
{
    sum->steps += more->steps;
    sum->jobs += more->jobs;
    sum->starts += more->starts;
    sum->delivered += more->delivered;
    sum->batched += more->batched;
    sum->expired += more->expired;
    sum->repeated += more->repeated;
    sum->failed += more->failed;
    sum->cancelled += more->cancelled;
    sum->crashes += more->crashes;
    sum->losses += more->losses;
    sum->opened += more->opened;
    sum->checks += more->checks;
    sum->us += more->us;
    if (more->worst_first_us > sum->worst_first_us)
        sum->worst_first_us = more->worst_first_us;
    if (more->worst_wait_us > sum->worst_wait_us)
        sum->worst_wait_us = more->worst_wait_us;
}

static void
print(const struct sim_totals *t)
{
    printf("\n%.0f simulated seconds, %" PRIu64 " steps, %" PRIu64
           " recounts: %" PRIu64 " jobs, %" PRIu64 " requests, %" PRIu64
           " delivered, %" PRIu64 " in batches, %" PRIu64 " too old, %" PRIu64
           " repeated, %" PRIu64 " failed, %" PRIu64 " cancelled, %" PRIu64
           " crashes, %" PRIu64 " lost leases, %" PRIu64
           " breakers opened, longest waits %.3f s, %.3f s before the first "
           "answer\n",
           (double)t->us / SIM_S, t->steps, t->checks, t->jobs, t->starts,
           t->delivered, t->batched, t->expired, t->repeated, t->failed,
           t->cancelled, t->crashes, t->losses, t->opened,
           (double)t->worst_wait_us / SIM_S, (double)t->worst_first_us / SIM_S);
}

static struct sim_totals
run_seeds(uint64_t first, uint64_t count, int64_t seconds)
{
    struct sim_totals sum = {0};
    uint64_t i;

    for (i = 0; i < count; i++) {
        struct sim_totals one;

        (void)snprintf(replay, sizeof(replay),
                       "replay: test_simulation --seed %" PRIu64
                       " --seconds %" PRId64 "\n",
                       first + i, seconds);
        one = run_seed(first + i, seconds);
        add(&sum, &one);
    }
    print(&sum);
    return sum;
}

static void
test_usual_seeds(void)
{
    struct sim_totals sum = run_seeds(1, USUAL_SEEDS, USUAL_SECONDS);

    /* All that was to be seen has been there. */
    CU_ASSERT(sum.delivered > 1000);
    CU_ASSERT(sum.failed > 0);
    CU_ASSERT(sum.cancelled > 0);
    CU_ASSERT(sum.crashes > 0);
    CU_ASSERT(sum.losses > 0);
    CU_ASSERT(sum.opened > 100);
    CU_ASSERT(sum.batched > 100);
    CU_ASSERT(sum.expired > 0);
    CU_ASSERT(sum.repeated > 0);
    CU_ASSERT(sum.checks > 1000);
}

static const char usage[] =
    "usage: test_simulation                 the usual seeds\n"
    "       test_simulation [--seeds N] [--seed X] [--seconds S]\n"
    "                                       N seeds from X on (1; the time), "
    "each S\n"
    "                                       seconds long\n"
    "N and X are numbers from 1 on, S is at most 1000000.\n";

#define NUMBER_MAX UINT64_C(1000000000000000000)

static bool
read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    unsigned long long number;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    number = strtoull(text, &end, 10); /* too large: ULLONG_MAX */
    if (*end != '\0' || number == 0 || number > max)
        return false;
    *out = number;
    return true;
}

/* argv ends with NULL, so a last option without a value has NULL for it. */
static bool
read_options(char **argv, uint64_t *seed, uint64_t *seeds, uint64_t *seconds)
{
    for (argv++; *argv != NULL; argv += 2) {
        bool good = false;

        if (strcmp(*argv, "--seed") == 0)
            good = read_number(argv[1], NUMBER_MAX, seed);
        else if (strcmp(*argv, "--seeds") == 0)
            good = read_number(argv[1], NUMBER_MAX, seeds);
        else if (strcmp(*argv, "--seconds") == 0)
            good = read_number(argv[1], 1000000, seconds);
        if (!good) {
            fprintf(stderr, "test_simulation: %s %s\n%s", *argv,
                    argv[1] == NULL ? "" : argv[1], usage);
            return false;
        }
    }
    return true;
}

static void
test_options(void)
{
    static const struct {
        const char *name, *value;
        bool good;
    } rows[] = {
        {"--seed", "7", true},
        {"--seeds", "3", true},
        {"--seconds", "1000000", true},
        {"--seconds", "1000001", false},
        {"--seeds", "0", false},
        {"--seeds", "x", false},
        {"--seeds", "3x", false},
        {"--seeds", "-1", false},
        {"--seeds", "", false},
        {"--seeds", NULL, false},
        {"--seed", "9999999999999999999999", false},
        {"--help", "7", false},
        {"7", NULL, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char program[] = "test_simulation", name[16], value[32];
        char *argv[] = {program, name, value, NULL};
        uint64_t seed = 1, seeds = 1, seconds = 1;
        bool got;

        (void)snprintf(name, sizeof(name), "%s", rows[i].name);
        if (rows[i].value == NULL)
            argv[2] = NULL;
        else
            (void)snprintf(value, sizeof(value), "%s", rows[i].value);
        got = read_options(argv, &seed, &seeds, &seconds);
        CU_ASSERT_EQUAL(got, rows[i].good);
        if (got)
            CU_ASSERT_EQUAL(seed * seeds * seconds,
                            strtoull(rows[i].value, NULL, 10));
    }
}

int
main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"options are numbers, or refused", test_options},
        {"a simulated gateway", test_usual_seeds},
        CU_TEST_INFO_NULL,
    };
    uint64_t seed = (uint64_t)time(NULL), seeds = 1, seconds = USUAL_SECONDS;

    (void)signal(SIGABRT, on_abort);
    if (argc == 1)
        return unit_run("simulation", tests);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!read_options(argv, &seed, &seeds, &seconds))
        return EX_USAGE;
    printf("from seed %" PRIu64 " on\n", seed);
    (void)run_seeds(seed, seeds, (int64_t)seconds);
    return EXIT_SUCCESS;
}
