/*
 * store_names.c - the statements on `source_names`; see store_names.h.
 */
#include "store_names.h"

#include "insert.h"
#include "sql.h"

#define NAME_MAX_BYTES 255

enum db_result
store_names_read(struct db *db,
                 void (*found)(void *arg, const struct source_name *name),
                 void *arg)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    result = db_query(db,
                      SLICE("SELECT source_id,entity_id,NULLIF(name,'')"
                            " FROM source_names"),
                      &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        const struct source_name name = {(uint32_t)db_u64(cell[0], 0), cell[1],
                                         cell[2]};

        found(arg, &name);
    }
    db_rows_free(rows);
    return DB_OK;
}

static struct slice
cut(struct slice text)
{
    if (text.len <= NAME_MAX_BYTES)
        return text;
    text.len = NAME_MAX_BYTES;
    /* Not in the middle of a UTF-8 sequence. */
    while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

enum db_result
store_names_write(struct db *db, const struct source_name *names, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO source_names (source_id,entity_id,name) VALUES ",
                 " ON DUPLICATE KEY UPDATE name=VALUES(name),"
                 "asked_at=UTC_TIMESTAMP(6)");
    for (i = 0; i < count; i++) {
        struct slice name = names[i].name;

        insert_row(&insert, names[i].entity_id.len + name.len);
        sql_u64(&insert.sql, names[i].source_id);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, names[i].entity_id);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, name.ptr == NULL ? SLICE("") : cut(name));
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}
