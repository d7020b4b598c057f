/*
 * store_token.c - see store_token.h.
 */
#include "store_token.h"

#include "sql.h"

#define STATEMENT_MAX_BYTES 1024

enum db_result
store_token_touch(struct db *db, uint32_t token_id)
{
    struct buf sql = BUF_INIT(STATEMENT_MAX_BYTES);
    enum db_result result;

    sql_raw(&sql, "UPDATE api_tokens SET last_used_at = UTC_TIMESTAMP(6)"
                  " WHERE id = ");
    sql_u64(&sql, token_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}
