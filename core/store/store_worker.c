/*
 * store_worker.c - is anybody there to do the work?
 */
#include "store_worker.h"

enum db_result
store_worker_is_alive(struct db *db, bool *alive)
{
    struct db_rows *rows = NULL;
    enum db_result result = db_query(
        db,
        SLICE("SELECT 1 FROM shards WHERE lease_until > UTC_TIMESTAMP(6) "
              "LIMIT 1"),
        &rows);

    if (result != DB_OK)
        return result;
    *alive = db_rows_count(rows) > 0;
    db_rows_free(rows);
    return DB_OK;
}
