/*
 * scheduler_turn.c - whose turn it is; see scheduler.h.
 */
#include "scheduler_lane.h"

#include <assert.h>

#define RETRY_TURN 10  /* every tenth start may be a retry though fresh wait */
#define FAILING_TURN 4 /* every fourth of the unproven is a failing one's */

/* --- choosing a site ------------------------------------------------------- */

/* The first of the ring, or the last, whose place in it is up to date: what
   has changed by time alone is put right here. */
static struct site *
up_to_date(struct scheduler *s, struct ring *ring, bool last)
{
    struct site *site;

    while ((site = last ? ring_last(ring) : ring_first(ring)) != NULL) {
        size_t before = ring->count;

        scheduler_refresh_site(s, site);
        if (ring->count == before)
            break;
    }
    return site;
}

/* New ones three times out of four, the longest and the latest in wait in
   turn. */
static struct site *
choose_unproven(struct scheduler *s, struct ring *rings)
{
    unsigned turn = s->unproven_turn++;
    struct site *site = NULL;

    if (turn % FAILING_TURN == FAILING_TURN - 1)
        site = up_to_date(s, &rings[CLASS_FAILING], false);
    if (site == NULL)
        site = up_to_date(s, &rings[CLASS_NEW],
                          (turn + turn / FAILING_TURN) % 2 == 1);
    if (site == NULL)
        site = up_to_date(s, &rings[CLASS_FAILING], false);
    return site;
}

static struct site *
choose(struct scheduler *s, struct ring *rings, enum group group)
{
    if (group == GROUP_PROVEN)
        return up_to_date(s, &rings[CLASS_PROVEN], false);
    if (!scheduler_share_allows(s, group))
        return NULL;
    return group == GROUP_SLOW ? up_to_date(s, &rings[CLASS_SLOW], false)
                               : choose_unproven(s, rings);
}

/* --- taking a job ------------------------------------------------------------ */

static struct task *
take_from_lane(struct lane *lane, enum freshness freshness)
{
    bool fifo = lane->site->config.fifo;
    struct task *task = task_list_pop(&lane->queues[fifo ? FRESH : freshness]);

    assert(task != NULL);
    lane->queued--;
    if (fifo) {
        task->front = true;
        lane->front++;
    }
    return task;
}

static void
begin(struct scheduler *s, struct task *task, int64_t now_us)
{
    struct site *site = task->lane->site;
    struct task *mate;

    for (mate = task; mate != NULL; mate = mate->mate)
        mate->state = TASK_RUNNING;
    task->slot = true;
    scheduler_share_begin(s, task, now_us);
    task->sent = 0;
    task->paced = site->policy.rate > 0 && !task->job.test;
    if (task->job.test)
        return;
    site->begun_us = now_us;
    endpoint_start(&site->endpoint, now_us);
}

static struct task_list *
queue_of(struct lane *lane, enum freshness freshness)
{
    return &lane->queues[lane->site->config.fifo ? FRESH : freshness];
}

/* The site and the lane go behind the others. NULL: its first jobs were too
   old. */
static struct task *
take_from(struct scheduler *s, struct site *site, enum freshness freshness,
          int64_t now_us)
{
    struct lane *lane = ring_first(&site->lanes[(enum lane_ring)freshness]);
    struct task_list *queue = queue_of(lane, freshness);
    struct task *task;

    if (site->config.ttl_us > 0 && scheduler_expire_first(s, lane, queue)) {
        scheduler_refresh(s, lane);
        return NULL;
    }
    task = take_from_lane(lane, freshness);
    if (scheduler_has_batches(site))
        task = scheduler_batch_gather(s, lane, queue, task);
    begin(s, task, now_us);
    ring_remove(&lane->links[(enum lane_ring)freshness]);
    ring_remove(&site->links[(enum site_link)freshness]);
    scheduler_refresh(s, lane);
    return task;
}

static struct task *
take_turn(struct scheduler *s, int64_t now_us)
{
    /* Proven ones every other time, as far as the others have shares left. */
    static const enum group turns[] = {GROUP_PROVEN, GROUP_UNPROVEN,
                                       GROUP_PROVEN, GROUP_SLOW};
    /* Shifted each time, so that the retries' turn comes to all of them. */
    unsigned first = s->turn / RETRY_TURN + s->turn;
    bool retries_first = s->turn % RETRY_TURN == RETRY_TURN - 1;
    unsigned i, k;

    for (i = 0; i < FRESHNESS_COUNT; i++) {
        enum freshness freshness = (i == 0) == retries_first ? RETRY : FRESH;

        for (k = 0; k < 4; k++) {
            enum group group = turns[(first + k) % 4];
            struct site *site;

            while ((site = choose(s, s->runs[freshness], group)) != NULL) {
                struct task *task = take_from(s, site, freshness, now_us);

                if (task == NULL)
                    continue;
                s->turn++;
                return task;
            }
        }
    }
    return NULL;
}

/* Endpoints whose time has come. */
static void
wake_sites(struct scheduler *s, struct due_heap *heap)
{
    struct due *due;

    while ((due = due_top(heap)) != NULL && due->at_us <= s->now_us) {
        struct site *site = (struct site *)due; /* its first member */

        due_remove(heap, due);
        scheduler_refresh_site(s, site);
    }
}

struct task *
scheduler_next(struct scheduler *s, int64_t now_us)
{
    scheduler_hear(s, now_us);
    wake_sites(s, &s->starts);
    scheduler_batch_wake(s);
    scheduler_age(s, s->now_us);
    if (s->inflight.tasks >= s->limits.slots)
        return NULL;
    if (s->tests.count > 0 && scheduler_share_allows_test(s)) {
        struct task *task = task_list_pop(&s->tests);

        begin(s, task, s->now_us);
        return task;
    }
    if (s->limits.inflight_bytes > 0 &&
        s->inflight.bytes >= s->limits.inflight_bytes)
        return NULL;
    return take_turn(s, s->now_us);
}

int64_t
scheduler_next_start(const struct scheduler *s)
{
    const struct due *due = due_top(&s->starts);
    const struct due *batch = due_top(&s->ripening);
    const struct task *oldest = ring_first(&s->young);
    int64_t at_us = due == NULL ? NEVER : due->at_us;
    bool waits = false;
    size_t i, k;

    if (batch != NULL && batch->at_us < at_us)
        at_us = batch->at_us;
    for (i = 0; i < FRESHNESS_COUNT; i++) {
        for (k = 0; k < CLASS_COUNT; k++)
            waits = waits || s->runs[i][k].count > 0;
    }
    /* A share gives way when the oldest has aged. */
    if (waits && oldest != NULL && oldest->begun_us + SCHEDULER_SLOW_US < at_us)
        at_us = oldest->begun_us + SCHEDULER_SLOW_US;
    return at_us;
}

struct task *
scheduler_next_local(struct scheduler *s)
{
    struct site *site = ring_first(&s->local);
    struct task *task;
    struct lane *lane;
    enum lane_ring ring;

    if (site == NULL)
        return NULL;
    ring = site->lanes[LANES_RETRY].count > 0 ? LANES_RETRY : LANES_FRESH;
    lane = ring_first(&site->lanes[ring]);
    task = take_from_lane(lane, (enum freshness)ring);
    task->state = TASK_RUNNING;
    ring_remove(&lane->links[ring]);
    ring_remove(&site->links[SITE_FRESH]);
    scheduler_refresh(s, lane);
    return task;
}

void
scheduler_sent(struct scheduler *s, struct task *task, int64_t now_us)
{
    struct site *site = task->lane->site;

    scheduler_hear(s, now_us);
    if (!task->slot || task->job.test || task->sent != 0)
        return;
    task->sent = endpoint_sent(&site->endpoint, s->now_us);
    scheduler_refresh_site(s, site);
}

/* --- the end ------------------------------------------------------------------- */

static void
learn(struct scheduler *s, struct site *site, const struct task *task,
      uint32_t random)
{
    const struct outcome *outcome = &task->attempt.outcome;
    enum feedback feedback = task->orphan ? FEEDBACK_NONE : outcome->feedback;
    struct endpoint_now now = {s->now_us, s->now_us + s->offset_us, task->sent};
    bool news;

    news = endpoint_end(&site->endpoint, &site->policy, feedback, now,
                        outcome->asked_us, random);
    if (feedback == FEEDBACK_NONE)
        return;
    if (site->aged == 0)
        site->slow = s->now_us - task->begun_us >= SCHEDULER_SLOW_US;
    site->change++;
    if (news)
        site->urgent = true;
}

static void
learn_from_test(struct scheduler *s, struct site *site, const struct task *task)
{
    if (task->orphan || task->attempt.outcome.feedback != FEEDBACK_GOOD ||
        !endpoint_probe_now(&site->endpoint, s->now_us))
        return;
    site->change++;
    site->urgent = true;
}

void
scheduler_end(struct scheduler *s, struct task *task, int64_t now_us,
              uint32_t random)
{
    struct lane *lane = task->lane;
    struct site *site = lane->site;

    assert(task->state == TASK_RUNNING);
    scheduler_hear(s, now_us);
    task->state = TASK_DONE;
    if (task->front && !task->orphan &&
        task->attempt.outcome.kind == OUTCOME_SUCCESS) {
        task->front = false;
        lane->front--;
    }
    if (task->attempt.outcome.kind == OUTCOME_RETRY)
        scheduler_expire_in_time(s, task);
    if (task->slot) {
        task->slot = false;
        scheduler_share_end(s, task);
        scheduler_count_answer(s, task);
        if (task->job.test)
            learn_from_test(s, site, task);
        else
            learn(s, site, task, random);
    }
    scheduler_refresh(s, lane);
    if (scheduler_is_away(s, site))
        scheduler_drop_site(s, site);
}

/* --- time ------------------------------------------------------------------------ */

void
scheduler_tick(struct scheduler *s, int64_t now_us)
{
    struct due *due;

    scheduler_hear(s, now_us);
    wake_sites(s, &s->away);
    while ((due = due_top(&s->due)) != NULL && due->at_us <= s->now_us) {
        struct lane *lane = (struct lane *)due; /* its first member */

        due_remove(&s->due, due);
        if (lane->blocked_us > s->now_us)
            due_set(&s->due, due, lane->blocked_us);
        else
            lane->more = true;
        scheduler_refresh(s, lane);
    }
}

int64_t
scheduler_next_due(const struct scheduler *s)
{
    const struct due *lane = due_top(&s->due);
    const struct due *site = due_top(&s->away);
    int64_t at_us = lane == NULL ? NEVER : lane->at_us;

    return site != NULL && site->at_us < at_us ? site->at_us : at_us;
}
