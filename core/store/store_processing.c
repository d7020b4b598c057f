/*
 * store_processing.c - see store_processing.h.
 */
#include "store_processing.h"

#include "alloc.h"
#include "delivery_row.h"
#include "lane.h"
#include "member.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define ID_SQL_MAX 64 /* bytes that an id adds to a statement */

struct search {
    struct db *db;
    struct processing *list;
    size_t count;
    uint64_t oldest;
    uint64_t *ids;
    struct buf sql;
};

static enum db_result
query(struct search *search, struct db_rows **rows)
{
    enum db_result result;

    assert(buf_ok(&search->sql));
    result = db_query(search->db, buf_slice(&search->sql), rows);
    buf_clear(&search->sql);
    return result;
}

/* A repeat of an event that had failed for good has a job of its own; a job
   that ends between the two statements is met as both. */
static struct processing *
find(const struct search *search, uint64_t event_id, uint64_t job_id)
{
    size_t i;

    for (i = 0; i < search->count; i++) {
        if (search->list[i].event_id == event_id)
            return job_id >= search->list[i].job_id ? &search->list[i] : NULL;
    }
    return NULL;
}

static const char *
waits_for(uint64_t lane)
{
    switch (lane_kind_of(lane)) {
    case LANE_FETCH:
        return "source";
    case LANE_WAIT:
        return "deliveries";
    default:
        return "processing";
    }
}

/* *end: the first job beyond the budget, or 0. */
static enum db_result
find_end(struct search *search, uint64_t *end)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&search->sql, "SELECT id FROM jobs WHERE id > ");
    sql_u64(&search->sql, search->oldest);
    sql_raw(&search->sql, " ORDER BY id LIMIT 1 OFFSET ");
    sql_u64(&search->sql, STORE_DELIVERY_BUDGET);
    result = query(search, &rows);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(rows);
    *end = cell == NULL ? 0 : db_u64(cell[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static void
take_live(const struct search *search, const struct slice *cell)
{
    uint64_t job_id = db_u64(cell[1], 0);
    struct processing *one = find(search, db_u64(cell[0], 0), job_id);

    if (one == NULL)
        return;
    processing_free(one);
    one->known = true;
    one->job_id = job_id;
    one->waits_for = waits_for(db_u64(cell[2], 0));
    one->attempts = (uint32_t)db_u64(cell[3], 0);
    one->status = one->attempts == 0 ? DELIVERY_PENDING : DELIVERY_RETRYING;
    one->next_us = db_time_us(cell[4]);
}

static enum db_result
read_live(struct search *search, bool *complete)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    uint64_t end = 0;
    enum db_result result = find_end(search, &end);

    if (result != DB_OK)
        return result;
    *complete = end == 0;
    sql_raw(&search->sql, "SELECT event_id, id, lane, attempts, next_retry_at "
                          "FROM jobs WHERE kind = 2 AND id > ");
    sql_u64(&search->sql, search->oldest);
    if (end != 0) {
        sql_raw(&search->sql, " AND id < ");
        sql_u64(&search->sql, end);
    }
    sql_raw(&search->sql, " AND event_id IN (");
    sql_u64_list(&search->sql, search->ids, search->count);
    sql_raw(&search->sql, ")");
    result = query(search, &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        take_live(search, cell);
    db_rows_free(rows);
    return DB_OK;
}

static void
take_done(const struct search *search, const struct slice *cell)
{
    uint64_t job_id = db_u64(cell[1], 0);
    struct processing *one = find(search, db_u64(cell[0], 0), job_id);
    enum delivery_status status;

    if (one == NULL || !delivery_status_from_name(cell[2], &status))
        return;
    processing_free(one);
    one->known = true;
    one->job_id = job_id;
    one->status = status;
    one->waits_for = NULL;
    one->attempts = (uint32_t)db_u64(cell[3], 0);
    one->error_class = slice_text(cell[4]);
    one->error_message = slice_text(cell[5]);
    one->next_us = 0;
    one->ended_us = db_time_us(cell[6]);
}

static enum db_result
read_done(struct search *search)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&search->sql,
            "SELECT d.event_id, d.id, d.status, d.attempts, d.error_class, "
            "d.error_message, d.completed_at FROM ");
    sql_id_table(&search->sql, search->ids, search->count);
    sql_raw(&search->sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (event) "
                          "ON d.event_id = x.id WHERE d.kind = 2 "
                          "AND d.done_day >= ");
    delivery_row_day(&search->sql, search->oldest);
    result = query(search, &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        take_done(search, cell);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_processing_read(struct db *db, struct processing *list, size_t count,
                      bool *complete)
{
    struct search search = {
        .db = db,
        .list = list,
        .count = count,
        .oldest = UINT64_MAX,
        .sql = BUF_INIT(1024 + count * ID_SQL_MAX),
    };
    bool all = true;
    enum db_result result;
    size_t i;

    *complete = true;
    if (count == 0)
        return DB_OK;
    search.ids = xcalloc(count, sizeof(*search.ids));
    for (i = 0; i < count; i++) {
        list[i] = (struct processing){.event_id = list[i].event_id};
        search.ids[i] = list[i].event_id;
        if (list[i].event_id < search.oldest)
            search.oldest = list[i].event_id;
    }
    result = read_live(&search, &all);
    if (result == DB_OK)
        result = read_done(&search);
    for (i = 0; i < count && result != DB_OK; i++)
        processing_free(&list[i]);
    if (result == DB_OK)
        *complete = all;
    free(search.ids);
    buf_free(&search.sql);
    return result;
}

void
processing_free(struct processing *processing)
{
    free(processing->error_class);
    free(processing->error_message);
    processing->error_class = NULL;
    processing->error_message = NULL;
}

void
processing_print(const struct processing *processing, struct buf *out)
{
    if (!processing->known) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_char(out, '{');
    member_text(out, "status", delivery_status_name(processing->status));
    member_text(out, "waits_for", processing->waits_for);
    member_u64(out, "attempts", processing->attempts);
    member_text(out, "error_class", processing->error_class);
    member_text(out, "error", processing->error_message);
    member_time(out, "next_at", processing->next_us);
    member_time(out, "completed_at", processing->ended_us);
    buf_add_char(out, '}');
}
