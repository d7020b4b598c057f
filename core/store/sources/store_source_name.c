/*
 * store_source_name.c - a name that another source had a moment ago.
 *
 * Programs look for news once a second (contact.h). Until then they take the
 * source that had the name for the one that has it now: what is sent to the new
 * one would go to one that is gone.
 */
#include "store_source_impl.h"

#include "clock.h"
#include "sql.h"

#include <time.h>

#define NAME_REST_US (CLOCK_US_PER_S * 3 / 2)

/* For how much longer the name has to stay free. */
static enum db_result
name_is_fresh_us(struct db *db, const struct source_form *form, int64_t *us)
{
    const struct body_value *name = &form->value[SOURCE_NAME_FIELD];
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), "
                  "MAX(deleted_at)) + ");
    sql_i64(&sql, NAME_REST_US);
    sql_raw(&sql, " FROM sources WHERE name = ");
    sql_text(&sql, slice_make(name->text, name->text_len));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(rows);
    *us = cell == NULL ? 0 : db_i64(cell[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_source_let_name_rest(struct db *db, const struct source_form *form)
{
    enum db_result result = DB_OK;
    struct timespec pause;
    int64_t us = 0;

    if (form->value[SOURCE_NAME_FIELD].given)
        result = name_is_fresh_us(db, form, &us);
    if (result != DB_OK || us <= 0 || us > NAME_REST_US)
        return result;
    pause.tv_sec = us / CLOCK_US_PER_S;
    pause.tv_nsec = us % CLOCK_US_PER_S * 1000;
    nanosleep(&pause, NULL);
    return DB_OK;
}
