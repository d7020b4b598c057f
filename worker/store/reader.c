/*
 * reader.c - see reader.h.
 *
 * Ids are made in the order of time but committed in any order, so the tail
 * begins each time a little before the greatest id seen, further back where a
 * commit took longer, and once a second much further: the heads do not show
 * what was missed in a lane whose first job is in flight. What is in memory is
 * told apart by the scheduler. After a start the tail begins with the present: a
 * backlog is found by its heads and read lane by lane.
 */
#include "reader.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "poller.h"
#include "store_cursor.h"
#include "store_job.h"

#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define PAGE 1000                       /* rows of the tail read at once */
#define TESTS_US (600 * CLOCK_US_PER_S) /* somebody may still wait for them */
#define RECENT_US (2 * CLOCK_US_PER_S)  /* where the tail begins at a start */

/* How far back a look at the tail goes, and how often it goes so far: every row
   that waits there is read again each time. */
static const struct {
    int64_t overlap_us;
    int64_t every_us;
} looks[] = {
    {2 * CLOCK_US_PER_S, CLOCK_US_PER_S},
    {100 * CLOCK_US_PER_MS, 50 * CLOCK_US_PER_MS},
    {10 * CLOCK_US_PER_MS, 0},
};
#define LOOKS (sizeof(looks) / sizeof(looks[0]))

struct reader {
    struct reader_peers peers;
    uint64_t tail_id;       /* greatest id seen; 0 = not started */
    uint64_t resume_id;     /* where a pass over the tail goes on; 0 = anew */
    int64_t look_us[LOOKS]; /* monotonic: when that one is due */
    bool owes_look;         /* the last one was the shortest */
    struct job_page page;
    struct task **tasks; /* new ones of the page */
    size_t task_cap;
    bool warned_kind;
};

struct reader *
reader_new(const struct reader_peers *peers)
{
    struct reader *reader = xcalloc(1, sizeof(*reader));

    reader->peers = *peers;
    return reader;
}

void
reader_free(struct reader *reader)
{
    if (reader == NULL)
        return;
    job_page_free(&reader->page);
    free(reader->tasks);
    free(reader);
}

static enum db_result
refresh(struct reader *reader)
{
    return follower_refresh(reader->peers.follower, reader->peers.db,
                            reader->peers.desk, reader->peers.payloads);
}

static void
warn_of_kind(struct reader *reader, const struct job_row *row)
{
    if (row->kind == JOB_DELIVER || row->kind == JOB_PROCESS ||
        row->kind == JOB_FANOUT || row->kind == JOB_REPLAY ||
        row->kind == JOB_POLL || reader->warned_kind)
        return;
    reader->warned_kind = true;
    log_warning(LOGGER, LOG_FIELDS(LOG_INT("kind", row->kind)),
                "There are jobs that only a later version can do");
}

static struct task *
task_of(const struct reader *reader, size_t count, uint64_t job_id)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (reader->tasks[i]->job.id == job_id)
            return reader->tasks[i];
    }
    return NULL;
}

/* Pollers have no event, but a table and how far they have come. */
static enum db_result
load_orders(struct reader *reader, size_t count)
{
    uint64_t *ids = xcalloc(count, sizeof(*ids));
    struct cursor_list list = {NULL, 0};
    enum db_result result = DB_OK;
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (reader->tasks[i]->job.kind == JOB_POLL)
            ids[n++] = reader->tasks[i]->job.id;
    }
    if (n > 0)
        result = store_cursor_of_jobs(reader->peers.db, ids, n, &list);
    for (i = 0; i < list.count; i++) {
        const struct cursor *cursor = &list.rows[i];
        struct task *task = task_of(reader, count, cursor->job_id);

        if (task == NULL || task->poll != NULL)
            continue;
        task->poll = xcalloc(1, sizeof(*task->poll));
        (void)snprintf(task->poll->table, sizeof(task->poll->table), "%s",
                       cursor->table);
        (void)snprintf(task->poll->position, sizeof(task->poll->position), "%s",
                       cursor->position);
    }
    cursor_list_free(&list);
    free(ids);
    return result;
}

/* Gives new tasks their events; those that get none for want of memory or
   database are forgotten again. */
static enum db_result
load(struct reader *reader, size_t count)
{
    const struct reader_peers *peers = &reader->peers;
    struct scheduler *scheduler;
    enum db_result result;
    size_t served = 0, i;

    if (count == 0)
        return DB_OK;
    result = payloads_serve(peers->payloads, peers->db, reader->tasks, count,
                            &served);
    if (result == DB_OK) {
        result = load_orders(reader, served);
        if (result != DB_OK)
            served = 0;
    }
    scheduler = desk_lock(peers->desk);
    for (i = 0; i < served; i++)
        scheduler_ready(scheduler, reader->tasks[i]);
    for (i = served; i < count; i++)
        scheduler_put_back(scheduler, reader->tasks[i]);
    desk_unlock(peers->desk);
    for (i = served; i < count; i++)
        payloads_free_task(peers->payloads, reader->tasks[i]);
    if (served > 0)
        desk_wake_loop(peers->desk);
    return result;
}

static void
reserve_tasks(struct reader *reader)
{
    if (reader->task_cap >= reader->page.count)
        return;
    reader->task_cap = reader->page.count;
    reader->tasks =
        xreallocarray(reader->tasks, reader->task_cap, sizeof(struct task *));
}

/* Offers the page's rows of our shards; the tasks made of them are put into
   reader->tasks. The desk is locked. */
static size_t
offer_page(struct reader *reader, struct scheduler *scheduler,
           struct task *(*offer)(struct scheduler *s, const struct job_row *row,
                                 const struct scheduler_now *now),
           const struct scheduler_now *now)
{
    size_t i, n = 0;

    reserve_tasks(reader);
    for (i = 0; i < reader->page.count; i++) {
        const struct job_row *row = &reader->page.rows[i];
        struct task *task;

        if (row->shard >= LANE_SHARDS ||
            !lease_owns(reader->peers.lease, row->shard))
            continue;
        warn_of_kind(reader, row);
        task = offer(scheduler, row, now);
        if (task != NULL)
            reader->tasks[n++] = task;
    }
    return n;
}

static int64_t
overlap_us(struct reader *reader)
{
    int64_t now_us = clock_mono_us();
    size_t i = 0, k;

    while (i < LOOKS - 1 && now_us < reader->look_us[i])
        i++;
    for (k = i; k < LOOKS; k++) /* it covers the shorter ones */
        reader->look_us[k] = now_us + looks[k].every_us;
    reader->owes_look = i == LOOKS - 1;
    return looks[i].overlap_us;
}

int64_t
reader_tail_due(const struct reader *reader)
{
    return reader->owes_look ? reader->look_us[LOOKS - 2] : INT64_MAX;
}

static uint64_t
tail_start(struct reader *reader)
{
    int64_t now_us = clock_wall_us() + reader->peers.lease->offset_us;
    int64_t from_us = id_time_us(reader->tail_id);

    if (reader->resume_id != 0)
        return reader->resume_id;
    if (reader->tail_id == 0)
        return id_floor(now_us - RECENT_US);
    /* Ids of a host whose clock is ahead must not hide those of others. */
    if (from_us > now_us)
        from_us = now_us;
    return id_floor(from_us - overlap_us(reader));
}

enum db_result
reader_tail(struct reader *reader, bool *more)
{
    const struct reader_peers *peers = &reader->peers;
    struct job_page *page = &reader->page;
    struct scheduler_now now;
    enum db_result result;
    uint64_t last;
    size_t n;

    *more = false;
    now.now_us = clock_mono_us();
    result = store_job_tail(peers->db, tail_start(reader), PAGE, page);
    if (result != DB_OK || page->count == 0) {
        reader->resume_id = 0;
        return result;
    }
    result = refresh(reader);
    if (result != DB_OK)
        return result;
    now.database_us = page->now_us;
    n = offer_page(reader, desk_lock(peers->desk), scheduler_offer, &now);
    desk_unlock(peers->desk);
    last = page->rows[page->count - 1].id;
    if (last > reader->tail_id)
        reader->tail_id = last;
    *more = page->count == PAGE;
    reader->resume_id = *more ? last : 0;
    return load(reader, n);
}

enum db_result
reader_tests(struct reader *reader)
{
    const struct reader_peers *peers = &reader->peers;
    struct job_page *page = &reader->page;
    int64_t from_us = clock_wall_us() + peers->lease->offset_us - TESTS_US;
    uint64_t last = id_floor(from_us);
    enum db_result result;
    size_t n;

    do {
        struct scheduler_now now = {.now_us = clock_mono_us()};

        result = store_job_tests(peers->db, last, PAGE, page);
        if (result != DB_OK || page->count == 0)
            return result;
        result = refresh(reader);
        if (result != DB_OK)
            return result;
        now.database_us = page->now_us;
        last = page->rows[page->count - 1].id;
        n = offer_page(reader, desk_lock(peers->desk), scheduler_offer, &now);
        desk_unlock(peers->desk);
        result = load(reader, n);
    } while (result == DB_OK && page->count == PAGE);
    return result;
}

enum db_result
reader_lanes(struct reader *reader, size_t *read)
{
    const struct reader_peers *peers = &reader->peers;
    struct lane_read reads[STORE_LANES_MAX];
    struct scheduler *scheduler;
    struct scheduler_now now;
    enum db_result result;
    size_t i, n = 0, count = 0;

    *read = 0;
    if (!payloads_have_room(peers->payloads))
        return DB_OK;
    scheduler = desk_lock(peers->desk);
    count = scheduler_plan_reads(scheduler, reads, STORE_LANES_MAX);
    desk_unlock(peers->desk);
    if (count == 0)
        return DB_OK;
    now.now_us = clock_mono_us();
    result = store_job_lanes(peers->db, reads, count, &reader->page);
    now.database_us = reader->page.now_us;
    scheduler = desk_lock(peers->desk);
    if (result == DB_OK)
        n = offer_page(reader, scheduler, scheduler_offer_read, &now);
    for (i = 0; i < count; i++)
        scheduler_end_read(scheduler, &reads[i], &now, result != DB_OK);
    desk_unlock(peers->desk);
    *read = count;
    return result == DB_OK ? load(reader, n) : result;
}
