/*
 * batch.c - see batch.h.
 */
#include "batch.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "payloads.h"
#include "store_rollup.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_BODY_MAX 1024 /* bytes kept of a source's answer */

struct batch {
    struct process *process;
    struct ledger *ledger;
    struct notices *notices; /* or NULL */
    struct rollup *rollup;
    struct flush_row *rows;
    size_t max;
    char bare_error[256];     /* printable ASCII */
    struct scheduler_now now; /* of the last one */
};

struct batch *
batch_new(struct process *process, struct ledger *ledger, size_t max)
{
    struct batch *batch = xcalloc(1, sizeof(*batch));

    batch->process = process;
    batch->ledger = ledger;
    batch->rollup = rollup_new();
    batch->max = max;
    batch->rows = xcalloc(max, sizeof(*batch->rows));
    return batch;
}

void
batch_use_notices(struct batch *batch, struct notices *notices)
{
    batch->notices = notices;
}

void
batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    rollup_free(batch->rollup);
    free(batch->rows);
    free(batch);
}

const struct flush_row *
batch_row(const struct batch *batch, size_t i)
{
    assert(i < batch->max);
    return &batch->rows[i];
}

struct scheduler_now
batch_now(const struct batch *batch)
{
    return batch->now;
}

static enum flush_status
status_of(enum outcome_kind kind)
{
    switch (kind) {
    case OUTCOME_SUCCESS:
        return FLUSH_SUCCESS;
    case OUTCOME_RETRY:
        return FLUSH_RETRY;
    case OUTCOME_CANCELLED:
        return FLUSH_CANCELLED;
    case OUTCOME_MOVED:
        return FLUSH_MOVE;
    default:
        return FLUSH_FAILED;
    }
}

static uint32_t
application_of(const struct task *task, const struct catalog_snapshot *snapshot)
{
    uint32_t owner = lane_owner_id(task->job.lane);
    const struct subscription *subscription;
    const struct source *source;

    if (task->event != NULL)
        return task->event->application_id;
    if (task->job.kind == JOB_PROCESS || task->job.kind == JOB_POLL) {
        source = catalog_source(snapshot, owner);
        return source == NULL ? 0 : source->application_id;
    }
    subscription = catalog_subscription(snapshot, owner);
    return subscription == NULL ? 0 : subscription->application_id;
}

/* 0 for what was not tried, and for what is done inside the transaction. */
static int64_t
duration_of(const struct attempt *attempt)
{
    return attempt->ended_us > attempt->started_us
               ? attempt->ended_us - attempt->started_us
               : 0;
}

/* What a source has answered is a record, kept in the mirror; here it is of
   interest if it was none. */
static struct slice
answer_of(const struct attempt *attempt, bool delivery)
{
    size_t len = attempt->body_len;

    if (!delivery && attempt->outcome.kind == OUTCOME_SUCCESS)
        return SLICE_NONE;
    if (!delivery && len > QUESTION_BODY_MAX)
        len = QUESTION_BODY_MAX;
    return slice_make(attempt->body, len);
}

/* Whose order the delivery keeps; NULL if none. */
static const struct subscription *
fifo_of(const struct task *task, const struct catalog_snapshot *snapshot)
{
    const struct subscription *subscription;

    if (task->job.kind != JOB_DELIVER || task->job.test)
        return NULL;
    subscription =
        catalog_subscription(snapshot, lane_owner_id(task->job.lane));
    return subscription != NULL && subscription->fifo ? subscription : NULL;
}

/* A time limit counts from when it was to be delivered at first: a retry must
   not hide that. 0 = from when it was made, or there is no limit. */
static int64_t
first_due_of(const struct task *task, const struct catalog_snapshot *snapshot)
{
    const struct job_row *job = &task->job;
    const struct subscription *subscription;

    if (job->kind != JOB_DELIVER || job->attempts > 0 ||
        job->due_us <= id_time_us(job->id) + CLOCK_US_PER_S)
        return 0;
    subscription = catalog_subscription(snapshot, lane_owner_id(job->lane));
    return subscription != NULL && subscription->ttl_s > 0 ? job->due_us : 0;
}

/* Nothing more is to be done for it, so its lane must not wait for a person. */
static bool
is_expired(const struct outcome *outcome)
{
    return outcome->error_class != NULL &&
           strcmp(outcome->error_class, OUTCOME_EXPIRED) == 0;
}

static void
fill_row(const struct task *task, const struct catalog_snapshot *snapshot,
         struct flush_row *row)
{
    const struct attempt *attempt = &task->attempt;
    const struct subscription *fifo = fifo_of(task, snapshot);
    bool tried = attempt->outcome.kind != OUTCOME_CANCELLED &&
                 attempt->outcome.kind != OUTCOME_MOVED;
    bool delivery = task->job.kind == JOB_DELIVER;

    *row = (struct flush_row){
        .job = task->job,
        .status = status_of(attempt->outcome.kind),
        .attempts = task->job.attempts + (tried ? 1 : 0),
        .application_id = application_of(task, snapshot),
        .event_type = task->event == NULL ? SLICE("") : task->event->type,
        .response_code = attempt->status,
        .error_class = attempt->outcome.error_class,
        .error_message =
            attempt->error[0] == '\0' ? SLICE_NONE : slice_of(attempt->error),
        .response_body = answer_of(attempt, delivery),
        .duration_us = tried ? duration_of(attempt) : 0,
        .fifo = fifo != NULL,
        .to_lane = task->job.lane,
    };
    if (task->job.kind == JOB_POLL && row->status == FLUSH_CANCELLED)
        row->status = FLUSH_REMOVE; /* nobody misses it */
    if (row->status == FLUSH_RETRY && fifo == NULL)
        row->first_due_us = first_due_of(task, snapshot);
    if (row->status == FLUSH_FAILED && fifo != NULL && fifo->pause_exhausted &&
        !is_expired(&attempt->outcome)) {
        row->status = FLUSH_RETRY; /* it stays in front of the others */
        row->pauses = true;
    }
}

static void
fill_bare_row(const struct batch *batch, const struct task *task,
              struct flush_row *row)
{
    *row = (struct flush_row){
        .job = task->job,
        .status = FLUSH_FAILED,
        .attempts = task->job.attempts + 1,
        .event_type = SLICE(""),
        .error_class = "internal",
        .error_message = slice_of(batch->bare_error),
    };
}

/* The database's word for what cannot be written; later used for bare rows. */
static void
note_error(struct batch *batch, struct db *db)
{
    size_t i;

    (void)snprintf(batch->bare_error, sizeof(batch->bare_error),
                   "the result cannot be stored: %s", db_error_text(db));
    for (i = 0; batch->bare_error[i] != '\0'; i++) {
        unsigned char c = (unsigned char)batch->bare_error[i];

        if (c < 0x20 || c > 0x7e)
            batch->bare_error[i] = '?';
    }
}

static enum db_result
fence(struct batch *batch, struct db *db, const struct lease *lease,
      size_t count)
{
    bool chosen[LANE_SHARDS] = {false};
    size_t i;

    for (i = 0; i < count; i++)
        chosen[batch->rows[i].job.shard] = true;
    return lease_fence(lease, db, chosen);
}

/* Attempts ended on our clock; the tables have the database's. */
static void
set_times(struct batch *batch, struct task *const *tasks, size_t count,
          int64_t now_us)
{
    int64_t mono_us = clock_mono_us();
    size_t i;

    batch->now = (struct scheduler_now){now_us, mono_us};
    for (i = 0; i < count; i++) {
        struct flush_row *row = &batch->rows[i];
        const struct attempt *attempt = &tasks[i]->attempt;
        int64_t age_us = 0;

        /* What is done inside the transaction ends with it. */
        if (row->job.kind == JOB_PROCESS && attempt->started_us > 0)
            row->duration_us = mono_us - attempt->started_us;
        else if (row->status != FLUSH_CANCELLED && attempt->ended_us > 0)
            age_us = mono_us - attempt->ended_us;
        row->ended_us = now_us - age_us;
        if (row->retry_at_us == 0)
            row->retry_at_us = row->ended_us + attempt->outcome.wait_us;
    }
}

static void
count_deliveries(struct batch *batch, size_t count)
{
    static const enum rollup_end ends[] = {
        [FLUSH_SUCCESS] = ROLLUP_SUCCESS,
        [FLUSH_FAILED] = ROLLUP_FAILED,
        [FLUSH_RETRY] = ROLLUP_RETRIED,
    };
    size_t i;

    for (i = 0; i < count; i++) {
        const struct flush_row *row = &batch->rows[i];

        if (!row->live || row->job.test || row->job.kind != JOB_DELIVER ||
            row->status > FLUSH_RETRY || row->status == FLUSH_CANCELLED)
            continue;
        rollup_delivery(batch->rollup, row->ended_us,
                        lane_owner_id(row->job.lane), row->event_type,
                        ends[row->status], row->duration_us);
    }
}

static bool
any_live(const struct batch *batch, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (batch->rows[i].live)
            return true;
    }
    return false;
}

/* The last that says what is wrong with the endpoint behind that lane. */
static const struct flush_row *
find_failure(const struct batch *batch, size_t count, uint64_t lane)
{
    while (count-- > 0) {
        const struct flush_row *row = &batch->rows[count];

        if (lane_base(row->job.lane) == lane && row->error_class != NULL)
            return row;
    }
    return NULL;
}

static enum db_result
write_notices(const struct batch *batch, struct db *db, size_t count,
              int64_t now_us)
{
    struct ledger_news news;
    size_t i, at = 0;

    if (batch->notices == NULL)
        return DB_OK;
    for (i = 0; i < count; i++)
        notices_delivery(batch->notices, &batch->rows[i]);
    while (ledger_news(batch->ledger, &at, &news))
        notices_endpoint(batch->notices, &news,
                         find_failure(batch, count, news.lane), now_us);
    return notices_write(batch->notices, db, now_us);
}

/* Everything between BEGIN and COMMIT. DB_OK with nothing to write leaves the
   rows not live. */
static enum db_result
write_rows(struct batch *batch, struct db *db, const struct lease *lease,
           struct task *const *tasks, size_t count, enum batch_manner manner)
{
    enum db_result result;
    int64_t now_us = 0;

    result = fence(batch, db, lease, count);
    if (result == DB_OK)
        result = store_flush_lock(db, batch->rows, count, &now_us);
    if (result != DB_OK || !any_live(batch, count))
        return result;
    if (manner == BATCH_FULL)
        result = process_apply(batch->process, db, now_us);
    set_times(batch, tasks, count, now_us);
    if (result == DB_OK)
        result = store_flush_write(db, batch->rows, count);
    if (result != DB_OK || manner == BATCH_BARE)
        return result;
    rollup_clear(batch->rollup);
    count_deliveries(batch, count);
    process_count(batch->process, batch->rollup);
    result = rollup_write(db, batch->rollup, lease->node.number);
    if (result == DB_OK)
        result = ledger_write(batch->ledger, db);
    return result == DB_OK ? write_notices(batch, db, count, now_us) : result;
}

enum db_result
batch_write(struct batch *batch, struct db *db, const struct lease *lease,
            const struct catalog_snapshot *snapshot, struct task *const *tasks,
            size_t count, enum batch_manner manner)
{
    enum db_result result;
    size_t i;

    assert(count > 0 && count <= batch->max);
    process_begin(batch->process, snapshot);
    notices_begin(batch->notices, snapshot);
    ledger_note(batch->ledger, tasks, count);
    for (i = 0; i < count; i++) {
        if (manner == BATCH_BARE) {
            fill_bare_row(batch, tasks[i], &batch->rows[i]);
            continue;
        }
        if (tasks[i]->job.kind == JOB_PROCESS || tasks[i]->job.kind == JOB_POLL)
            process_add(batch->process, tasks[i], &batch->rows[i]);
        fill_row(tasks[i], snapshot, &batch->rows[i]);
    }
    result = db_begin(db);
    if (result == DB_OK)
        result = write_rows(batch, db, lease, tasks, count, manner);
    if (result == DB_OK)
        result = db_commit(db);
    if (result == DB_OK && manner == BATCH_FULL)
        ledger_settle(batch->ledger);
    if (result == DB_BROKEN || result == DB_DUPLICATE)
        note_error(batch, db);
    if (result != DB_OK)
        db_rollback(db);
    return result;
}
