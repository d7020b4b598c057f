/*
 * store_svix_message.c - one message, and how messages are shown.
 */
#include "store_svix_message.h"

#include "dedupe.h"
#include "event.h"
#include "id.h"
#include "json.h"
#include "member.h"
#include "sql.h"
#include "store_history.h"
#include "store_svix_message_row.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536

/* By the key under which a repeat of it is recognised. */
static enum db_result
find_by_key(struct db *db, uint32_t application_id, struct slice text,
            uint64_t *id)
{
    struct new_event event = {.has_dedupe = false};
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    event_dedupe_hash(&event, "trigger", application_id, text);
    if (!event.has_dedupe)
        return DB_NONE;
    sql_raw(&sql, "SELECT MIN(event_id) FROM dedupe WHERE slot < ");
    sql_u64(&sql, DEDUPE_SLOTS);
    sql_raw(&sql, " AND hash = ");
    sql_bytes(&sql, slice_make(event.dedupe_hash, sizeof(event.dedupe_hash)));
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *id = db_u64(row[0], 0);
    db_rows_free(rows);
    return *id == 0 ? DB_NONE : DB_OK;
}

enum db_result
store_svix_message_find(struct db *db, uint32_t application_id,
                        struct slice text, uint64_t *id)
{
    struct event_row row;
    enum db_result result;

    if (!id_parse(ID_MESSAGE, text, id) && !id_parse(ID_EVENT, text, id)) {
        result = find_by_key(db, application_id, text, id);
        if (result != DB_OK)
            return result;
    }
    result = store_event_get(db, application_id, *id, &row);
    if (result == DB_OK)
        event_row_free(&row);
    return result;
}

enum db_result
store_svix_message_read(struct db *db, uint32_t application_id,
                        const uint64_t *ids, size_t count,
                        struct svix_message_list *list)
{
    static const char *const tables[] = {"events", "events_kept"};
    struct svix_message_list found = {NULL, 0, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < 2 && result == DB_OK && found.count < count; i++) {
        svix_message_row_select(&sql);
        sql_raw(&sql, " FROM ");
        sql_id_table(&sql, ids, count);
        sql_raw(&sql, " x STRAIGHT_JOIN ");
        sql_raw(&sql, tables[i]);
        sql_raw(&sql, " e ON e.id = x.id WHERE e.application_id = ");
        sql_u64(&sql, application_id);
        result = svix_message_row_query(db, &sql, &found);
        buf_clear(&sql);
    }
    buf_free(&sql);
    if (result != DB_OK)
        svix_message_list_free(&found);
    else
        *list = found;
    return result;
}

enum db_result
store_svix_message_get(struct db *db, uint32_t application_id, uint64_t id,
                       struct svix_message *message)
{
    struct svix_message_list list;
    enum db_result result =
        store_svix_message_read(db, application_id, &id, 1, &list);

    if (result != DB_OK)
        return result;
    if (list.count == 0) {
        result = DB_NONE;
    } else {
        *message = list.rows[0];
        list.rows[0] = list.rows[--list.count]; /* moved */
    }
    svix_message_list_free(&list);
    return result;
}

const struct svix_message *
svix_message_in(const struct svix_message_list *list, uint64_t id)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (list->rows[i].id == id)
            return &list->rows[i];
    }
    return NULL;
}

void
svix_message_free(struct svix_message *message)
{
    free(message->type);
    free(message->event_id);
    slice_free(&message->channels);
    slice_free(&message->metadata);
    slice_free(&message->payload);
    memset(message, 0, sizeof(*message));
}

void
svix_message_list_free(struct svix_message_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        svix_message_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

/* A member of the metadata if it is of that kind; anybody may have written
   it. */
static void
print_meta(const struct svix_message *message, const char *name,
           enum json_kind kind, struct buf *out)
{
    struct json_value value = {.type = JSON_NULL};

    if (message->metadata.len == 0 ||
        !json_find(message->metadata, name, &value) || value.type != kind)
        member_text(out, name, NULL);
    else
        member_raw(out, name, value.text, "null");
}

void
svix_message_print_members(const struct svix_message *message, bool content,
                           struct buf *out)
{
    member_id(out, "id", ID_MESSAGE, message->id);
    member_text(out, "eventId", message->event_id);
    member_text(out, "eventType", message->type);
    member_raw(out, "payload", content ? message->payload : SLICE_NONE, "{}");
    member_raw(out, "channels", message->channels, "null");
    print_meta(message, "tags", JSON_ARRAY, out);
    print_meta(message, "deliverAt", JSON_STRING, out);
    member_time(out, "timestamp", id_time_us(message->id));
}

void
svix_message_print(const struct svix_message *message, bool content,
                   struct buf *out)
{
    buf_add_char(out, '{');
    svix_message_print_members(message, content, out);
    buf_add_char(out, '}');
}
