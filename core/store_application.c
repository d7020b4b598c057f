/*
 * store_application.c - which application a name or an app_ id means.
 */
#include "store_application.h"

#include "id.h"
#include "sql.h"

#define SQL_MAX 4096

enum db_result
store_application_find(struct db *db, struct slice text, uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = DB_NONE;
    uint64_t number;

    sql_raw(&sql, "SELECT id FROM applications WHERE ");
    if (id_parse(ID_APPLICATION, text, &number)) {
        sql_raw(&sql, "id = ");
        sql_u64(&sql, number);
    } else {
        sql_raw(&sql, "name = ");
        sql_text(&sql, text);
    }
    if (!buf_ok(&sql))
        goto out; /* longer than any name */
    result = db_query(db, buf_slice(&sql), &rows);
    if (result != DB_OK)
        goto out;
    row = db_rows_next(rows);
    if (row == NULL)
        result = DB_NONE;
    else
        *id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
out:
    buf_free(&sql);
    return result;
}
