/*
 * store_filtered.c - see store_filtered.h.
 */
#include "store_filtered.h"

#include "sql.h"

#define AT_ONCE 256   /* rows of one statement */
#define SQL_MAX 32768 /* bytes of it */
#define HOUR "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00')"

static enum db_result
write_some(struct db *db, const struct filtered_count *counts, size_t n,
           uint32_t slot)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    size_t i;

    sql_raw(&sql, "INSERT INTO rollup_subscriptions "
                  "(hour, subscription_id, slot, filtered) VALUES ");
    for (i = 0; i < n; i++) {
        sql_raw(&sql, i == 0 ? "(" HOUR ", " : ", (" HOUR ", ");
        sql_u64(&sql, counts[i].subscription_id);
        sql_raw(&sql, ", ");
        sql_u64(&sql, slot);
        sql_raw(&sql, ", ");
        sql_u64(&sql, counts[i].events);
        sql_raw(&sql, ")");
    }
    sql_raw(&sql, " ON DUPLICATE KEY UPDATE "
                  "filtered = filtered + VALUES(filtered)");
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    buf_free(&sql);
    return result;
}

enum db_result
store_filtered_write(struct db *db, struct catalog *catalog, uint32_t slot)
{
    struct filtered_count counts[AT_ONCE];
    enum db_result result = DB_OK;
    size_t n;

    do {
        n = catalog_take_filtered(catalog, counts, AT_ONCE);
        if (n > 0)
            result = write_some(db, counts, n, slot);
    } while (n == AT_ONCE && result == DB_OK);
    return result;
}
