/*
 * scheduler_read.c - which lanes to read, and what is known about the jobs
 * that are not in memory; see scheduler.h.
 *
 * A lane is read from its mark on: the time of the last row that was taken.
 * Rows of exactly that time may be in memory still (`ties`), so so many more
 * are asked for; that way every read makes progress. The mark is a short cut
 * only: a row below it (transactions commit out of order) is found when the
 * heads of the lanes are compared with what is in memory.
 */
#include "scheduler_lane.h"

#include <assert.h>

#define EXPIRED_ROWS 100
#define LOOKS 16 /* lanes looked at for each one that may be read */
/* No transaction that makes jobs lives longer. */
#define COMMIT_US INT64_C(60000000)

static bool
is_ours(const struct job_row *row)
{
    return row->kind == JOB_DELIVER || row->kind == JOB_PROCESS ||
           row->kind == JOB_FANOUT || row->kind == JOB_REPLAY ||
           row->kind == JOB_POLL;
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void
scheduler_miss(struct lane *lane, int64_t due_us)
{
    /* What is being read began at another mark. */
    if (lane->reading)
        lane->missed_us = earlier(lane->missed_us, due_us);
    if (due_us < lane->mark_us) {
        lane->mark_us = due_us;
        lane->ties = lane->known;
    }
    lane->gap_us = earlier(lane->gap_us, due_us);
    lane->more = true;
}

void
scheduler_due_no_later(struct scheduler *s, struct lane *lane, int64_t at_us)
{
    if (lane->due.place == 0 || lane->due.at_us > at_us)
        due_set(&s->due, &lane->due, at_us);
}

/* From the tail rows come by their ids: in memory they would be in the wrong
   order, and what waits in the database came before them. */
static bool
may_jump(const struct lane *lane)
{
    return lane->site->config.mode != LANE_HELD && !lane->site->config.fifo &&
           !lane->more;
}

struct task *
scheduler_offer(struct scheduler *s, const struct job_row *row,
                const struct scheduler_now *now)
{
    struct task *task = NULL;
    struct lane *lane;

    scheduler_hear_both(s, now);
    if (map_get(&s->tasks, row->id) != NULL)
        return NULL;
    lane = scheduler_lane(s, row->lane, row->shard);
    if (!is_ours(row))
        return NULL;
    if (row->due_us > now->database_us) {
        scheduler_due_no_later(s, lane, scheduler_to_mono(now, row->due_us));
        return NULL;
    }
    if (row->test || may_jump(lane))
        task = scheduler_take(s, lane, row);
    if (task == NULL)
        scheduler_miss(lane, row->due_us);
    scheduler_refresh(s, lane);
    return task;
}

/* --- planning ---------------------------------------------------------------- */

/* Rows of a FIFO lane appear in their order, but not those that are to be
   delivered at a certain time: the mark may have followed one of these past a
   row that was not committed yet, and nothing after that row may run first. */
static int64_t
read_from(const struct lane *lane)
{
    if (!lane->site->config.fifo)
        return lane->mark_us;
    return lane->mark_us > COMMIT_US ? lane->mark_us - COMMIT_US : 0;
}

static void
plan_read(struct lane *lane, size_t want, struct lane_read *read)
{
    int64_t from_us = read_from(lane);
    /* Never read: what came through the tail is there as well. */
    size_t ties = lane->mark_us == 0 || from_us != lane->mark_us ? lane->known
                                                                 : lane->ties;

    *read = (struct lane_read){
        .lane = lane->number,
        .shard = lane->site->shard,
        .limit = (uint32_t)(want + ties),
        .from_us = from_us,
        .fifo = lane->site->config.fifo,
    };
    lane->site->reading++;
    lane->reading = true;
    lane->refused = false;
    lane->asked = read->limit;
    lane->returned = 0;
    lane->refused_us = NEVER;
    lane->future_us = NEVER;
    lane->missed_us = NEVER;
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

    /* Before the one that may be a probe there may be many that are too old. */
    if (lane->site->config.ttl_us > 0 && want == 1)
        want = EXPIRED_ROWS;
    return want < room ? want : room;
}

/* The classes take turns, and those who got none are passed over; among new
   ones the longest and the latest in wait do. What is planned counts as there:
   what finds no room would have been read for nothing. */
static struct site *
next_hungry(struct scheduler *s, const struct amount planned[CLASS_COUNT])
{
    unsigned i;

    for (i = 0; i < CLASS_COUNT; i++) {
        unsigned turn = s->read_turn++;
        enum site_class class = (enum site_class)(turn % CLASS_COUNT);
        const struct ring *ring = &s->hungry[class];

        if (ring->count == 0 || !scheduler_has_memory_for(s, class, planned))
            continue;
        return class == CLASS_NEW && turn / CLASS_COUNT % 2 == 1
                   ? ring_last(ring)
                   : ring_first(ring);
    }
    return NULL;
}

size_t
scheduler_plan_reads(struct scheduler *s, struct lane_read *reads, size_t max)
{
    struct amount planned[CLASS_COUNT] = {{0, 0}};
    size_t n = 0, rows = 0, looks = max * LOOKS;
    struct site *site;

    while (n < max && looks-- > 0 && (site = next_hungry(s, planned)) != NULL) {
        struct lane *lane = ring_first(&site->lanes[LANES_HUNGRY]);
        size_t want = wanted(s, lane, rows);

        rows += want;
        planned[site->class].tasks += want;
        planned[site->class].bytes += want * lane->event_bytes;
        /* Behind the others, if they are hungry still. */
        ring_remove(&lane->links[LANES_HUNGRY]);
        ring_remove(&site->links[SITE_HUNGRY]);
        if (want > 0)
            plan_read(lane, want, &reads[n++]);
        scheduler_refresh(s, lane);
    }
    return n;
}

/* --- taking in ----------------------------------------------------------------- */

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

static void
refuse(struct lane *lane, const struct job_row *row)
{
    lane->refused = true;
    lane->refused_us = row->due_us;
}

struct task *
scheduler_offer_read(struct scheduler *s, const struct job_row *row,
                     const struct scheduler_now *now)
{
    struct lane *lane = map_get(&s->lanes, row->lane);
    struct task *task = NULL;
    bool new;

    assert(lane != NULL && lane->reading);
    scheduler_hear_both(s, now);
    lane->returned++;
    if (row->due_us > now->database_us) {
        lane->future_us = earlier(lane->future_us, row->due_us);
        return NULL;
    }
    new = is_ours(row) && map_get(&s->tasks, row->id) == NULL;
    if (lane->site->config.fifo && new && !row->test && !lane->refused &&
        scheduler_fifo_is_blocked(lane, row, now))
        refuse(lane, row);
    if (lane->refused && !(new && row->test))
        return NULL;
    if (new) {
        task = scheduler_take(s, lane, row);
        if (task == NULL)
            refuse(lane, row);
    }
    if (!lane->refused)
        pass(lane, row);
    return task;
}

/* What a read that came to its end says about the rest of the lane. */
static void
conclude(struct scheduler *s, struct lane *lane,
         const struct scheduler_now *now)
{
    lane->gap_us = lane->refused_us;
    if (lane->future_us != NEVER) {
        lane->more = lane->refused;
        due_set(&s->due, &lane->due, scheduler_to_mono(now, lane->future_us));
    } else if (lane->refused || lane->returned >= lane->asked) {
        lane->more = true;
    } else {
        lane->more = false;
        due_remove(&s->due, &lane->due);
    }
    if (lane->site->config.fifo && lane->blocked_us > s->now_us) {
        lane->more = false;
        due_set(&s->due, &lane->due, lane->blocked_us);
    }
}

void
scheduler_end_read(struct scheduler *s, const struct lane_read *read,
                   const struct scheduler_now *now, bool failed)
{
    struct lane *lane = map_get(&s->lanes, read->lane);

    assert(lane != NULL && lane->reading);
    lane->reading = false;
    lane->site->reading--;
    if (failed)
        lane->ties = lane->known;
    else
        conclude(s, lane, now);
    if (lane->missed_us != NEVER) {
        int64_t missed_us = lane->missed_us;

        lane->missed_us = NEVER;
        scheduler_miss(lane, missed_us);
    }
    scheduler_refresh(s, lane);
}
