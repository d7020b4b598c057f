/*
 * store_handshake.c - see store_handshake.h.
 */
#include "store_handshake.h"

#include "sign.h"
#include "sql.h"
#include "transact.h"

#define SQL_MAX 4096 /* bytes */

struct capture {
    uint32_t source_id;
    struct slice sealed;
};

static enum db_result
write_token(struct db *db, void *arg)
{
    const struct capture *capture = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version, affected = 0;
    enum db_result result = transact_config_version(db, &version);

    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE sources SET handshake = 'captured', "
                  "updated_at = UTC_TIMESTAMP(6), config_version = ");
    sql_u64(&sql, version);
    sql_raw(&sql, ", captured_token = ");
    sql_bytes(&sql, capture->sealed);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, capture->source_id);
    sql_raw(&sql, " AND handshake = 'awaiting' AND deleted_at IS NULL");
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), &affected) : DB_BROKEN;
    buf_free(&sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

enum db_result
store_handshake_capture(struct db *db, const struct sealer *sealer,
                        uint32_t application_id, uint32_t source_id,
                        struct slice token)
{
    struct seal_place place = {"sources", "captured_token", application_id,
                               source_id};
    struct buf sealed = BUF_INIT(SIGN_SECRET_MAX + SEAL_OVERHEAD);
    struct capture capture = {.source_id = source_id};
    enum db_result result = DB_BROKEN;

    if (token.len > 0 && token.len <= SIGN_SECRET_MAX) {
        seal_value(sealer, place, token, &sealed);
        capture.sealed = buf_slice(&sealed);
        result = transact(db, write_token, &capture);
    }
    buf_free(&sealed);
    return result;
}
