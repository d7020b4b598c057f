/*
 * store_content.c - taking the content of an event away for good.
 */
#include "store_content.h"

#include "clock.h"
#include "delivery_row.h"
#include "id.h"
#include "lane.h"
#include "sql.h"
#include "store_delivery.h"
#include "transact.h"

#define SQL_MAX 65536
#define JOBS 50000     /* looked at by one statement */
#define JOB_PAGES 100  /* of them */
#define CANCELS 1000   /* deliveries cancelled by one call */
#define DELIVERIES 500 /* whose answers are removed by one transaction */
#define WITHOUT_CONTENT "'{\"expired\":true}'"
#define MARGIN_US (3600 * CLOCK_US_PER_S) /* clocks of hosts differ */

static const char *const tables[] = {"events", "events_kept"};

struct removal {
    uint32_t application_id;
    uint64_t event_id;
    enum content_state state;
    uint64_t wanted[CANCELS]; /* deliveries that need it */
    size_t count;
    bool other; /* and a job of another kind does */
};

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), affected) : DB_BROKEN;

    buf_clear(sql);
    return result;
}

/* The event stays locked, so that nobody makes a job for it meanwhile. */
static enum db_result
empty_event(struct db *db, const struct removal *removal)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    uint64_t matched = 0, affected = 0;
    size_t i;

    for (i = 0; i < 2 && result == DB_OK; i++) {
        sql_raw(&sql, "UPDATE ");
        sql_raw(&sql, tables[i]);
        sql_raw(&sql, " SET payload = " WITHOUT_CONTENT ", metadata = NULL, "
                      "expunged = 1 WHERE id = ");
        sql_u64(&sql, removal->event_id);
        if (removal->application_id != 0) {
            sql_raw(&sql, " AND application_id = ");
            sql_u64(&sql, removal->application_id);
        }
        result = run(db, &sql, &affected);
        matched += affected;
    }
    buf_free(&sql);
    return result == DB_OK && matched == 0 ? DB_NONE : result;
}

/* Jobs have no index on the event: those made since are looked through, by
   primary key. */
static enum db_result
look_for_jobs(struct db *db, struct removal *removal, uint64_t after,
              uint64_t *last)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "WITH page AS (SELECT id, kind, event_id FROM jobs "
                  "FORCE INDEX (PRIMARY) WHERE id > ");
    sql_u64(&sql, after);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, JOBS);
    sql_raw(&sql, ") SELECT id, kind FROM page WHERE event_id = ");
    sql_u64(&sql, removal->event_id);
    sql_raw(&sql, " UNION ALL SELECT MAX(id), 0 FROM page");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL) {
        uint64_t kind = db_u64(row[1], 0);

        if (kind == 0)
            *last = db_u64(row[0], 0);
        else if (kind != JOB_DELIVER)
            removal->other = true;
        else if (removal->count < CANCELS)
            removal->wanted[removal->count++] = db_u64(row[0], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
find_jobs(struct db *db, struct removal *removal)
{
    int64_t since_us = id_time_us(removal->event_id) - MARGIN_US;
    uint64_t last = id_floor(since_us);
    enum db_result result = DB_OK;
    unsigned pages;

    removal->count = 0;
    removal->other = false;
    for (pages = 0; result == DB_OK && last != 0; pages++) {
        uint64_t after = last;

        if (pages == JOB_PAGES) {
            removal->state = CONTENT_UNKNOWN;
            return DB_OK;
        }
        result = look_for_jobs(db, removal, after, &last);
    }
    removal->state =
        removal->count > 0 || removal->other ? CONTENT_WANTED : CONTENT_REMOVED;
    return result;
}

/* Answers DB_DUPLICATE, so that nothing is changed, if somebody needs it. */
static enum db_result
remove_work(struct db *db, void *arg)
{
    struct removal *removal = arg;
    enum db_result result = empty_event(db, removal);

    if (result == DB_OK)
        result = find_jobs(db, removal);
    return result == DB_OK && removal->state != CONTENT_REMOVED ? DB_DUPLICATE
                                                                : result;
}

static enum db_result
remove_event(struct db *db, struct removal *removal)
{
    enum db_result result = transact(db, remove_work, removal);

    return result == DB_DUPLICATE ? DB_OK : result;
}

static enum db_result
cancel_deliveries(struct db *db, const struct removal *removal)
{
    enum db_result result = DB_OK;
    enum delivery_action action;
    size_t i;

    for (i = 0; i < removal->count && result == DB_OK; i++) {
        result = store_delivery_cancel(db, removal->application_id,
                                       removal->wanted[i], &action);
        if (result == DB_NONE)
            result = DB_OK; /* of a test, and gone */
    }
    return result;
}

/* --- answers -------------------------------------------------------------- */

struct answers {
    uint64_t event_id;
    uint32_t owner_id; /* of the last one */
    uint64_t ids[DELIVERIES];
    size_t count;
};

static enum db_result
read_answers(struct db *db, struct answers *answers, struct buf *sql)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(sql, " LIMIT ");
    sql_u64(sql, DELIVERIES);
    result = db_query(db, buf_slice(sql), &rows);
    if (result != DB_OK)
        return result;
    answers->count = 0;
    while ((row = db_rows_next(rows)) != NULL) {
        answers->ids[answers->count++] = db_u64(row[0], 0);
        answers->owner_id = (uint32_t)db_u64(row[1], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

static void
add_deliveries(struct buf *sql, const struct answers *answers,
               const char *compare)
{
    sql_raw(sql, "SELECT id, owner_id FROM deliveries FORCE INDEX (event) "
                 "WHERE event_id = ");
    sql_u64(sql, answers->event_id);
    sql_raw(sql, " AND done_day >= ");
    delivery_row_day(sql, answers->event_id);
    sql_raw(sql, " AND owner_id ");
    sql_raw(sql, compare);
    sql_u64(sql, answers->owner_id);
}

/* Of the owners that follow, in the order of the index: nothing is sorted. It
   has no ids, so those of the last owner may be cut off anywhere. */
static enum db_result
read_owners(struct db *db, struct answers *answers)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    add_deliveries(&sql, answers, "> ");
    sql_raw(&sql, " ORDER BY owner_id");
    result = read_answers(db, answers, &sql);
    buf_free(&sql);
    return result;
}

/* Of this owner, who seldom has more than one of an event. */
static enum db_result
read_owner(struct db *db, struct answers *answers, uint64_t after)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    add_deliveries(&sql, answers, "= ");
    sql_raw(&sql, " AND id > ");
    sql_u64(&sql, after);
    sql_raw(&sql, " ORDER BY id");
    result = read_answers(db, answers, &sql);
    buf_free(&sql);
    return result;
}

static enum db_result
answers_work(struct db *db, void *arg)
{
    static const char *const joins[] = {
        " x STRAIGHT_JOIN deliveries d FORCE INDEX (PRIMARY) ON d.id = x.id "
        "SET d.response_body = NULL WHERE d.done_day >= ",
        " x STRAIGHT_JOIN attempts a FORCE INDEX (PRIMARY) "
        "ON a.delivery_id = x.id SET a.response_body = NULL WHERE a.day >= ",
    };
    const struct answers *answers = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < 2 && result == DB_OK; i++) {
        sql_raw(&sql, "UPDATE ");
        sql_id_table(&sql, answers->ids, answers->count);
        sql_raw(&sql, joins[i]);
        delivery_row_day(&sql, answers->event_id);
        result = run(db, &sql, NULL);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
remove_page(struct db *db, struct answers *answers)
{
    return answers->count == 0 ? DB_OK : transact(db, answers_work, answers);
}

static enum db_result
remove_owner(struct db *db, struct answers *answers)
{
    enum db_result result = DB_OK;
    uint64_t after = 0;

    do {
        result = read_owner(db, answers, after);
        if (result == DB_OK)
            result = remove_page(db, answers);
        if (answers->count > 0)
            after = answers->ids[answers->count - 1];
    } while (result == DB_OK && answers->count == DELIVERIES);
    return result;
}

static enum db_result
remove_answers(struct db *db, uint64_t event_id)
{
    struct answers answers = {.event_id = event_id};
    enum db_result result = DB_OK;

    do {
        result = remove_owner(db, &answers);
        if (result == DB_OK)
            result = read_owners(db, &answers);
        if (result == DB_OK)
            result = remove_page(db, &answers);
    } while (result == DB_OK && answers.count == DELIVERIES);
    return result;
}

/* The event first: from then on no answer can be added. */
enum db_result
store_content_remove(struct db *db, uint32_t application_id, uint64_t event_id,
                     bool cancel, enum content_state *state)
{
    struct removal removal = {.application_id = application_id,
                              .event_id = event_id};
    enum db_result result = remove_event(db, &removal);

    if (result == DB_OK && removal.count > 0 && cancel) {
        result = cancel_deliveries(db, &removal);
        if (result == DB_OK)
            result = remove_event(db, &removal);
    }
    if (result == DB_OK && removal.state == CONTENT_REMOVED)
        result = remove_answers(db, event_id);
    if (result == DB_OK)
        *state = removal.state;
    return result;
}
