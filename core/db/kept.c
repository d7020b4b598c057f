/*
 * kept.c - events that outlive the partition of their day.
 */
#include "kept.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)64 << 10)
#define JOBS 5000 /* looked at by one statement */
#define COPIES 50 /* events copied by one */
#define REMOVALS 500
#define SOON_US (12 * 3600 * CLOCK_US_PER_S)
#define QUIET_US (3600 * CLOCK_US_PER_S)

#define COLUMNS                                                                \
    "id,application_id,source_id,type,verified,test,relayed,external_id,"      \
    "channels,ordering_key,expunged,metadata,payload"

#define INSERT                                                                 \
    "INSERT INTO events_kept (" COLUMNS ",kept_at) "                           \
    "SELECT e.id,e.application_id,e.source_id,e.type,e.verified,e.test,"       \
    "e.relayed,e.external_id,e.channels,e.ordering_key,e.expunged,"            \
    "e.metadata,e.payload,UTC_TIMESTAMP(6) FROM "

#define TOUCH " ON DUPLICATE KEY UPDATE kept_at=UTC_TIMESTAMP(6)"

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), affected) : DB_BROKEN;

    buf_free(sql);
    return result;
}

enum db_result
kept_hold(struct db *db, uint64_t event_id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected = 0;

    if (id_time_us(event_id) > db_now_us(db) - SOON_US)
        return DB_OK;
    /* The sweep must meet a changed row, so one that is there is written. */
    sql_raw(&sql, "UPDATE events_kept SET kept_at=UTC_TIMESTAMP(6) WHERE id=");
    sql_u64(&sql, event_id);
    result = run(db, &sql, &affected);
    if (result != DB_OK || affected > 0)
        return result;
    sql_raw(&sql, INSERT "events e WHERE e.id=");
    sql_u64(&sql, event_id);
    sql_raw(&sql, TOUCH);
    result = run(db, &sql, &affected);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

/* The next page of jobs behind `after`. */
static enum db_result
read_jobs(struct db *db, uint64_t after, struct db_rows **rows)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "SELECT id,event_id FROM jobs FORCE INDEX (PRIMARY) "
                  "WHERE id>");
    sql_u64(&sql, after);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, JOBS);
    result = db_query(db, buf_slice(&sql), rows);
    buf_free(&sql);
    return result;
}

static int
compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* --- copying -------------------------------------------------------------- */

void
kept_copy_begin(struct kept_copy *copy, uint64_t end)
{
    kept_copy_end(copy);
    copy->end = end;
}

void
kept_copy_end(struct kept_copy *copy)
{
    free(copy->event_ids);
    *copy = (struct kept_copy){.end = 0};
}

static size_t
without_repeats(uint64_t *ids, size_t count)
{
    size_t i, n = 0;

    qsort(ids, count, sizeof(*ids), compare_ids);
    for (i = 0; i < count; i++)
        if (n == 0 || ids[i] != ids[n - 1])
            ids[n++] = ids[i];
    return n;
}

/* *last: there are no more jobs. */
static enum db_result
look(struct kept_copy *copy, struct db *db, bool *last)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result = read_jobs(db, copy->after, &rows);
    size_t n = 0;

    if (result != DB_OK)
        return result;
    *last = db_rows_count(rows) == 0;
    if (copy->event_ids == NULL)
        copy->event_ids = xcalloc(JOBS, sizeof(*copy->event_ids));
    while ((row = db_rows_next(rows)) != NULL) {
        uint64_t event_id = db_u64(row[1], 0);

        copy->after = db_u64(row[0], copy->after);
        if (event_id < copy->end)
            copy->event_ids[n++] = event_id;
    }
    db_rows_free(rows);
    copy->count = without_repeats(copy->event_ids, n);
    copy->copied = 0;
    return DB_OK;
}

static enum db_result
copy_some(struct kept_copy *copy, struct db *db)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    size_t n = copy->count - copy->copied;
    enum db_result result;

    if (n > COPIES)
        n = COPIES;
    sql_raw(&sql, INSERT);
    sql_id_table(&sql, copy->event_ids + copy->copied, n);
    sql_raw(&sql, " x STRAIGHT_JOIN events e FORCE INDEX (PRIMARY) "
                  "ON e.id=x.id" TOUCH);
    result = run(db, &sql, NULL);
    if (result == DB_OK)
        copy->copied += n;
    return result;
}

enum db_result
kept_copy_step(struct kept_copy *copy, struct db *db, bool *done)
{
    *done = false;
    if (copy->copied < copy->count)
        return copy_some(copy, db);
    return look(copy, db, done);
}

/* --- removing ------------------------------------------------------------- */

void
kept_sweep_end(struct kept_sweep *sweep)
{
    free(sweep->event_ids);
    free(sweep->needed);
    *sweep = (struct kept_sweep){.next = sweep->next};
}

void
kept_sweep_begin(struct kept_sweep *sweep)
{
    kept_sweep_end(sweep);
}

/* Which rows may go? */
static enum db_result
read_quiet(struct kept_sweep *sweep, struct db *db)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;

    sweep->quiet_us = db_now_us(db) - QUIET_US;
    sql_raw(&sql, "SELECT id FROM events_kept FORCE INDEX (PRIMARY) WHERE id>");
    sql_u64(&sql, sweep->next);
    sql_raw(&sql, " AND kept_at<");
    sql_time(&sql, sweep->quiet_us);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, KEPT_SWEEP_MAX);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    sweep->event_ids =
        xcalloc(db_rows_count(rows) + 1, sizeof(*sweep->event_ids));
    sweep->needed = xcalloc(db_rows_count(rows) + 1, sizeof(*sweep->needed));
    while ((row = db_rows_next(rows)) != NULL)
        sweep->event_ids[sweep->count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    sweep->next =
        sweep->count < KEPT_SWEEP_MAX ? 0 : sweep->event_ids[sweep->count - 1];
    return DB_OK;
}

static enum db_result
look_for_needed(struct kept_sweep *sweep, struct db *db)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result = read_jobs(db, sweep->after, &rows);

    if (result != DB_OK)
        return result;
    sweep->looked = db_rows_count(rows) == 0;
    while ((row = db_rows_next(rows)) != NULL) {
        uint64_t event_id = db_u64(row[1], 0), *found;

        sweep->after = db_u64(row[0], sweep->after);
        found = bsearch(&event_id, sweep->event_ids, sweep->count,
                        sizeof(*sweep->event_ids), compare_ids);
        if (found != NULL)
            sweep->needed[found - sweep->event_ids] = true;
    }
    db_rows_free(rows);
    return DB_OK;
}

/* What was asked for in the meantime stays. */
static enum db_result
remove_some(struct kept_sweep *sweep, struct db *db)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t ids[REMOVALS];
    size_t i = sweep->removed, n = 0;
    enum db_result result = DB_OK;

    for (; i < sweep->count && n < REMOVALS; i++)
        if (!sweep->needed[i])
            ids[n++] = sweep->event_ids[i];
    if (n > 0) {
        sql_raw(&sql, "DELETE k FROM ");
        sql_id_table(&sql, ids, n);
        sql_raw(&sql, " x STRAIGHT_JOIN events_kept k FORCE INDEX (PRIMARY) "
                      "ON k.id=x.id WHERE k.kept_at<");
        sql_time(&sql, sweep->quiet_us);
        result = run(db, &sql, NULL);
    }
    if (result == DB_OK)
        sweep->removed = i;
    return result;
}

enum db_result
kept_sweep_step(struct kept_sweep *sweep, struct db *db, bool *done)
{
    enum db_result result;

    *done = false;
    if (sweep->event_ids == NULL) {
        result = read_quiet(sweep, db);
        *done = result == DB_OK && sweep->count == 0;
        return result;
    }
    if (!sweep->looked)
        return look_for_needed(sweep, db);
    result = remove_some(sweep, db);
    *done = result == DB_OK && sweep->removed == sweep->count;
    return result;
}
