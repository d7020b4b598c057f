/*
 * store_disable.c - see store_disable.h.
 */
#include "store_disable.h"

#include "buf.h"
#include "sql.h"
#include "transact.h"

struct disabling {
    uint32_t subscription_id;
    const char *reason;
};

static enum db_result
disable(struct db *db, void *arg)
{
    const struct disabling *what = arg;
    struct buf sql = BUF_INIT(2048);
    uint64_t version = 0, matched = 0;
    enum db_result result;

    result = transact_config_version(db, &version);
    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE subscriptions SET active=0,disabled_reason=");
    sql_text(&sql, slice_of(what->reason));
    sql_raw(&sql, ",disabled_at=UTC_TIMESTAMP(6),updated_at=UTC_TIMESTAMP(6),"
                  "config_version=");
    sql_u64(&sql, version);
    sql_raw(&sql, " WHERE id=");
    sql_u64(&sql, what->subscription_id);
    sql_raw(&sql, " AND active=1 AND deleted_at IS NULL");
    result = db_exec(db, buf_slice(&sql), &matched);
    buf_free(&sql);
    return result == DB_OK && matched == 0 ? DB_NONE : result;
}

enum db_result
store_disable(struct db *db, uint32_t subscription_id, const char *reason)
{
    struct disabling what = {subscription_id, reason};

    return transact(db, disable, &what);
}
