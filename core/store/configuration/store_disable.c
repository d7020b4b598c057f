/*
 * store_disable.c - see store_disable.h.
 */
#include "store_disable.h"

#include "buf.h"
#include "lane.h"
#include "sql.h"
#include "transact.h"

struct change {
    uint32_t subscription_id;
    const char *assignment; /* the reason follows */
    const char *reason;
    const char *condition; /* it has not been done yet */
};

/* DB_NONE: it has been done before, or the subscription is gone. */
static enum db_result
set(struct db *db, const struct change *change)
{
    struct buf sql = BUF_INIT(2048);
    uint64_t version = 0, matched = 0;
    enum db_result result;

    result = transact_config_version(db, &version);
    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE subscriptions SET ");
    sql_raw(&sql, change->assignment);
    sql_text(&sql, slice_of(change->reason));
    sql_raw(&sql, ",updated_at=UTC_TIMESTAMP(6),config_version=");
    sql_u64(&sql, version);
    sql_raw(&sql, " WHERE id=");
    sql_u64(&sql, change->subscription_id);
    sql_raw(&sql, change->condition);
    sql_raw(&sql, " AND deleted_at IS NULL");
    result = db_exec(db, buf_slice(&sql), &matched);
    buf_free(&sql);
    return result == DB_OK && matched == 0 ? DB_NONE : result;
}

/* When it is switched on again, what was before must not count any more. */
static enum db_result
start_anew(struct db *db, uint32_t subscription_id)
{
    struct buf sql = BUF_INIT(512);
    enum db_result result;

    sql_raw(&sql, "UPDATE lane_state SET breaker='closed',breaker_until=NULL,"
                  "breaker_trips=0,failing_since=NULL WHERE lane=");
    sql_u64(&sql, lane_number(LANE_SUBSCRIPTION, subscription_id));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

static enum db_result
disable(struct db *db, void *arg)
{
    const struct change *change = arg;
    enum db_result result = set(db, change);

    return result == DB_OK ? start_anew(db, change->subscription_id) : result;
}

static struct change
disabling(uint32_t subscription_id, const char *reason)
{
    return (struct change){
        .subscription_id = subscription_id,
        .assignment = "active=0,disabled_at=UTC_TIMESTAMP(6),disabled_reason=",
        .reason = reason,
        .condition = " AND active=1",
    };
}

enum db_result
store_disable(struct db *db, uint32_t subscription_id, const char *reason)
{
    struct change change = disabling(subscription_id, reason);

    return transact(db, disable, &change);
}

enum db_result
store_disable_in(struct db *db, uint32_t subscription_id, const char *reason)
{
    struct change change = disabling(subscription_id, reason);

    return disable(db, &change);
}

static enum db_result
pause_it(struct db *db, void *arg)
{
    return set(db, arg);
}

enum db_result
store_pause(struct db *db, uint32_t subscription_id, const char *reason)
{
    struct change change = {
        .subscription_id = subscription_id,
        .assignment = "paused=1,paused_reason=",
        .reason = reason,
        .condition = " AND paused=0",
    };

    return transact(db, pause_it, &change);
}
