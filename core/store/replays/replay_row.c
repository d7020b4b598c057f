/*
 * replay_row.c - how a replay is selected and read, and what has become of the
 * deliveries it has made.
 */
#include "replay_row.h"

#include "delivery_row.h"
#include "lane.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 16384
#define ID_BYTES 20 /* of one in the list, with its comma */

enum cell {
    CELL_ID,
    CELL_JOB,
    CELL_APPLICATION,
    CELL_SUBSCRIPTION,
    CELL_KIND,
    CELL_STATUS,
    CELL_SINCE,
    CELL_UNTIL,
    CELL_FILTER,
    CELL_RATE,
    CELL_CURSOR_OWNER,
    CELL_CURSOR_ID,
    CELL_ALL_MADE,
    CELL_LIVE,
    CELL_PLANNED,
    CELL_MADE,
    CELL_SKIPPED,
    CELL_SUCCEEDED,
    CELL_FAILED,
    CELL_CANCELLED,
    CELL_ERROR,
    CELL_CREATED,
    CELL_CONFIRMED,
    CELL_FINISHED
};

void
replay_row_select(struct buf *sql)
{
    sql_raw(sql, "SELECT id,job_id,application_id,subscription_id,kind,status,"
                 "since_at,until_at,filter,rate,cursor_owner,cursor_id,"
                 "all_made,live,planned,made,skipped,succeeded,failed,"
                 "cancelled,error,created_at,confirmed_at,finished_at "
                 "FROM replays");
}

static enum replay_kind
kind_of(struct slice name)
{
    unsigned i;

    for (i = 0; i < REPLAY_KINDS; i++)
        if (slice_is(name, replay_kind_name((enum replay_kind)i)))
            return (enum replay_kind)i;
    return REPLAY_RETRY;
}

static void
read_live(struct slice list, struct replay *replay)
{
    const char *at = list.ptr;

    while (at != NULL && *at != '\0' && replay->live_count < REPLAY_LIVE_MAX) {
        char *end;
        uint64_t id = strtoull(at, &end, 10);

        if (end == at)
            return;
        replay->live[replay->live_count++] = id;
        at = *end == ',' ? end + 1 : end;
    }
}

void
replay_row_read(const struct slice *cell, struct replay *replay)
{
    *replay = (struct replay){
        .id = db_u64(cell[CELL_ID], 0),
        .job_id = db_u64(cell[CELL_JOB], 0),
        .application_id = (uint32_t)db_u64(cell[CELL_APPLICATION], 0),
        .subscription_id = (uint32_t)db_u64(cell[CELL_SUBSCRIPTION], 0),
        .kind = kind_of(cell[CELL_KIND]),
        .since_us = db_time_us(cell[CELL_SINCE]),
        .until_us = db_time_us(cell[CELL_UNTIL]),
        .rate = (uint32_t)db_u64(cell[CELL_RATE], 0),
        .cursor_owner = (uint32_t)db_u64(cell[CELL_CURSOR_OWNER], 0),
        .cursor_id = db_u64(cell[CELL_CURSOR_ID], 0),
        .all_made = db_u64(cell[CELL_ALL_MADE], 0) != 0,
        .planned = db_u64(cell[CELL_PLANNED], 0),
        .made = db_u64(cell[CELL_MADE], 0),
        .skipped = db_u64(cell[CELL_SKIPPED], 0),
        .succeeded = db_u64(cell[CELL_SUCCEEDED], 0),
        .failed = db_u64(cell[CELL_FAILED], 0),
        .cancelled = db_u64(cell[CELL_CANCELLED], 0),
        .error = slice_text(cell[CELL_ERROR]),
        .created_at_us = db_time_us(cell[CELL_CREATED]),
        .confirmed_at_us = db_time_us(cell[CELL_CONFIRMED]),
        .finished_at_us = db_time_us(cell[CELL_FINISHED]),
    };
    if (!replay_status_from_name(cell[CELL_STATUS], &replay->status))
        replay->status = REPLAY_FAILED;
    replay_filter_read(cell[CELL_FILTER], &replay->filter);
    read_live(cell[CELL_LIVE], replay);
}

enum db_result
replay_row_query(struct db *db, const struct buf *sql, struct replay *replay)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query_row(db, buf_slice(sql), &rows, &row);

    if (result != DB_OK)
        return result;
    replay_row_read(row, replay);
    db_rows_free(rows);
    return DB_OK;
}

static int
compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* Those that still are jobs move to the front; their number in *kept. */
static enum db_result
keep_jobs(struct db *db, struct replay *replay, size_t *kept)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t jobs[REPLAY_LIVE_MAX], ended[REPLAY_LIVE_MAX];
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    size_t count = 0, others = 0, i, n = 0;

    sql_raw(&sql, "SELECT j.id FROM ");
    sql_id_table(&sql, replay->live, replay->live_count);
    sql_raw(&sql, " x STRAIGHT_JOIN jobs j FORCE INDEX (PRIMARY) "
                  "ON j.id = x.id");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while (count < REPLAY_LIVE_MAX && (row = db_rows_next(rows)) != NULL)
        jobs[count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    qsort(jobs, count, sizeof(jobs[0]), compare_ids);
    for (i = 0; i < replay->live_count; i++) {
        uint64_t id = replay->live[i];

        if (bsearch(&id, jobs, count, sizeof(id), compare_ids) == NULL)
            ended[others++] = id;
        else
            replay->live[n++] = id;
    }
    memcpy(replay->live + n, ended, others * sizeof(ended[0]));
    *kept = n;
    return DB_OK;
}

static void
count_one(struct replay *replay, struct slice status, uint64_t n)
{
    if (slice_is(status, "success"))
        replay->succeeded += n;
    else if (slice_is(status, "failed"))
        replay->failed += n;
    else
        replay->cancelled += n;
}

/* Of the ids from `kept` on. Their history may have been removed already. */
static enum db_result
count_ended(struct db *db, struct replay *replay, size_t kept)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    qsort(replay->live + kept, replay->live_count - kept, sizeof(uint64_t),
          compare_ids);
    sql_raw(&sql, "SELECT d.status, COUNT(*) FROM ");
    sql_id_table(&sql, replay->live + kept, replay->live_count - kept);
    sql_raw(&sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (PRIMARY) "
                  "ON d.id = x.id WHERE d.done_day >= ");
    delivery_row_day(&sql, replay->live[kept]);
    sql_raw(&sql, " GROUP BY d.status");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL)
        count_one(replay, row[0], db_u64(row[1], 0));
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
replay_row_settle(struct db *db, struct replay *replay)
{
    enum db_result result;
    size_t kept = 0;

    if (replay->live_count == 0)
        return DB_OK;
    /* In this order: what is no job any more is in the history by then. */
    result = keep_jobs(db, replay, &kept);
    if (result != DB_OK || kept == replay->live_count)
        return result;
    result = count_ended(db, replay, kept);
    if (result == DB_OK)
        replay->live_count = kept;
    return result;
}

void
replay_row_add_live(struct buf *sql, const struct replay *replay)
{
    struct buf list = BUF_INIT((size_t)REPLAY_LIVE_MAX * ID_BYTES);
    size_t i;

    if (replay->live_count == 0) {
        sql_raw(sql, "NULL");
        return;
    }
    for (i = 0; i < replay->live_count; i++) {
        if (i > 0)
            buf_add_char(&list, ',');
        buf_add_u64(&list, replay->live[i]);
    }
    sql_text(sql, buf_slice(&list));
    buf_free(&list);
}

uint64_t
replay_row_lane(const struct replay *replay)
{
    if (replay->subscription_id != 0)
        return lane_number(LANE_REPLAY, replay->subscription_id);
    return lane_of_key(lane_number(LANE_REPLAY, replay->application_id),
                       SLICE("application"));
}
