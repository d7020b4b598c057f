/*
 * scheduler.c - lanes, and what is told about them; see scheduler.h. Tasks
 * stand in scheduler_task.c, receivers in scheduler_site.c, turns in
 * scheduler_turn.c and scheduler_share.c, reading in scheduler_read.c and
 * scheduler_heads.c, order in scheduler_fifo.c.
 */
#include "scheduler.h"

#include "alloc.h"
#include "scheduler_lane.h"

#include <assert.h>
#include <stdlib.h>

#define LANE_TASKS_MAX 1024 /* waiting in one lane, however quiet the others */
#define UNPROVEN_TASKS 2  /* the same, of a receiver that has to prove itself */
#define UNPROVEN_BATCH 64 /* the same for a batch: one of so many parts */
#define PROVEN_BATCH 8    /* of the memory; of one that has proven itself */

struct scheduler *
scheduler_new(const struct scheduler_limits *limits,
              void (*setup)(void *arg, uint64_t lane, struct lane_config *out),
              void *arg)
{
    struct scheduler *s = xcalloc(1, sizeof(*s));

    assert(limits->slots > 0 && limits->lane_window > 0);
    s->limits = *limits;
    s->setup = setup;
    s->setup_arg = arg;
    s->event_bytes = limits->event_bytes;
    return s;
}

void
scheduler_free(struct scheduler *s)
{
    size_t at = 0;
    uint64_t number;
    void *value;

    if (s == NULL)
        return;
    assert(s->tasks.used == 0 && s->dropped.count == 0 &&
           s->expired.count == 0);
    while (map_next(&s->lanes, &at, &number, &value))
        free(value);
    for (at = 0; map_next(&s->sites, &at, &number, &value);)
        free(value);
    map_free(&s->sites);
    map_free(&s->lanes);
    map_free(&s->tasks);
    due_heap_free(&s->due);
    due_heap_free(&s->starts);
    due_heap_free(&s->away);
    due_heap_free(&s->ripening);
    free(s);
}

/* --- lanes --------------------------------------------------------------- */

struct lane *
scheduler_lane(struct scheduler *s, uint64_t number, uint32_t shard)
{
    struct lane *lane = map_get(&s->lanes, number);

    assert(shard < LANE_SHARDS);
    if (lane != NULL)
        return lane;
    lane = xcalloc(1, sizeof(*lane));
    lane->site = scheduler_site(s, number, shard);
    lane->site->lane_count++;
    lane->number = number;
    lane->ripening.lane = lane;
    lane->gap_us = NEVER;
    lane->missed_us = NEVER;
    lane->event_bytes = s->event_bytes;
    (void)map_put(&s->lanes, number, lane);
    return lane;
}

void
scheduler_free_lane(struct scheduler *s, struct lane *lane)
{
    size_t i;

    assert(lane->known == 0);
    for (i = 0; i < LANES_RINGS; i++)
        ring_remove(&lane->links[i]);
    ring_remove(&lane->blocked_link);
    due_remove(&s->due, &lane->due);
    due_remove(&s->ripening, &lane->ripening.due);
    (void)map_remove(&s->lanes, lane->number);
    lane->site->lane_count--;
    scheduler_refresh_site(s, lane->site);
    free(lane);
}

static size_t
at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static size_t
at_least(size_t n, size_t least)
{
    return n > least ? n : least;
}

/* What a lane may have for the sake of its next batch. */
static size_t
batch_cap(const struct scheduler *s, const struct site *site, size_t part)
{
    return at_most(site->config.batch_max,
                   at_least(s->limits.tasks / part, UNPROVEN_TASKS));
}

size_t
scheduler_lane_cap(const struct scheduler *s, const struct lane *lane)
{
    const struct site *site = lane->site;
    size_t window = lane->site->config.fifo ? 1 : site->policy.window_max;
    size_t cap = at_least(s->limits.tasks / (s->active + 1), 2 * window);
    size_t task_bytes = lane->event_bytes + lane->answer_bytes;

    if (site->endpoint.breaker != BREAKER_CLOSED)
        return 1;
    if (scheduler_group(site->class) == GROUP_UNPROVEN)
        return at_least(batch_cap(s, site, UNPROVEN_BATCH), UNPROVEN_TASKS);
    if (site->class == CLASS_SLOW)
        cap = 2 * window;
    if (site->config.rate > 0)
        cap = at_most(cap, 2 * (size_t)site->config.rate);
    cap = at_least(cap, batch_cap(s, site, PROVEN_BATCH));
    if (s->limits.bytes > 0 && task_bytes > 0)
        cap = at_most(
            cap, at_least(s->limits.bytes / (s->active + 1) / task_bytes, 2));
    return at_most(cap, LANE_TASKS_MAX);
}

/* With more than that in memory a lane need not be read. */
static size_t
enough(const struct scheduler *s, const struct lane *lane)
{
    size_t cap = scheduler_lane_cap(s, lane);
    size_t batch = lane->site->config.batch_max;

    return batch > 1 && cap > 1 ? at_least(cap / 2, at_most(batch, cap) - 1)
                                : cap / 2;
}

void
scheduler_place(struct scheduler *s, struct lane *lane)
{
    struct site *site = lane->site;
    bool fifo = site->config.fifo;
    bool retry = fifo ? lane->queues[0].count > 0 &&
                            lane->queues[0].head->job.attempts > 0
                      : lane->queues[RETRY].count > 0;
    bool fresh = lane->queues[FRESH].count > 0 && !(fifo && retry);
    bool waits = lane->queues[FRESH].count + lane->queues[RETRY].count > 0;
    bool hungry = lane->more && !lane->reading &&
                  (!fifo || lane->blocked_us <= s->now_us) &&
                  lane->queued <= enough(s, lane);

    if (fifo && !scheduler_fifo_may_run(s, lane))
        fresh = retry = false;
    if (scheduler_has_batches(site))
        scheduler_batch_ripen(s, lane, &fresh, &retry);
    else
        due_remove(&s->ripening, &lane->ripening.due);
    ring_set(fresh ? &site->lanes[LANES_FRESH] : NULL,
             &lane->links[LANES_FRESH], lane);
    ring_set(retry ? &site->lanes[LANES_RETRY] : NULL,
             &lane->links[LANES_RETRY], lane);
    ring_set(waits ? &site->lanes[LANES_WAITING] : NULL,
             &lane->links[LANES_WAITING], lane);
    ring_set(hungry ? &site->lanes[LANES_HUNGRY] : NULL,
             &lane->links[LANES_HUNGRY], lane);
    ring_set(fifo && lane->blocked_us > s->now_us ? &s->blocked : NULL,
             &lane->blocked_link, lane);
}

void
scheduler_refresh(struct scheduler *s, struct lane *lane)
{
    /* Whatever waits behind a job that is missing would wait for ever if there
       were no room for that one. */
    if (scheduler_fifo_has_gap(lane))
        scheduler_drop_waiting(s, lane, &s->dropped);
    scheduler_place(s, lane);
    scheduler_refresh_site(s, lane->site);
}

/* --- room ------------------------------------------------------------------ */

/* A lane that has nothing gets one in even when memory is full, so that no
   backlog of others can shut it out. */
size_t
scheduler_room(const struct scheduler *s, const struct lane *lane,
               size_t planned)
{
    size_t used = s->tasks.used + planned;

    if (used < s->limits.tasks)
        return s->limits.tasks - used;
    return lane->known == 0 && used < s->limits.tasks + s->limits.tasks / 4;
}

/* --- configuration and shards ------------------------------------------------- */

/* Whoever resumes it, or has changed its address, wants it to be tried. */
static bool
is_new_start(const struct lane_config *before, const struct lane_config *after)
{
    return (before->mode == LANE_HELD) != (after->mode == LANE_HELD) ||
           before->receiver != after->receiver;
}

/* What its first job waited for is over: others may run without it now. */
static void
end_wait(struct lane *lane)
{
    lane->blocked_us = 0;
    lane->more = true;
}

void
scheduler_reconfigure(struct scheduler *s, struct task_list *dropped)
{
    size_t at = 0;
    uint64_t number;
    void *value;

    while (map_next(&s->sites, &at, &number, &value)) {
        struct site *site = value;

        site->before = site->config;
        scheduler_ask_setup(s, site);
        if (is_new_start(&site->before, &site->config))
            scheduler_start_anew(s, site);
        else if (site->before.fifo && !site->config.fifo)
            scheduler_disown_block(site);
    }
    for (at = 0; map_next(&s->lanes, &at, &number, &value);) {
        struct lane *lane = value;
        const struct lane_config *config = &lane->site->config;
        const struct lane_config *before = &lane->site->before;

        if (config->mode == LANE_HELD || config->fifo != before->fifo)
            scheduler_drop_waiting(s, lane, dropped);
        else if (before->mode == LANE_HELD)
            lane->more = true; /* whatever came meanwhile was not read */
        if (config->fifo != before->fifo)
            end_wait(lane);
        scheduler_refresh(s, lane);
    }
    for (at = 0; map_next(&s->sites, &at, &number, &value);)
        scheduler_refresh_site(s, value);
}

static void
drop_tests(struct scheduler *s, uint32_t shard, struct task_list *dropped)
{
    struct task_list kept = TASK_LIST_INIT;
    struct task *task;

    while ((task = task_list_pop(&s->tests)) != NULL) {
        if (task->lane->site->shard != shard) {
            task_list_add(&kept, task);
            continue;
        }
        task->state = TASK_DONE;
        scheduler_forget(s, task);
        task_list_add(dropped, task);
    }
    s->tests = kept;
}

void
scheduler_leave_shard(struct scheduler *s, uint32_t shard, bool lost,
                      struct task_list *dropped)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    drop_tests(s, shard, dropped);
    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        if (lane->site->shard != shard)
            continue;
        scheduler_drop_waiting(s, lane, dropped);
        lane->more = false;
        lane->mark_us = 0;
        lane->blocked_us = 0;
        lane->gap_us = NEVER;
        lane->missed_us = NEVER;
        due_remove(&s->due, &lane->due);
        scheduler_refresh(s, lane);
    }
    for (at = 0; lost && map_next(&s->tasks, &at, &key, &value);) {
        struct task *task = value;

        if (task->lane->site->shard == shard)
            task->orphan = true;
    }
}

size_t
scheduler_shard_tasks(const struct scheduler *s, uint32_t shard)
{
    return s->shard_tasks[shard];
}

struct scheduler_counts
scheduler_counts(const struct scheduler *s)
{
    struct scheduler_counts counts = {
        .tasks = s->tasks.used,
        .running = s->inflight.tasks,
        .unproven = s->shares[SHARE_UNPROVEN].tasks,
        .aged = s->shares[SHARE_AGED].tasks,
        .slow = s->shares[SHARE_SLOW].tasks,
        .bytes = s->inflight.bytes,
        .lanes = s->lanes.used,
        .local = s->local.count,
        .away = s->away.count,
    };
    size_t i;

    for (i = 0; i < CLASS_COUNT; i++)
        counts.hungry += s->hungry[i].count;
    return counts;
}
