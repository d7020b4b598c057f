/*
 * store_rejection.c - the SQL that notes what was refused, and why.
 */
#include "store_rejection.h"

#include "id.h"
#include "insert.h"
#include "sql.h"

#include <string.h>

enum db_result
store_rejection_add(struct db *db, const struct rejection *list, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO rejections (id,source_id,status,reason,detail,"
                 "remote_address,day,created_at) VALUES ",
                 "");
    for (i = 0; i < count; i++) {
        struct buf *sql = &insert.sql;

        insert_row(&insert, strlen(list[i].detail));
        sql_u64(sql, list[i].id);
        sql_raw(sql, ",");
        sql_u64(sql, list[i].source_id);
        sql_raw(sql, ",");
        sql_u64(sql, list[i].status);
        sql_raw(sql, ",");
        sql_text(sql, slice_of(list[i].reason));
        sql_raw(sql, ",");
        sql_text(sql, slice_of(list[i].detail));
        sql_raw(sql, ",");
        sql_text(sql, slice_of(list[i].remote_address));
        sql_raw(sql, ",UTC_DATE(),");
        sql_time(sql, id_time_us(list[i].id));
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}
