/*
 * store_replay.c - what a person does with replays: make, look at, confirm,
 * cancel.
 */
#include "store_replay.h"

#include "alloc.h"
#include "lane.h"
#include "replay_row.h"
#include "sql.h"
#include "store_flush.h"
#include "transact.h"

#include <stdlib.h>

#define SQL_MAX (REPLAY_FILTER_MAX * 2 + 4096)

/* What one of the transactions below works on. */
struct change {
    struct id_source *ids;
    const struct replay *wanted;
    bool confirmed;
    uint32_t application_id;
    uint64_t id;
    bool changed;
};

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), affected) : DB_BROKEN;

    buf_free(sql);
    return result;
}

static void
add_owner(struct buf *sql, uint32_t application_id)
{
    if (application_id == 0)
        return;
    sql_raw(sql, " AND application_id = ");
    sql_u64(sql, application_id);
}

/* Whose it is, if only the subscription is known. */
static enum db_result
find_owner(struct db *db, const struct replay *wanted, uint32_t *application_id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    *application_id = wanted->application_id;
    if (wanted->subscription_id == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT application_id FROM subscriptions WHERE id = ");
    sql_u64(&sql, wanted->subscription_id);
    sql_raw(&sql, " AND deleted_at IS NULL AND adhoc = 0");
    add_owner(&sql, wanted->application_id);
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *application_id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
make_job(struct db *db, uint64_t job_id, const struct replay *replay)
{
    const struct new_job job = {
        .id = job_id,
        .lane = replay_row_lane(replay),
        .kind = JOB_REPLAY,
    };

    return store_flush_new_jobs(db, &job, 1);
}

static void
add_filter(struct buf *sql, const struct replay *wanted)
{
    struct buf json = BUF_INIT(REPLAY_FILTER_MAX);

    if (wanted->kind == REPLAY_RETRY) {
        replay_filter_print(&wanted->filter, &json);
        sql_text(sql, buf_slice(&json));
    } else {
        sql_raw(sql, "NULL");
    }
    buf_free(&json);
}

static enum db_result
insert_row(struct db *db, const struct replay *replay, bool confirmed)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "INSERT INTO replays (id, job_id, application_id, "
                  "subscription_id, kind, status, since_at, until_at, filter, "
                  "rate, confirmed_at) VALUES (");
    sql_u64(&sql, replay->id);
    sql_raw(&sql, ", ");
    sql_u64(&sql, replay->job_id);
    sql_raw(&sql, ", ");
    sql_u64(&sql, replay->application_id);
    sql_raw(&sql, ", ");
    sql_u64(&sql, replay->subscription_id);
    sql_raw(&sql, ", ");
    sql_text(&sql, slice_of(replay_kind_name(replay->kind)));
    sql_raw(&sql, ", 'counting', ");
    if (replay->since_us == 0)
        sql_raw(&sql, "NULL");
    else
        sql_time(&sql, replay->since_us);
    sql_raw(&sql, ", ");
    sql_time(&sql, replay->until_us);
    sql_raw(&sql, ", ");
    add_filter(&sql, replay);
    sql_raw(&sql, ", ");
    sql_u64(&sql, replay->rate);
    sql_raw(&sql, confirmed ? ", UTC_TIMESTAMP(6))" : ", NULL)");
    return run(db, &sql, NULL);
}

static enum db_result
insert_work(struct db *db, void *arg)
{
    struct change *change = arg;
    struct replay replay = *change->wanted;
    enum db_result result = find_owner(db, &replay, &replay.application_id);

    if (result != DB_OK)
        return result;
    replay.id = id_next(change->ids);
    replay.job_id = id_next(change->ids);
    change->id = replay.id;
    result = insert_row(db, &replay, change->confirmed);
    return result == DB_OK ? make_job(db, replay.job_id, &replay) : result;
}

enum db_result
store_replay_insert(struct db *db, struct id_source *ids,
                    const struct replay *wanted, bool confirmed, uint64_t *id)
{
    struct change change = {
        .ids = ids, .wanted = wanted, .confirmed = confirmed};
    enum db_result result = transact(db, insert_work, &change);

    if (result == DB_OK)
        *id = change.id;
    return result;
}

static enum db_result
read_one(struct db *db, uint32_t application_id, uint64_t id, const char *lock,
         struct replay *replay)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    replay_row_select(&sql);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, id);
    add_owner(&sql, application_id);
    sql_raw(&sql, lock);
    result = replay_row_query(db, &sql, replay);
    buf_free(&sql);
    return result;
}

enum db_result
store_replay_get(struct db *db, uint32_t application_id, uint64_t id,
                 struct replay *replay)
{
    enum db_result result = read_one(db, application_id, id, "", replay);

    if (result != DB_OK)
        return result;
    result = replay_row_settle(db, replay);
    if (result != DB_OK)
        replay_free(replay);
    return result;
}

static enum db_result
read_list(struct db *db, const struct buf *sql, size_t limit,
          struct replay_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query(db, buf_slice(sql), &rows);

    if (result != DB_OK)
        return result;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(list->rows[0]));
    while (list->count < limit && (row = db_rows_next(rows)) != NULL)
        replay_row_read(row, &list->rows[list->count++]);
    if (db_rows_count(rows) > limit && limit > 0)
        list->next = list->rows[limit - 1].id;
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_replay_list(struct db *db, uint32_t application_id,
                  enum replay_status status, uint64_t before_id, size_t limit,
                  struct replay_list *list)
{
    struct replay_list found = {NULL, 0, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    size_t i;

    replay_row_select(&sql);
    sql_raw(&sql, " WHERE id < ");
    sql_u64(&sql, before_id == 0 ? (uint64_t)INT64_MAX : before_id);
    add_owner(&sql, application_id);
    if (status != REPLAY_STATUSES) {
        sql_raw(&sql, " AND status = ");
        sql_text(&sql, slice_of(replay_status_name(status)));
    }
    sql_raw(&sql, " ORDER BY id DESC LIMIT ");
    sql_u64(&sql, limit + 1);
    result = read_list(db, &sql, limit, &found);
    buf_free(&sql);
    for (i = 0; i < found.count && result == DB_OK; i++)
        result = replay_row_settle(db, &found.rows[i]);
    if (result == DB_OK)
        *list = found;
    else
        replay_list_free(&found);
    return result;
}

/* --- confirming and cancelling ---------------------------------------------- */

/* What is still counted goes on by itself. */
static enum db_result
note_confirmed(struct db *db, uint64_t id)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE replays SET confirmed_at = UTC_TIMESTAMP(6) "
                  "WHERE id = ");
    sql_u64(&sql, id);
    return run(db, &sql, NULL);
}

static enum db_result
start(struct db *db, struct change *change, const struct replay *replay)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t job_id = id_next(change->ids);
    enum db_result result;

    sql_raw(&sql, "UPDATE replays SET status = 'running', "
                  "confirmed_at = UTC_TIMESTAMP(6), cursor_owner = 0, "
                  "cursor_id = 0, skipped = 0, job_id = ");
    sql_u64(&sql, job_id);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, change->id);
    result = run(db, &sql, NULL);
    return result == DB_OK ? make_job(db, job_id, replay) : result;
}

/* The worker finds its job gone, and forgets it. */
static enum db_result
end(struct db *db, const struct replay *replay, const char *error)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE replays SET status = 'cancelled', job_id = NULL, ");
    if (error != NULL) {
        sql_raw(&sql, "error = ");
        sql_text(&sql, slice_of(error));
        sql_raw(&sql, ", ");
    }
    sql_raw(&sql, "finished_at = UTC_TIMESTAMP(6) WHERE id = ");
    sql_u64(&sql, replay->id);
    result = run(db, &sql, NULL);
    if (result != DB_OK || replay->job_id == 0)
        return result;
    sql_raw(&sql, "DELETE FROM jobs WHERE id = ");
    sql_u64(&sql, replay->job_id);
    return run(db, &sql, NULL);
}

/* The worker would end it as well, but whoever confirms it would have been told
   that it runs. */
static enum db_result
go_on(struct db *db, struct change *change, const struct replay *replay)
{
    const struct replay wanted = {.subscription_id = replay->subscription_id};
    uint32_t owner;
    enum db_result result = find_owner(db, &wanted, &owner);

    if (result == DB_NONE)
        return end(db, replay, REPLAY_DELETED);
    if (result != DB_OK)
        return result;
    change->changed = true;
    return replay->status == REPLAY_PLANNED ? start(db, change, replay)
                                            : note_confirmed(db, change->id);
}

static enum db_result
confirm_work(struct db *db, void *arg)
{
    struct change *change = arg;
    struct replay replay;
    enum db_result result = read_one(db, change->application_id, change->id,
                                     " FOR UPDATE", &replay);

    change->changed = false;
    if (result != DB_OK)
        return result;
    if (replay.status == REPLAY_PLANNED ||
        (replay.status == REPLAY_COUNTING && replay.confirmed_at_us == 0))
        result = go_on(db, change, &replay);
    replay_free(&replay);
    return result;
}

enum db_result
store_replay_confirm(struct db *db, struct id_source *ids,
                     uint32_t application_id, uint64_t id, bool *changed)
{
    struct change change = {
        .ids = ids, .application_id = application_id, .id = id};
    enum db_result result = transact(db, confirm_work, &change);

    if (result == DB_OK)
        *changed = change.changed;
    return result;
}

static enum db_result
cancel_work(struct db *db, void *arg)
{
    struct change *change = arg;
    struct replay replay;
    enum db_result result = read_one(db, change->application_id, change->id,
                                     " FOR UPDATE", &replay);

    if (result != DB_OK)
        return result;
    change->changed = replay.status <= REPLAY_RUNNING;
    if (change->changed)
        result = end(db, &replay, NULL);
    replay_free(&replay);
    return result;
}

enum db_result
store_replay_cancel(struct db *db, uint32_t application_id, uint64_t id,
                    bool *changed)
{
    struct change change = {.application_id = application_id, .id = id};
    enum db_result result = transact(db, cancel_work, &change);

    if (result == DB_OK)
        *changed = change.changed;
    return result;
}

enum db_result
store_replay_cancel_live(struct db *db, uint32_t application_id, uint64_t id)
{
    struct replay replay;
    enum db_result result = read_one(db, application_id, id, "", &replay);
    enum delivery_action action;
    size_t i;

    if (result != DB_OK)
        return result;
    for (i = 0; i < replay.live_count && result == DB_OK; i++) {
        result =
            store_delivery_cancel(db, application_id, replay.live[i], &action);
        if (result == DB_NONE) /* its history is removed already */
            result = DB_OK;
    }
    replay_free(&replay);
    return result;
}
