/*
 * store_application.c - applications: make, list, and find by name or app_ id.
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

    sql_raw(&sql, "SELECT id FROM applications "
                  "WHERE deleted_at IS NULL AND ");
    if (id_parse(ID_APPLICATION, text, &number)) {
        sql_raw(&sql, "id = ");
        sql_u64(&sql, number);
    } else {
        sql_raw(&sql, "name = ");
        sql_text(&sql, text);
    }
    if (!buf_ok(&sql))
        goto out; /* longer than any name */
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    if (result != DB_OK)
        goto out;
    *id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
out:
    buf_free(&sql);
    return result;
}

enum db_result
store_application_insert(struct db *db, struct slice name, uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO applications (name) VALUES (");
    sql_text(&sql, name);
    sql_raw(&sql, ")");
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    if (result == DB_OK)
        *id = (uint32_t)db_insert_id(db);
    buf_free(&sql);
    return result;
}

enum db_result
store_application_list(struct db *db,
                       void (*each)(void *arg, uint32_t id, struct slice name,
                                    int64_t created_at_us),
                       void *arg)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result =
        db_query(db,
                 SLICE("SELECT id, name, created_at FROM applications "
                       "WHERE deleted_at IS NULL ORDER BY id"),
                 &rows);

    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        each(arg, (uint32_t)db_u64(cell[0], 0), cell[1], db_time_us(cell[2]));
    db_rows_free(rows);
    return DB_OK;
}
