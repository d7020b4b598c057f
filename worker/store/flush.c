/*
 * flush.c - see flush.h.
 */
#include "flush.h"

#include "alloc.h"
#include "batch.h"
#include "clock.h"
#include "fanout.h"
#include "id.h"
#include "ledger.h"
#include "log.h"
#include "process.h"
#include "replay.h"
#include "settle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define TRIES 4 /* of a transaction that the database rolls back */
#define PARK_US (30 * CLOCK_US_PER_S)
/* Of what one batch is made of, after which nothing more joins it: of a record
   several copies are made on its way. */
#define BATCH_BYTES ((size_t)16 << 20)

struct flush {
    struct flush_peers peers;
    struct process *process;
    struct ledger *ledger;
    struct batch *batch;
    struct task_list pending;
    struct task_list parked; /* results that the database refuses */
    int64_t parked_until_us;
    bool told_fault;     /* of the database, in this run */
    int64_t since_us;    /* when the oldest pending one came */
    struct task **tasks; /* the batch being written; NULL = settled */
    size_t max;
    size_t bytes; /* of the tasks of the batch */
    unsigned turn;
    uint64_t written;
};

struct flush *
flush_new(const struct flush_peers *peers)
{
    struct flush *flush = xcalloc(1, sizeof(*flush));

    flush->peers = *peers;
    flush->max = (size_t)peers->settings->flush_rows;
    flush->process = process_new(&(struct process_peers){
        .settings = peers->settings,
        .desk = peers->desk,
        .payloads = peers->payloads,
        .ids = &peers->lease->ids,
    });
    flush->ledger = ledger_new(peers->desk, flush->max);
    flush->batch = batch_new(flush->process, flush->ledger, flush->max);
    batch_use_notices(flush->batch, peers->notices);
    flush->tasks = xcalloc(flush->max, sizeof(struct task *));
    return flush;
}

/* Forgets the tasks of a list: their jobs will be read again. */
static void
put_back(struct flush *flush, struct task_list *list)
{
    struct task_list freed = TASK_LIST_INIT;
    struct scheduler *scheduler = desk_lock(flush->peers.desk);
    struct task *task;

    while ((task = task_list_pop(list)) != NULL) {
        /* Its shard may be ours again, and others have passed it over. */
        if (!lease_owns(flush->peers.lease, task->job.shard))
            scheduler_forget(scheduler, task);
        else
            scheduler_put_back(scheduler, task);
        task_list_add(&freed, task);
    }
    desk_unlock(flush->peers.desk);
    payloads_free_tasks(flush->peers.payloads, &freed);
}

void
flush_free(struct flush *flush)
{
    if (flush == NULL)
        return;
    put_back(flush, &flush->pending);
    put_back(flush, &flush->parked);
    batch_free(flush->batch);
    ledger_free(flush->ledger);
    process_free(flush->process);
    free(flush->tasks);
    free(flush);
}

size_t
flush_waiting(const struct flush *flush)
{
    return flush->pending.count + flush->parked.count;
}

size_t
flush_parked(const struct flush *flush)
{
    return flush->parked.count;
}

uint64_t
flush_written(const struct flush *flush)
{
    return flush->written;
}

static bool
is_result(const struct task *task)
{
    return !task->orphan && task->attempt.outcome.kind != OUTCOME_DROPPED;
}

/* A shard that we are to give away goes when nothing of it is in memory, and
   nobody works in it before. */
static void
look_at_parked(struct flush *flush, struct task_list *came,
               struct task_list *dropped)
{
    bool over = clock_mono_us() >= flush->parked_until_us;
    struct task_list parked = flush->parked;
    struct task *task;

    flush->parked = TASK_LIST_INIT;
    while ((task = task_list_pop(&parked)) != NULL) {
        if (!lease_owns(flush->peers.lease, task->job.shard))
            task_list_add(dropped, task);
        else
            task_list_add(over ? came : &flush->parked, task);
    }
}

void
flush_collect(struct flush *flush)
{
    struct task_list came = TASK_LIST_INIT, dropped = TASK_LIST_INIT;
    bool was_empty = flush->pending.count == 0;
    struct task *task;

    desk_collect(flush->peers.desk, &came);
    look_at_parked(flush, &came, &dropped);
    while ((task = task_list_pop(&came)) != NULL)
        task_list_add(is_result(task) ? &flush->pending : &dropped, task);
    if (was_empty && flush->pending.count > 0)
        flush->since_us = clock_mono_us();
    if (dropped.count > 0)
        put_back(flush, &dropped);
}

int64_t
flush_due(struct flush *flush)
{
    struct scheduler_counts counts;

    counts = scheduler_counts(desk_lock(flush->peers.desk));
    desk_unlock(flush->peers.desk);
    if (counts.local > 0 || flush->pending.count >= flush->max)
        return 0;
    if (flush->pending.count > 0)
        return flush->since_us +
               flush->peers.settings->flush_ms * CLOCK_US_PER_MS;
    return flush->parked.count > 0 ? flush->parked_until_us : INT64_MAX;
}

/* A task that needs no delivery loop: an inbound event to process when the
   batch is written, or a job whose subscription is gone. False: it has a
   subscription again, and is to be read anew. */
static bool
prepare_local(const struct flush *flush, struct task *task)
{
    task->attempt = (struct attempt){.obstacle = OBSTACLE_NO_QUESTION};
    if (task->job.kind == JOB_PROCESS || task->job.kind == JOB_POLL)
        return true;
    if (catalog_subscription(flush->peers.follower->snapshot,
                             lane_owner_id(task->job.lane)) != NULL)
        return false;
    task->attempt.outcome = (struct outcome){.kind = OUTCOME_CANCELLED};
    (void)snprintf(task->attempt.error, sizeof(task->attempt.error), "%s",
                   "subscription deleted");
    return true;
}

static void
join(struct flush *flush, size_t at, struct task *task)
{
    flush->tasks[at] = task;
    flush->bytes += task->attempt.body_len;
    if (task->job.kind == JOB_PROCESS)
        flush->bytes += task->event_bytes;
}

static size_t
take_local(struct flush *flush, size_t n, size_t max, size_t max_bytes)
{
    struct task_list back = TASK_LIST_INIT;
    struct scheduler *scheduler = desk_lock(flush->peers.desk);
    int64_t now_us = clock_mono_us();
    struct task *task;

    while (n < max && flush->bytes < max_bytes &&
           (task = scheduler_next_local(scheduler)) != NULL) {
        scheduler_end(scheduler, task, now_us, 0);
        if (task->job.kind == JOB_FANOUT)
            fanout_add(flush->peers.fanout, task);
        else if (task->job.kind == JOB_REPLAY)
            replayer_add(flush->peers.replayer, task);
        else if (prepare_local(flush, task))
            join(flush, n++, task);
        else
            task_list_add(&back, task);
    }
    desk_unlock(flush->peers.desk);
    put_back(flush, &back);
    return n;
}

static size_t
take_pending(struct flush *flush, size_t n, size_t max)
{
    struct task_list dropped = TASK_LIST_INIT;
    struct task *task;

    while (n < max && flush->bytes < BATCH_BYTES &&
           (task = task_list_pop(&flush->pending)) != NULL) {
        if (task->orphan)
            task_list_add(&dropped, task);
        else
            join(flush, n++, task);
    }
    put_back(flush, &dropped);
    return n;
}

static int
compare_ids(const void *left, const void *right)
{
    const struct task *const *a = left, *const *b = right;

    return (*a)->job.id < (*b)->job.id ? -1 : (*a)->job.id > (*b)->job.id;
}

/* Half of the batch at most is local work, unless nothing else waits; of a
   batch of one every other. */
static size_t
compose(struct flush *flush)
{
    size_t n;

    flush->bytes = 0;
    n = take_local(flush, 0, (flush->max + flush->turn++ % 2) / 2,
                   BATCH_BYTES / 2);
    n = take_pending(flush, n, flush->max);
    n = take_local(flush, n, flush->max, BATCH_BYTES);
    qsort(flush->tasks, n, sizeof(struct task *), compare_ids);
    return n;
}

static void
settle(struct flush *flush, size_t from, size_t count, enum batch_manner manner)
{
    if (manner == BATCH_FULL)
        (void)notices_tell(flush->peers.notices, flush->peers.doorbell);
    settle_batch(&flush->peers, flush->batch, flush->process,
                 flush->tasks + from, count, manner);
    flush->written += count;
}

static enum db_result
try_batch(struct flush *flush, size_t from, size_t count,
          enum batch_manner manner)
{
    enum db_result result = DB_AGAIN;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        result = batch_write(flush->batch, flush->peers.db, flush->peers.lease,
                             flush->peers.follower->snapshot,
                             flush->tasks + from, count, manner);
        /* A duplicate: an id that was made twice; the next ones differ. */
        if (result != DB_AGAIN && result != DB_UNKNOWN &&
            result != DB_DUPLICATE)
            break;
    }
    return result == DB_DUPLICATE ? DB_BROKEN : result;
}

/* A table that is broken, or a right that is missing, says nothing about the
   row: what it has to tell is written when that is put right. */
static bool
is_fault_of_row(const struct db *db)
{
    return db_error_is_of_value(db) ||
           db_classify(db_error_number(db)) == DB_DUPLICATE;
}

static void
park(struct flush *flush, size_t at)
{
    task_list_add(&flush->parked, flush->tasks[at]);
    flush->parked_until_us = clock_mono_us() + PARK_US;
    flush->tasks[at] = NULL;
}

/* Nothing is known of the row: it may be as good as all the others. */
static void
park_for_fault(struct flush *flush, size_t at)
{
    if (!flush->told_fault)
        log_error(LOGGER,
                  LOG_FIELDS(LOG_TEXT("error", db_error_text(flush->peers.db))),
                  "Results cannot be stored, and are tried again every %d s",
                  (int)(PARK_US / CLOCK_US_PER_S));
    flush->told_fault = true;
    park(flush, at);
}

/* One result that cannot be written as it is. */
static enum db_result
write_poison(struct flush *flush, size_t at)
{
    enum db_result result;
    char id[ID_TEXT_MAX];

    if (!is_fault_of_row(flush->peers.db)) {
        park_for_fault(flush, at);
        return DB_OK;
    }
    id_format(ID_DELIVERY, flush->tasks[at]->job.id, id);
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("delivery", id),
                         LOG_TEXT("error", db_error_text(flush->peers.db))),
              "A result cannot be stored");
    result = try_batch(flush, at, 1, BATCH_BARE);
    if (result == DB_OK)
        settle(flush, at, 1, BATCH_BARE);
    else if (result == DB_BROKEN)
        park(flush, at);
    return result == DB_BROKEN ? DB_OK : result;
}

static enum db_result
write_range(struct flush *flush, size_t from, size_t count)
{
    enum db_result result = try_batch(flush, from, count, BATCH_FULL);

    if (result == DB_OK)
        settle(flush, from, count, BATCH_FULL);
    /* Who is not let in learns nothing of a row. */
    if (result != DB_BROKEN || !db_connected(flush->peers.db))
        return result;
    if (count == 1)
        return write_poison(flush, from);
    result = write_range(flush, from, count / 2);
    if (result == DB_OK)
        result = write_range(flush, from + count / 2, count - count / 2);
    return result;
}

/* What was not settled waits again, before everything else. */
static void
keep_rest(struct flush *flush, size_t count)
{
    struct task_list rest = TASK_LIST_INIT;
    size_t i;

    for (i = 0; i < count; i++) {
        if (flush->tasks[i] != NULL)
            task_list_add(&rest, flush->tasks[i]);
        flush->tasks[i] = NULL;
    }
    task_list_append(&rest, &flush->pending);
    flush->pending = rest;
    flush->since_us = clock_mono_us();
}

enum db_result
flush_run(struct flush *flush)
{
    enum db_result result;
    size_t count;

    assert(flush->peers.follower->snapshot != NULL);
    count = compose(flush);
    if (count == 0)
        return DB_OK;
    flush->told_fault = false;
    result = write_range(flush, 0, count);
    keep_rest(flush, count);
    /* Finds out which shards are lost; their results become orphans. */
    if (result == DB_NONE)
        result = lease_tick(flush->peers.lease, flush->peers.db);
    return result;
}
