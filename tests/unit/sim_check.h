/*
 * sim_check.h - what must always be so: the invariants of the simulation.
 *
 * They are checked against what the simulation knows by itself (the database,
 * who is in flight, when each receiver was asked), and the scheduler's counters
 * against a recount of its own lists.
 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "id.h"
#include "scheduler_lane.h"
#include "sim_receiver.h"

#define SIM_SLACK_US (300 * SIM_MS)  /* the database's clock drifts */
#define SIM_CATCH_UP_US (30 * SIM_S) /* with what had to wait until then */

/* --- too old -------------------------------------------------------------------- */

static bool
sim_says_expired(const struct outcome *outcome)
{
    return outcome->error_class != NULL &&
           strcmp(outcome->error_class, OUTCOME_EXPIRED) == 0;
}

static bool
sim_is_for_later(const struct sim_job *job)
{
    return job->row.attempts == 0 &&
           job->row.due_us > id_time_us(job->row.id) + SIM_S;
}

/* Now, or so much later. */
static bool
sim_is_expired(const struct sim *sim, const struct sim_job *job,
               int64_t later_us)
{
    const struct sim_receiver *receiver = job->lane->receiver;
    int64_t first_us = id_time_us(job->row.id);

    if (job->row.first_due_us > 0)
        first_us = job->row.first_due_us;
    else if (receiver->config.fifo || sim_is_for_later(job))
        first_us = job->row.due_us;
    return receiver->config.ttl_us > 0 && !job->row.test &&
           first_us + receiver->config.ttl_us <= sim_db_us(sim) + later_us;
}

/* --- who may start what, when ------------------------------------------------ */

static void
sim_check_lease(const struct sim_worker *w, const struct sim_job *job)
{
    const struct sim *sim = w->sim;
    uint32_t number = job->row.shard;
    const struct sim_shard *shard = &sim->db.shards[number];

    if (w->lease.tokens[number] == 0 || w->lease.leaving[number] ||
        shard->token != w->lease.tokens[number])
        sim_broken(sim, "worker %u starts %" PRIu64 " of a shard it lost",
                   w->number, job->row.id);
    if (shard->until_us <= sim_db_us(sim))
        sim_broken(sim, "worker %u starts %" PRIu64 " after its lease ran out",
                   w->number, job->row.id);
}

static void
sim_check_job(const struct sim_worker *w, const struct task *task,
              const struct sim_job *job)
{
    const struct sim *sim = w->sim;
    uint64_t id = task->job.id;

    if (job == NULL || job->state == SIM_JOB_COMING)
        sim_broken(sim, "job %" PRIu64 " is started without being there", id);
    if (job->in_flight > 0)
        sim_broken(sim, "job %" PRIu64 " runs twice at the same time", id);
    if (job->state == SIM_JOB_GONE && !job->cancelled)
        sim_broken(sim, "job %" PRIu64 " is started after its end", id);
    if (job->state == SIM_JOB_GONE)
        return;
    if (task->job.attempts != job->row.attempts)
        sim_broken(sim,
                   "job %" PRIu64 " is started with %u attempts, it has %u", id,
                   task->job.attempts, job->row.attempts);
    if (job->row.due_us > sim_db_us(sim) + SIM_SLACK_US)
        sim_broken(sim, "job %" PRIu64 " is started %.3f s too early", id,
                   (double)(job->row.due_us - sim_db_us(sim)) / SIM_S);
    if (sim_is_expired(sim, job, -SIM_SLACK_US))
        sim_broken(sim, "job %" PRIu64 " is started, and is too old", id);
}

/* In a FIFO lane all before it have been delivered, or are gone. */
static void
sim_check_order(const struct sim *sim, const struct sim_job *job)
{
    const struct sim_lane *lane = job->lane;
    size_t i;

    if (!lane->receiver->config.fifo || job->row.test)
        return;
    if (lane->in_flight > 0)
        sim_broken(sim, "two of FIFO lane %" PRIx64 " run at the same time",
                   lane->number);
    if (job->state == SIM_JOB_GONE)
        return;
    if (lane->blocked_us > sim_db_us(sim) + SIM_SLACK_US)
        sim_broken(sim, "FIFO lane %" PRIx64 " runs while it is blocked",
                   lane->number);
    for (i = 0; job->ordered && i < lane->count; i++) {
        const struct sim_job *before = lane->jobs[lane->first + i];

        if (before == job)
            break;
        if (before->ordered && !before->settled &&
            !sim_is_expired(sim, before, SIM_SLACK_US) &&
            before->start != job->start)
            sim_broken(sim,
                       "job %" PRIu64 " starts before %" PRIu64
                       " of the same FIFO lane",
                       job->row.id, before->row.id);
    }
}

/* At the receiver, whoever asks it. Under another limit than it was begun
   under, nothing is promised. */
static void
sim_check_rate(const struct sim_worker *w, struct sim_receiver *receiver,
               uint32_t rate)
{
    const struct sim *sim = w->sim;
    uint64_t n = receiver->starts;

    if (rate > 0 && n >= rate && rate == w->config[receiver->id - 1].rate &&
        sim->now_us - receiver->starts_us[(n - rate) % SIM_RATE_MAX] < SIM_S)
        sim_broken(sim, "receiver %u: more than %u arrive within a second",
                   receiver->id, rate);
    receiver->starts_us[n % SIM_RATE_MAX] = sim->now_us;
    receiver->starts++;
}

static void
sim_check_window(const struct sim_worker *w,
                 const struct sim_receiver *receiver)
{
    const struct scheduler_limits *limits = &w->sim->plan.limits;
    const struct sim_config *config = &w->config[receiver->id - 1];
    uint32_t share = limits->slots / 5;

    if (share < limits->lane_window)
        share = limits->lane_window;
    if (config->mode != LANE_REMOTE)
        sim_broken(w->sim, "receiver %u is asked although it is not to be",
                   receiver->id);
    if (w->running[receiver->id - 1] > config->window ||
        w->running[receiver->id - 1] > share)
        sim_broken(w->sim, "receiver %u: %u at the same time", receiver->id,
                   w->running[receiver->id - 1]);
}

/* Within hours; and for as long as a statement was under way, the clocks seem to
   differ by that much more. */
static int64_t
sim_long_slack_us(const struct sim *sim)
{
    return 4 * SIM_SLACK_US + sim->longest_us;
}

/* What the database knows of an open breaker holds for every worker, until
   somebody resumes it, or a test is answered; so does what the receiver has
   asked for. */
static void
sim_check_breaker(const struct sim_worker *w,
                  const struct sim_receiver *receiver)
{
    const struct sim *sim = w->sim;
    int64_t latest_us = sim_db_us(sim) + sim_long_slack_us(sim);

    if (!receiver->has_state || w->anew[receiver->id - 1] != 0)
        return;
    if (receiver->state.breaker == BREAKER_OPEN &&
        receiver->state.open_until_wall_us > latest_us)
        sim_broken(sim, "receiver %u is asked while its breaker is open",
                   receiver->id);
    if (receiver->state.blocked_until_wall_us > latest_us)
        sim_broken(sim, "receiver %u is asked before the time it asked for",
                   receiver->id);
}

/* The scheduler asks the endpoint first: what it was before this start must
   allow it. */
static void
sim_check_endpoint(const struct sim_worker *w, const struct task *task,
                   uint32_t index)
{
    const struct site *site = task->lane->site;
    const struct endpoint *before = &w->seen[index];
    int64_t now_us = sim_mono_us(w);

    if (!w->has_seen[index])
        return;
    if (before->breaker == BREAKER_OPEN && before->open_until_us > now_us)
        sim_broken(w->sim, "receiver %u is asked %.3f s before its time",
                   index + 1, (double)(before->open_until_us - now_us) / SIM_S);
    if (before->breaker != BREAKER_CLOSED && before->running > 0)
        sim_broken(w->sim, "receiver %u gets more than one probe", index + 1);
    if (endpoint_next_start(before, &site->policy, now_us) > now_us)
        sim_broken(w->sim, "receiver %u is asked against its endpoint's word",
                   index + 1);
}

static void
sim_check_shares(const struct sim_worker *w, const struct task *task)
{
    const struct scheduler_limits *limits = &w->sim->plan.limits;
    struct scheduler_counts counts = scheduler_counts(w->scheduler);
    size_t before = w->bytes;

    if (counts.running != w->in_flight)
        sim_broken(w->sim, "%zu run, the scheduler counts %zu", w->in_flight,
                   counts.running);
    if (counts.running > limits->slots)
        sim_broken(w->sim, "%zu run in %u slots", counts.running,
                   limits->slots);
    if (task->job.test)
        return;
    if (limits->inflight_bytes > 0 && before >= limits->inflight_bytes)
        sim_broken(w->sim, "started with %zu bytes in flight", before);
    if (counts.unproven > 1 && counts.unproven > limits->slots / 4)
        sim_broken(w->sim, "%zu of %u slots for unproven receivers",
                   counts.unproven, limits->slots);
    if (task->share == SHARE_SLOW && counts.slow > 1 &&
        counts.slow * 10 > (size_t)limits->slots * 3)
        sim_broken(w->sim, "a slow one started as number %zu of %u slots",
                   counts.slow, limits->slots);
}

/* When those that have been healthy until now hang all at once they take all
   slots, at the worst each of them for one time-out; whoever is not busy has to
   prove anew that it answers. */
static int64_t
sim_longest_wait_us(const struct sim *sim, const struct sim_receiver *receiver,
                    bool proven)
{
    const struct sim_plan *plan = &sim->plan;
    int64_t most_us = proven ? plan->wait_us : plan->first_wait_us;
    bool busy = receiver->id <= plan->busy;
    int64_t turn_us = busy ? plan->turn_wait_us : plan->first_wait_us;

    if (sim->now_us > plan->turn_us &&
        sim->now_us < plan->turn_us + 2 * turn_us)
        most_us += turn_us;
    return most_us;
}

/* Since when it is its turn. Where more wait in its lane than may run at the
   same time, it waits for those, and they get a turn like everybody else's: it
   is the time since the last one that is bounded. */
static int64_t
sim_waits_since_us(const struct sim *sim, const struct sim_job *job)
{
    const struct sim_receiver *receiver = job->lane->receiver;
    int64_t due_us = job->row.due_us - (sim_db_us(sim) - sim->now_us);
    int64_t since_us = due_us > job->visible_us ? due_us : job->visible_us;
    int64_t last_us = 0;

    if (receiver->starts > 0)
        last_us = receiver->starts_us[(receiver->starts - 1) % SIM_RATE_MAX];
    return job->lane->count > receiver->config.window && last_us > since_us
               ? last_us
               : since_us;
}

/* In a calm plan those that answer well do not wait for the others: hardly at
   all once they have proven it, and not long before. Slow ones wait for each
   other: they have less than a third of the slots. */
static void
sim_check_wait(struct sim *sim, const struct sim_job *job)
{
    const struct sim_receiver *receiver = job->lane->receiver;
    int64_t since_us = sim_waits_since_us(sim, job);
    int64_t wait_us = sim->now_us - since_us;
    bool proven = receiver->answered_us > sim->now_us - 500 * SIM_S &&
                  receiver->first_us + SIM_CATCH_UP_US < since_us;

    if (!sim->plan.calm || sim->draining || job->row.test ||
        job->row.attempts > 0 || receiver->config.fifo ||
        receiver->config.rate > 0)
        return;
    /* However bad it is, its first request comes. */
    if (receiver->behaviour != SIM_HEALTHY && receiver->starts > 0)
        return;
    /* It waits for its own lane's. */
    if (job->lane->crowded_us > since_us - 20 * SIM_S && receiver->starts > 1)
        return;
    if (proven && receiver->id <= sim->plan.busy &&
        wait_us > sim->totals.worst_wait_us)
        sim->totals.worst_wait_us = wait_us;
    if (!proven && wait_us > sim->totals.worst_first_us)
        sim->totals.worst_first_us = wait_us;
    if (wait_us > sim_longest_wait_us(sim, receiver, proven))
        sim_broken(sim,
                   "job %" PRIu64 " of receiver %u (proven %d) waited "
                   "%.3f s, its first answer was %.3f s before",
                   job->row.id, receiver->id, proven, (double)wait_us / SIM_S,
                   (double)(sim->now_us - receiver->first_us) / SIM_S);
}

/* All of one request: of one lane, tried as often, no more than are allowed, and
   in a FIFO lane nobody stands between them. */
static void
sim_check_batch(const struct sim_worker *w, const struct task *first)
{
    const struct sim_config *config =
        &w->config[lane_owner_id(first->job.lane) - 1];
    const struct task *task;
    uint32_t n = 0;

    for (task = first; task != NULL; task = task->mate, n++) {
        struct sim_job *job = map_get(&w->sim->db.jobs, task->job.id);

        sim_check_job(w, task, job);
        job->start = w->sim->totals.starts;
        if (task->job.lane != first->job.lane ||
            task->job.attempts != first->job.attempts)
            sim_broken(w->sim, "%" PRIu64 " does not belong into its batch",
                       task->job.id);
        sim_check_order(w->sim, job);
    }
    if (n != first->mates + 1 ||
        (n > 1 && (n > config->batch_max || first->job.test)))
        sim_broken(w->sim, "a batch of %u, where %u are allowed", n,
                   config->batch_max);
}

/* Called after the scheduler has given the task out. */
static void
sim_check_start(struct sim_worker *w, const struct task *task,
                struct sim_job *job)
{
    struct sim_receiver *receiver;

    sim_check_batch(w, task);
    receiver = job->lane->receiver;
    sim_check_lease(w, job);
    sim_check_shares(w, task);
    if (!task->job.test) {
        sim_check_window(w, receiver);
        sim_check_breaker(w, receiver);
        sim_check_endpoint(w, task, receiver->id - 1);
    }
    if (job->state == SIM_JOB_LIVE)
        sim_check_wait(w->sim, job);
}

static void
sim_answered_by(const struct sim *sim, struct sim_receiver *receiver)
{
    if (receiver->answered_us < sim->now_us - 500 * SIM_S)
        receiver->first_us = sim->now_us;
    receiver->answered_us = sim->now_us;
}

/* The receiver has said yes. */
static void
sim_delivered(struct sim *sim, struct sim_job *job)
{
    if (job->successes > job->excuses)
        sim_broken(sim, "job %" PRIu64 " is delivered once more for no reason",
                   job->row.id);
    if (job->successes++ == 0)
        sim->totals.delivered++;
    else
        sim->totals.repeated++;
    job->settled = true;
    if (!job->row.test)
        sim_answered_by(sim, job->lane->receiver);
}

static void
sim_check_read(const struct sim_worker *w, const struct lane_read *read)
{
    const struct site *site =
        map_get(&w->scheduler->sites, lane_base(read->lane));

    if (site == NULL || site->config.mode == LANE_HELD)
        sim_broken(w->sim, "lane %" PRIx64 " is read although it is held",
                   read->lane);
    if (site->config.mode == LANE_REMOTE &&
        endpoint_is_open(&site->endpoint, sim_mono_us(w)))
        sim_broken(w->sim, "lane %" PRIx64 " is read while its breaker is open",
                   read->lane);
}

/* --- counters equal a recount --------------------------------------------------- */

struct sim_recount {
    size_t running;
    size_t tests;
    size_t bytes;
    size_t shards[LANE_SHARDS];
};

static void
sim_recount_tasks(const struct sim_worker *w, struct sim_recount *recount)
{
    const struct scheduler *s = w->scheduler;
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&s->tasks, &at, &key, &value)) {
        const struct task *task = value;

        recount->shards[task->job.shard]++;
        recount->tests += task->job.test;
        if (task->state != TASK_RUNNING)
            continue;
        recount->running += task->slot; /* its mates have none */
        recount->bytes += task->event_bytes;
    }
}

static void
sim_recount_lane(const struct sim_worker *w, const struct lane *lane,
                 size_t *known)
{
    size_t waiting = lane->queues[FRESH].count + lane->queues[RETRY].count;

    *known += lane->known;
    if (waiting > lane->queued || lane->queued > lane->known)
        sim_broken(w->sim, "lane %" PRIx64 ": %zu wait, %zu queued, %zu known",
                   lane->number, waiting, lane->queued, lane->known);
}

/* Whose jobs wait for their time is woken then. */
static void
sim_check_wake(const struct sim_worker *w, const struct site *site)
{
    int64_t at_us =
        endpoint_next_start(&site->endpoint, &site->policy, sim_mono_us(w));

    if (site->config.mode != LANE_REMOTE || at_us == SIM_NEVER ||
        site->endpoint.running > 0 || at_us <= sim_mono_us(w) ||
        site->lanes[LANES_FRESH].count + site->lanes[LANES_RETRY].count == 0)
        return;
    if (scheduler_next_start(w->scheduler) > at_us)
        sim_broken(w->sim, "receiver %u waits, and nobody wakes it",
                   lane_owner_id(site->number));
}

/* Returns how many are to be read. */
static size_t
sim_recount_sites(const struct sim_worker *w)
{
    size_t at = 0, hungry = 0;
    uint64_t key;
    void *value;

    while (map_next(&w->scheduler->sites, &at, &key, &value)) {
        const struct site *site = value;
        uint32_t index = lane_owner_id(site->number) - 1;

        hungry += site->links[SITE_HUNGRY].ring != NULL;
        sim_check_wake(w, site);
        if (site->endpoint.running != w->running[index])
            sim_broken(w->sim, "receiver %u: %u in flight, %u counted",
                       index + 1, w->running[index], site->endpoint.running);
    }
    return hungry;
}

static void
sim_check_counters(struct sim_worker *w)
{
    const struct scheduler_limits *limits = &w->sim->plan.limits;
    struct scheduler_counts counts = scheduler_counts(w->scheduler);
    struct sim_recount recount = {0};
    size_t at = 0, known = 0, hungry, lanes = 0;
    uint64_t key;
    void *value;
    uint32_t i;

    w->sim->totals.checks++;
    sim_recount_tasks(w, &recount);
    while (map_next(&w->scheduler->lanes, &at, &key, &value)) {
        sim_recount_lane(w, value, &known);
        lanes++;
    }
    hungry = sim_recount_sites(w);
    if (counts.tasks != w->tasks || known != w->tasks)
        sim_broken(w->sim, "%zu tasks exist, %zu counted, %zu in lanes",
                   w->tasks, counts.tasks, known);
    if (counts.running != recount.running || counts.running != w->in_flight)
        sim_broken(w->sim, "%zu run, %zu counted, %zu in flight",
                   recount.running, counts.running, w->in_flight);
    if (counts.bytes != recount.bytes || counts.bytes != w->bytes)
        sim_broken(w->sim, "%zu bytes in flight, %zu counted", recount.bytes,
                   counts.bytes);
    if (counts.lanes != lanes || counts.hungry != hungry)
        sim_broken(w->sim, "%zu hungry, %zu lanes, counted %zu and %zu", hungry,
                   lanes, counts.hungry, counts.lanes);
    for (i = 0; i < LANE_SHARDS; i++) {
        if (scheduler_shard_tasks(w->scheduler, i) != recount.shards[i])
            sim_broken(w->sim, "shard %u: tasks are miscounted", i);
    }
    if (counts.tasks - recount.tests > limits->tasks + limits->tasks / 4 + 1)
        sim_broken(w->sim, "%zu tasks in memory, %zu are allowed", counts.tasks,
                   limits->tasks);
}

#endif /* SIM_CHECK_H */
