/*
 * store_replay_step.c - the worker's side of a replay.
 */
#include "store_replay_step.h"

#include "lane.h"
#include "replay_row.h"
#include "sql.h"

#define SQL_MAX 8192

enum db_result
store_replay_lock(struct db *db, uint64_t job_id, struct replay *replay)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    replay_row_select(&sql);
    sql_raw(&sql, " WHERE job_id=");
    sql_u64(&sql, job_id);
    sql_raw(&sql, " FOR UPDATE");
    result = replay_row_query(db, &sql, replay);
    buf_free(&sql);
    return result;
}

enum db_result
store_replay_settle(struct db *db, struct replay *replay, bool *changed)
{
    size_t before = replay->live_count;
    enum db_result result = replay_row_settle(db, replay);

    *changed = replay->live_count < before;
    return result;
}

static void
add_number(struct buf *sql, const char *column, uint64_t value)
{
    sql_raw(sql, column);
    sql_u64(sql, value);
}

enum db_result
store_replay_save(struct db *db, const struct replay *replay)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE replays SET status=");
    sql_text(&sql, slice_of(replay_status_name(replay->status)));
    add_number(&sql, ",cursor_owner=", replay->cursor_owner);
    add_number(&sql, ",cursor_id=", replay->cursor_id);
    add_number(&sql, ",all_made=", replay->all_made ? 1 : 0);
    sql_raw(&sql, ",live=");
    replay_row_add_live(&sql, replay);
    add_number(&sql, ",planned=", replay->planned);
    add_number(&sql, ",made=", replay->made);
    add_number(&sql, ",skipped=", replay->skipped);
    add_number(&sql, ",succeeded=", replay->succeeded);
    add_number(&sql, ",failed=", replay->failed);
    add_number(&sql, ",cancelled=", replay->cancelled);
    if (replay->error != NULL) {
        sql_raw(&sql, ",error=");
        sql_text(&sql, slice_of(replay->error));
    }
    add_number(&sql, " WHERE id=", replay->id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

static enum db_result
end_row(struct db *db, const struct replay *replay)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE replays SET job_id=NULL");
    if (replay->status > REPLAY_RUNNING)
        sql_raw(&sql, ",finished_at=UTC_TIMESTAMP(6)");
    add_number(&sql, " WHERE id=", replay->id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

static enum db_result
remove_job(struct db *db, uint64_t job_id, uint64_t *affected)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "DELETE FROM jobs WHERE id=");
    sql_u64(&sql, job_id);
    sql_raw(&sql, " AND kind=");
    sql_u64(&sql, JOB_REPLAY);
    result = db_exec(db, buf_slice(&sql), affected);
    buf_free(&sql);
    return result;
}

enum db_result
store_replay_leave(struct db *db, const struct replay *replay)
{
    uint64_t affected = 0;
    enum db_result result = store_replay_save(db, replay);

    if (result == DB_OK)
        result = end_row(db, replay);
    if (result == DB_OK)
        result = remove_job(db, replay->job_id, &affected);
    return result == DB_OK && affected == 0 ? DB_AGAIN : result;
}

enum db_result
store_replay_remove_job(struct db *db, uint64_t job_id)
{
    return remove_job(db, job_id, NULL);
}
