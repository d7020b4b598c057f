/*
 * scheduler_read.c - what is known about the jobs that are not in memory, and
 * which lanes to read; see scheduler.h.
 *
 * A lane is read from its mark on: the time of the last row that was taken.
 * Rows of exactly that time may be in memory still (`ties`), so so many more
 * are asked for; that way every read makes progress. The mark is a short cut
 * only: a row below it (transactions commit out of order) is found when the
 * heads of the lanes are compared with what is in memory.
 */
#include "scheduler_lane.h"

#include <assert.h>
#include <stdlib.h>

static bool
is_ours(const struct job_row *row)
{
    return row->kind == JOB_DELIVER || row->kind == JOB_PROCESS;
}

static int64_t
to_mono(const struct scheduler_now *now, int64_t database_us)
{
    return now->now_us + (database_us - now->database_us);
}

void
scheduler_miss(struct scheduler *s, struct lane *lane, int64_t due_us)
{
    if (due_us < lane->mark_us) {
        lane->mark_us = due_us;
        lane->ties = lane->known;
    }
    lane->more = true;
    scheduler_refresh(s, lane);
}

static void
due_no_later(struct scheduler *s, struct lane *lane, int64_t at_us)
{
    if (lane->due.place == 0 || lane->due.at_us > at_us)
        due_set(&s->due, &lane->due, at_us);
}

struct task *
scheduler_offer(struct scheduler *s, const struct job_row *row,
                const struct scheduler_now *now)
{
    struct lane *lane;
    struct task *task;

    if (map_get(&s->tasks, row->id) != NULL)
        return NULL;
    lane = scheduler_lane(s, row->lane, row->shard);
    if (!is_ours(row))
        return NULL;
    if (row->due_us > now->database_us) {
        due_no_later(s, lane, to_mono(now, row->due_us));
        return NULL;
    }
    /* What waits in the database came before this one. */
    task = !row->test && (lane->more || lane->config.mode == LANE_HELD)
               ? NULL
               : scheduler_take(s, lane, row);
    if (task == NULL)
        scheduler_miss(s, lane, row->due_us);
    return task;
}

static void
plan_read(struct lane *lane, size_t want, struct lane_read *read)
{
    /* Never read: what came through the tail is there as well. */
    size_t ties = lane->mark_us == 0 ? lane->known : lane->ties;

    *read = (struct lane_read){
        .lane = lane->number,
        .shard = lane->shard,
        .limit = (uint32_t)(want + ties),
        .from_us = lane->mark_us,
    };
    lane->reading = true;
    lane->refused = false;
    lane->asked = read->limit;
    lane->returned = 0;
    lane->future_us = NEVER;
    lane->ties = 0;
}

/* How many jobs to ask for, when so many are asked for already. What a lane
   may have depends on the others: its place in the ring may be out of date. */
static size_t
wanted(const struct scheduler *s, const struct lane *lane, size_t planned)
{
    size_t cap = scheduler_lane_cap(s, lane);
    size_t room = scheduler_room(s, lane, planned);
    size_t want = cap > lane->queued ? cap - lane->queued : 0;

    return want < room ? want : room;
}

size_t
scheduler_plan_reads(struct scheduler *s, struct lane_read *reads, size_t max)
{
    size_t n = 0, planned = 0, looks = s->rings[RING_HUNGRY].count;

    while (n < max && looks-- > 0) {
        struct lane *lane = scheduler_ring_pop(s, RING_HUNGRY);
        size_t want = wanted(s, lane, planned);

        if (want > 0)
            plan_read(lane, want, &reads[n++]);
        else
            scheduler_refresh(s, lane); /* behind the others, if hungry still */
        planned += want;
    }
    return n;
}

/* The row is in memory, or none of our business: the mark may pass it. */
static void
pass(struct lane *lane, const struct job_row *row)
{
    if (row->due_us > lane->mark_us) {
        lane->mark_us = row->due_us;
        lane->ties = 0;
    }
    if (row->due_us == lane->mark_us)
        lane->ties++;
}

struct task *
scheduler_offer_read(struct scheduler *s, const struct job_row *row,
                     const struct scheduler_now *now)
{
    struct lane *lane = map_get(&s->lanes, row->lane);
    struct task *task = NULL;

    assert(lane != NULL && lane->reading);
    lane->returned++;
    if (row->due_us > now->database_us) {
        if (row->due_us < lane->future_us)
            lane->future_us = row->due_us;
        return NULL;
    }
    if (lane->refused)
        return NULL;
    if (is_ours(row) && map_get(&s->tasks, row->id) == NULL) {
        task = scheduler_take(s, lane, row);
        if (task == NULL) {
            lane->refused = true;
            return NULL;
        }
    }
    pass(lane, row);
    return task;
}

void
scheduler_end_read(struct scheduler *s, const struct lane_read *read,
                   const struct scheduler_now *now, bool failed)
{
    struct lane *lane = map_get(&s->lanes, read->lane);

    assert(lane != NULL && lane->reading);
    lane->reading = false;
    if (failed) {
        lane->ties = lane->known;
    } else if (lane->future_us != NEVER) {
        lane->more = lane->refused;
        due_set(&s->due, &lane->due, to_mono(now, lane->future_us));
    } else if (lane->refused || lane->returned >= lane->asked) {
        lane->more = true;
    } else {
        lane->more = false;
        due_remove(&s->due, &lane->due);
    }
    scheduler_refresh(s, lane);
}

void
scheduler_begin_heads(struct scheduler *s)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        lane->headed = false;
        lane->oldest_us = NEVER;
    }
    for (at = 0; map_next(&s->tasks, &at, &key, &value);) {
        struct task *task = value;

        if (task->job.due_us < task->lane->oldest_us)
            task->lane->oldest_us = task->job.due_us;
    }
}

void
scheduler_head(struct scheduler *s, const struct lane_head *head,
               const struct scheduler_now *now)
{
    struct lane *lane = scheduler_lane(s, head->lane, head->shard);

    lane->headed = true;
    if (head->due_us > now->database_us) {
        due_set(&s->due, &lane->due, to_mono(now, head->due_us));
        return;
    }
    if (head->due_us > lane->mark_us) {
        lane->mark_us = head->due_us; /* there is nothing before it */
        lane->ties = lane->known;
    }
    /* The oldest is in memory: nothing was missed before it. */
    if (head->due_us >= lane->oldest_us)
        return;
    lane->mark_us = head->due_us;
    lane->ties = lane->known;
    lane->more = true;
    scheduler_refresh(s, lane);
}

void
scheduler_end_heads(struct scheduler *s)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        if (lane->headed)
            continue;
        lane->more = false;
        due_remove(&s->due, &lane->due);
        scheduler_refresh(s, lane);
        if (lane->known > 0)
            continue;
        (void)map_remove(&s->lanes, key);
        free(lane);
    }
}

void
scheduler_tick(struct scheduler *s, int64_t now_us)
{
    struct due *due;

    while ((due = due_top(&s->due)) != NULL && due->at_us <= now_us) {
        struct lane *lane = (struct lane *)due; /* its first member */

        due_remove(&s->due, due);
        lane->more = true;
        scheduler_refresh(s, lane);
    }
}

int64_t
scheduler_next_due(const struct scheduler *s)
{
    const struct due *due = due_top(&s->due);

    return due == NULL ? NEVER : due->at_us;
}
