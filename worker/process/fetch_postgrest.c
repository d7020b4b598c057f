/*
 * fetch_postgrest.c - records of Supabase, asked for through PostgREST; see
 * fetch.h.
 *
 * A record that row-level security hides looks like one that is not there: an
 * empty array. A table that is not there is a 404, and no answer about a
 * record.
 */
#include "fetch_impl.h"

#include "inbound_key.h"

#include <string.h>

#define COLUMN_MAX 128 /* bytes of a column's name */

void
fetch_split_table(struct slice name, struct slice *schema, struct slice *table)
{
    const char *dot = memchr(name.ptr, '.', name.len);

    *schema = SLICE_NONE;
    *table = name;
    if (dot == NULL)
        return;
    *schema = slice_make(name.ptr, (size_t)(dot - name.ptr));
    *table = slice_make(dot + 1, name.len - schema->len - 1);
}

/* Keys of the older kind are JSON Web Tokens, which the database wants as well;
   the newer ones (sb_secret_...) are taken as `apikey` alone. */
static bool
is_token(const char *key)
{
    return strncmp(key, "sb_", 3) != 0;
}

void
fetch_postgrest_headers(const char *key, struct slice schema,
                        struct request *request)
{
    struct buf bearer = BUF_INIT(8192);

    request_add_header(request, "Accept", SLICE("application/json"));
    request_add_header(request, "apikey", slice_of(key));
    if (is_token(key)) {
        buf_add_text(&bearer, "Bearer ");
        buf_add_text(&bearer, key);
        request_add_header(request, "Authorization", buf_slice(&bearer));
    }
    if (schema.ptr != NULL && !slice_is(schema, "public"))
        request_add_header(request, "Accept-Profile", schema);
    buf_wipe(&bearer);
}

/* The JSON array of the table's key columns, or absent: "id". */
static struct slice
columns_of(const struct source *source, const char *table)
{
    struct buf scratch = BUF_INIT(0);
    struct slice columns = SLICE_NONE;
    struct json_member member;
    struct json_value all;
    size_t at = 0;

    if (source->key_columns.ptr == NULL ||
        !json_read(source->key_columns, &all, NULL) || all.type != JSON_OBJECT)
        return SLICE_NONE;
    while (columns.ptr == NULL && json_next(all.text, &at, &member)) {
        if (slice_is(inbound_name(&member, &scratch), table) &&
            member.value.type == JSON_ARRAY)
            columns = member.value.text;
    }
    buf_free(&scratch);
    return columns;
}

/* A name that PostgREST would read as something else has to stand in quotes. */
static bool
is_plain(struct slice column)
{
    static const char *const words[] = {"select", "order",       "limit",
                                        "offset", "columns",     "and",
                                        "or",     "on_conflict", "not"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ";
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_is(column, words[i]))
            return false;
    }
    for (i = 0; i < column.len; i++) {
        if (column.ptr[i] == '\0' || strchr(letters, column.ptr[i]) == NULL)
            return false;
    }
    return true;
}

static void
add_column(struct buf *url, struct slice column)
{
    const char *quote = is_plain(column) ? "" : "%22";

    buf_add_text(url, quote);
    fetch_add_encoded(url, column);
    buf_add_text(url, quote);
}

void
fetch_postgrest_order(const struct source *source, const char *table,
                      struct buf *url)
{
    struct slice columns = columns_of(source, table);
    struct buf name = BUF_INIT(COLUMN_MAX);
    struct json_member item;
    size_t at = 0, n = 0;

    while (columns.ptr != NULL && json_next(columns, &at, &item)) {
        if (item.value.type != JSON_STRING)
            continue;
        buf_clear(&name);
        json_decode_string(item.value.text, &name);
        buf_add_char(url, ',');
        add_column(url, buf_slice(&name));
        buf_add_text(url, ".asc");
        n++;
    }
    if (n == 0)
        buf_add_text(url, ",id.asc");
    buf_free(&name);
}

static void
add_condition(struct buf *url, bool first, struct slice column,
              struct slice value)
{
    buf_add_char(url, first ? '?' : '&');
    add_column(url, column);
    buf_add_text(url, "=eq.");
    fetch_add_encoded(url, value);
}

/* Takes "column=value" off the front of a record id; what was escaped there is
   not here. False: it does not begin with that column. */
static bool
take_part(struct slice *rest, struct slice column, struct buf *value)
{
    size_t i = column.len + 1;

    buf_clear(value);
    if (rest->len < i || memcmp(rest->ptr, column.ptr, column.len) != 0 ||
        rest->ptr[column.len] != '=')
        return false;
    for (; i < rest->len && rest->ptr[i] != ','; i++) {
        if (rest->ptr[i] == '\\' && i + 1 < rest->len)
            i++;
        buf_add_char(value, rest->ptr[i]);
    }
    if (i < rest->len)
        i++; /* the comma */
    *rest = slice_make(rest->ptr + i, rest->len - i);
    return true;
}

static size_t
count_columns(struct slice columns)
{
    struct json_member item;
    size_t at = 0, n = 0;

    while (json_next(columns, &at, &item))
        n += item.value.type == JSON_STRING;
    return n;
}

/* ?a=eq.1&b=eq.2 */
static bool
add_key(const struct source *source, const struct inbound *in, struct buf *url)
{
    struct slice columns = columns_of(source, in->table);
    size_t count = columns.ptr == NULL ? 0 : count_columns(columns);
    struct slice rest = slice_of(in->record_id);
    struct buf name = BUF_INIT(COLUMN_MAX);
    struct buf value = BUF_INIT(INBOUND_RECORD_MAX);
    struct json_member item;
    size_t at = 0, n = 0;
    bool ok = true;

    if (count == 0)
        add_condition(url, true, SLICE("id"), rest);
    while (ok && count > 0 && json_next(columns, &at, &item)) {
        if (item.value.type != JSON_STRING)
            continue;
        buf_clear(&name);
        json_decode_string(item.value.text, &name);
        if (count > 1)
            ok = take_part(&rest, buf_slice(&name), &value);
        else
            buf_add_slice(&value, rest);
        ok = ok && buf_ok(&name);
        add_condition(url, n++ == 0, buf_slice(&name), buf_slice(&value));
    }
    buf_free(&name);
    buf_free(&value);
    return ok && (count <= 1 || rest.len == 0);
}

static bool
knows(const struct inbound *in)
{
    struct slice schema, table;

    fetch_split_table(slice_of(in->table), &schema, &table);
    return fetch_is_segment(table);
}

static bool
build(const struct source *source, const char *key, const struct inbound *in,
      struct request *request)
{
    struct slice schema, table;

    fetch_split_table(slice_of(in->table), &schema, &table);
    buf_add_text(&request->url, "/rest/v1/");
    if (!fetch_add_segment(&request->url, table) ||
        !add_key(source, in, &request->url))
        return false;
    buf_add_text(&request->url, "&select=*");
    fetch_postgrest_headers(key, schema, request);
    return true;
}

static enum verdict_answer
read(uint32_t status, const struct json_value *body, struct slice *record)
{
    struct json_member item, second;
    size_t at = 0;

    if (status != 200 || body->type != JSON_ARRAY)
        return ANSWER_ODD;
    if (!json_next(body->text, &at, &item))
        return ANSWER_ABSENT;
    /* Several: what was taken for a key is none. */
    if (item.value.type != JSON_OBJECT || json_next(body->text, &at, &second))
        return ANSWER_ODD;
    *record = item.value.text;
    return ANSWER_FOUND;
}

const struct fetch_api fetch_postgrest = {
    .provider = "supabase",
    .knows = knows,
    .build = build,
    .read = read,
};
