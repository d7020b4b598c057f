/*
 * store_event_type.c - the registered event types: a catalogue for people.
 */
#include "store_event_type.h"

#include "alloc.h"
#include "json.h"
#include "member.h"

#include <stdlib.h>

#define TYPES_MAX "5000" /* shown; a catalogue for people stays far below */

struct entry {
    struct slice name, category, description;
    bool grouped; /* its name has been written into its category */
};

static void
print_list(const struct entry *entry, size_t count, struct buf *out)
{
    size_t i;

    member_name(out, "event_types");
    buf_add_char(out, '[');
    for (i = 0; i < count; i++) {
        member_next(out);
        buf_add_char(out, '{');
        member_slice(out, "name", entry[i].name);
        member_slice(out, "description", entry[i].description);
        member_slice(out, "category", entry[i].category);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

/* Categories in the order in which each appears first. */
static void
print_categories(struct entry *entry, size_t count, struct buf *out)
{
    size_t i, k;

    member_name(out, "categories");
    buf_add_char(out, '{');
    for (i = 0; i < count; i++) {
        if (entry[i].grouped)
            continue;
        member_next(out);
        json_add_string(out, entry[i].category);
        buf_add_text(out, ":[");
        for (k = i; k < count; k++) {
            if (!slice_equal(entry[k].category, entry[i].category))
                continue;
            entry[k].grouped = true;
            member_next(out);
            json_add_string(out, entry[k].name);
        }
        buf_add_char(out, ']');
    }
    buf_add_char(out, '}');
}

enum db_result
store_event_type_print(struct db *db, struct buf *out)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    struct entry *entry;
    size_t count = 0;
    enum db_result result = db_query(
        db,
        SLICE(
            "SELECT name, category, description FROM event_types "
            "WHERE archived = 0 AND deleted_at IS NULL ORDER BY position, name "
            "LIMIT " TYPES_MAX),
        &rows);

    if (result != DB_OK)
        return result;
    entry = xcalloc(db_rows_count(rows) + 1, sizeof(entry[0]));
    while ((row = db_rows_next(rows)) != NULL)
        entry[count++] = (struct entry){row[0], row[1], row[2], false};
    buf_add_char(out, '{');
    print_list(entry, count, out);
    print_categories(entry, count, out);
    buf_add_char(out, '}');
    free(entry);
    db_rows_free(rows);
    return DB_OK;
}
