/*
 * replay_look_events.c - what a step of a replay reads about events.
 */
#include "replay_look.h"

#include "alloc.h"
#include "delivery_row.h"
#include "lane.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define SQL_MAX 65536

/* The content stays where it is. */
#define EVENT_COLUMNS(t)                                                       \
    t ".id," t ".application_id," t ".source_id," t ".type," t ".channels," t  \
      ".ordering_key," t ".test," t ".relayed," t ".expunged"

static void
read_event(const struct slice *cell, struct replay_event *event)
{
    *event = (struct replay_event){
        .id = db_u64(cell[0], 0),
        .application_id = (uint32_t)db_u64(cell[1], 0),
        .source_id = (uint32_t)db_u64(cell[2], 0),
        .type = cell[3],
        .channels = cell[4],
        .ordering_key = cell[5],
        .test = db_u64(cell[6], 0) != 0,
        .relayed = db_u64(cell[7], 0) != 0,
        .expunged = db_u64(cell[8], 0) != 0,
    };
}

static int
compare_events(const void *left, const void *right)
{
    const struct replay_event *a = left, *b = right;

    return a->id < b->id ? -1 : a->id > b->id;
}

static enum db_result
read_events(struct db *db, const struct buf *sql, struct replay_events *found)
{
    const struct slice *cell;
    enum db_result result;

    *found = (struct replay_events){.rows = NULL};
    assert(buf_ok(sql));
    result = db_query(db, buf_slice(sql), &found->rows);
    if (result != DB_OK)
        return result;
    found->list =
        xcalloc(db_rows_count(found->rows) + 1, sizeof(found->list[0]));
    while ((cell = db_rows_next(found->rows)) != NULL) {
        read_event(cell, &found->list[found->count++]);
        found->last = found->list[found->count - 1].id;
    }
    qsort(found->list, found->count, sizeof(found->list[0]), compare_events);
    return DB_OK;
}

void
replay_events_free(struct replay_events *found)
{
    if (found->rows != NULL)
        db_rows_free(found->rows);
    free(found->list);
    *found = (struct replay_events){.rows = NULL};
}

enum db_result
replay_look_events(struct db *db, const struct replay_range *range,
                   struct replay_events *found)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "SELECT " EVENT_COLUMNS("e") " FROM events e "
                                               "FORCE INDEX (PRIMARY) "
                                               "WHERE e.id > ");
    sql_u64(&sql, range->after);
    sql_raw(&sql, " AND e.id < ");
    sql_u64(&sql, range->before);
    sql_raw(&sql, " ORDER BY e.id LIMIT ");
    sql_u64(&sql, range->limit);
    result = read_events(db, &sql, found);
    buf_free(&sql);
    if (result == DB_OK)
        found->end = found->count < range->limit;
    return result;
}

enum db_result
replay_look_events_of(struct db *db, const uint64_t *event_ids, size_t count,
                      struct replay_events *found)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    *found = (struct replay_events){.rows = NULL};
    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT " EVENT_COLUMNS("e") " FROM ");
    sql_id_table(&sql, event_ids, count);
    sql_raw(&sql,
            " x STRAIGHT_JOIN events e FORCE INDEX (PRIMARY) "
            "ON e.id = x.id UNION ALL SELECT " EVENT_COLUMNS("k") " FROM ");
    sql_id_table(&sql, event_ids, count);
    sql_raw(&sql, " y STRAIGHT_JOIN events_kept k FORCE INDEX (PRIMARY) "
                  "ON k.id = y.id");
    result = read_events(db, &sql, found);
    buf_free(&sql);
    return result;
}

const struct replay_event *
replay_event_of(const struct replay_events *events, uint64_t id)
{
    const struct replay_event key = {.id = id};

    if (events->count == 0)
        return NULL;
    return bsearch(&key, events->list, events->count, sizeof(key),
                   compare_events);
}

/* --- inbound ones -------------------------------------------------------------- */

static void
add_pair(struct buf *sql, const struct replay_inbound *one)
{
    sql_u64(sql, one->event_id);
    sql_raw(sql, ",");
    sql_u64(sql, one->source_id);
}

/* The columns get their names from a row that nothing has. */
static void
add_pairs(struct buf *sql, const struct replay_inbound *inbound, size_t count)
{
    size_t i;

    sql_raw(sql, "(SELECT 0 id,0 owner UNION ALL VALUES ");
    for (i = 0; i < count; i++) {
        sql_raw(sql, i == 0 ? "(" : ",(");
        add_pair(sql, &inbound[i]);
        sql_raw(sql, ")");
    }
    sql_raw(sql, ")");
}

/* Moves those events to the front; returns how many there are now. */
static size_t
move_front(struct replay_inbound *inbound, size_t count, size_t done,
           uint64_t event_id)
{
    size_t i;

    for (i = done; i < count; i++) {
        struct replay_inbound one = inbound[i];

        if (one.event_id != event_id)
            continue;
        inbound[i] = inbound[done];
        inbound[done] = one;
        return done + 1;
    }
    return done;
}

enum db_result
replay_look_processed(struct db *db, struct replay_inbound *inbound,
                      size_t count, size_t *processed)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    uint64_t oldest;
    size_t i;

    *processed = 0;
    if (count == 0)
        return DB_OK;
    oldest = inbound[0].event_id;
    for (i = 1; i < count; i++)
        if (inbound[i].event_id < oldest)
            oldest = inbound[i].event_id;
    sql_raw(&sql, "SELECT d.event_id FROM ");
    add_pairs(&sql, inbound, count);
    sql_raw(&sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (event) "
                  "ON d.event_id = x.id AND d.owner_id = x.owner "
                  "WHERE d.kind = ");
    sql_u64(&sql, JOB_PROCESS);
    sql_raw(&sql, " AND d.status = 'success' AND d.done_day >= ");
    delivery_row_day(&sql, oldest);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL)
        *processed = move_front(inbound, count, *processed, db_u64(row[0], 0));
    db_rows_free(rows);
    return DB_OK;
}
