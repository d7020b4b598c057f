/*
 * db_rows.c - the rows of a result as slices.
 */
#include "db_impl.h"

#include "alloc.h"
#include "clock.h"
#include "number.h"

#include <stdlib.h>

struct db_rows {
    MYSQL_RES *result;
    struct slice *cells; /* count * columns, filled row by row */
    size_t count;
    size_t columns;
    size_t at; /* the row that comes next */
};

struct db_rows *
db_rows_wrap(MYSQL_RES *result)
{
    struct db_rows *rows = xcalloc(1, sizeof(*rows));

    rows->result = result;
    rows->count = (size_t)mysql_num_rows(result);
    rows->columns = mysql_num_fields(result);
    rows->cells =
        xreallocarray(NULL, rows->count * rows->columns, sizeof(*rows->cells));
    return rows;
}

size_t
db_rows_count(const struct db_rows *rows)
{
    return rows->count;
}

const struct slice *
db_rows_next(struct db_rows *rows)
{
    MYSQL_ROW row = mysql_fetch_row(rows->result);
    const unsigned long *lengths;
    struct slice *cells;
    size_t i;

    if (row == NULL)
        return NULL;
    lengths = mysql_fetch_lengths(rows->result);
    cells = rows->cells + rows->at * rows->columns;
    for (i = 0; i < rows->columns; i++)
        cells[i] = row[i] == NULL ? SLICE_NONE : slice_make(row[i], lengths[i]);
    rows->at++;
    return cells;
}

enum db_result
db_query_row(struct db *db, struct slice sql, struct db_rows **rows,
             const struct slice **row)
{
    enum db_result result = db_query(db, sql, rows);

    if (result != DB_OK)
        return result;
    *row = db_rows_next(*rows);
    if (*row != NULL)
        return DB_OK;
    db_rows_free(*rows);
    *rows = NULL;
    return DB_NONE;
}

void
db_rows_free(struct db_rows *rows)
{
    if (rows == NULL)
        return;
    mysql_free_result(rows->result);
    free(rows->cells);
    free(rows);
}

uint64_t
db_u64(struct slice cell, uint64_t fallback)
{
    uint64_t value;

    if (cell.ptr != NULL && number_u64(cell, UINT64_MAX, &value))
        return value;
    return fallback;
}

int64_t
db_i64(struct slice cell, int64_t fallback)
{
    int64_t value;

    if (cell.ptr != NULL && number_i64(cell, INT64_MIN, INT64_MAX, &value))
        return value;
    return fallback;
}

int64_t
db_time_us(struct slice cell)
{
    int64_t wall_us;

    if (cell.ptr != NULL && clock_parse_sql(cell, &wall_us))
        return wall_us;
    return 0;
}
