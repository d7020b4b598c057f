/*
 * store_receiving.c - see store_receiving.h.
 */
#include "store_receiving.h"

#include "clock.h"
#include "insert.h"
#include "member.h"
#include "sql.h"

#define SQL_BYTES 2048
#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)
#define HOUR "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00')"

enum db_result
store_receiving_add(struct db *db, const struct receiving_count *counts,
                    size_t n, uint32_t slot)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO rollup_receiving "
                 "(hour, source_id, slot, rejected, ignored, repeated) VALUES ",
                 " ON DUPLICATE KEY UPDATE rejected = rejected + "
                 "VALUES(rejected), ignored = ignored + VALUES(ignored), "
                 "repeated = repeated + VALUES(repeated)");
    for (i = 0; i < n; i++) {
        struct buf *sql = &insert.sql;

        insert_row(&insert, 0);
        sql_raw(sql, HOUR ", ");
        sql_u64(sql, counts[i].source_id);
        sql_raw(sql, ", ");
        sql_u64(sql, slot);
        sql_raw(sql, ", ");
        sql_u64(sql, counts[i].rejected);
        sql_raw(sql, ", ");
        sql_u64(sql, counts[i].ignored);
        sql_raw(sql, ", ");
        sql_u64(sql, counts[i].repeated);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}

static void
add_where(struct buf *sql, uint32_t source_id, int64_t since_us)
{
    sql_raw(sql, " WHERE source_id = ");
    sql_u64(sql, source_id);
    if (since_us == 0)
        return;
    sql_raw(sql, " AND hour >= ");
    sql_time(sql, since_us);
}

static void
print_query(uint32_t source_id, int64_t since_us, struct buf *sql)
{
    sql_raw(sql, "SELECT SUM(a), SUM(b), SUM(c), SUM(d), SUM(e), SUM(f), "
                 "SUM(g) FROM (SELECT SUM(processed) AS a, SUM(failed) AS b, "
                 "SUM(retries) AS c, 0 AS d, 0 AS e, 0 AS f, 0 AS g "
                 "FROM rollup_sources");
    add_where(sql, source_id, since_us);
    sql_raw(sql, " UNION ALL SELECT 0, 0, 0, SUM(rejected), SUM(ignored), "
                 "SUM(repeated), SUM(mismatched) FROM rollup_receiving");
    add_where(sql, source_id, since_us);
    sql_raw(sql, ") x");
}

enum db_result
store_receiving_read(struct db *db, uint32_t source_id, int64_t since_us,
                     struct receiving_figures *figures)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    print_query(source_id, since_us - since_us % HOUR_US, &sql);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(rows);
    if (cell != NULL)
        *figures = (struct receiving_figures){
            .processed = db_u64(cell[0], 0),
            .failed = db_u64(cell[1], 0),
            .retries = db_u64(cell[2], 0),
            .rejected = db_u64(cell[3], 0),
            .ignored = db_u64(cell[4], 0),
            .repeated = db_u64(cell[5], 0),
            .mismatched = db_u64(cell[6], 0),
        };
    db_rows_free(rows);
    return cell == NULL ? DB_BROKEN : DB_OK;
}

void
receiving_figures_print(const struct receiving_figures *figures,
                        struct buf *out)
{
    buf_add_char(out, '{');
    member_u64(out, "processed", figures->processed);
    member_u64(out, "failed", figures->failed);
    member_u64(out, "retries", figures->retries);
    member_u64(out, "rejected", figures->rejected);
    member_u64(out, "ignored", figures->ignored);
    member_u64(out, "repeated", figures->repeated);
    member_u64(out, "mismatched", figures->mismatched);
    buf_add_char(out, '}');
}
