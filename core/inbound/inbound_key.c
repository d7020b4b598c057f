/*
 * inbound_key.c - which record a row is; see inbound_key.h.
 */
#include "inbound_key.h"

#define COLUMN_MAX 128 /* bytes of a column's name, with NUL */

struct slice
inbound_text(const struct json_value *value, struct buf *scratch)
{
    struct slice plain = value->text;

    if (value->type == JSON_STRING)
        plain = json_plain_string(value->text);
    if (plain.ptr != NULL)
        return plain;
    /* Decoding makes no text longer, and the body has a bound. */
    buf_free(scratch);
    buf_init(scratch, value->text.len);
    json_decode_string(value->text, scratch);
    return buf_slice(scratch);
}

struct slice
inbound_name(const struct json_member *member, struct buf *scratch)
{
    /* The quotes stand around it: a name is a string like any other. */
    const struct json_value quoted = {
        .type = JSON_STRING,
        .text = slice_make(member->name.ptr - 1, member->name.len + 2),
    };

    return inbound_text(&quoted, scratch);
}

bool
inbound_text_fits(struct slice text, size_t max, const char *field,
                  const char *sub, struct problems *problems)
{
    if (text.len == 0 || text.len > max) {
        problem_length(problems, field, sub, text.len, max);
        return false;
    }
    if (memchr(text.ptr, '\0', text.len) != NULL) {
        problem_add(problems, field, sub, "value_error.str.nul",
                    "ensure this value has no NUL characters");
        return false;
    }
    return true;
}

/* Like json_find(), for names that may be anything. */
static bool
find_member(struct slice object, const char *name, struct json_value *value)
{
    struct buf scratch = BUF_INIT(0);
    struct json_member member;
    bool found = false;
    size_t at = 0;

    while (!found && json_next(object, &at, &member)) {
        found = slice_is(inbound_name(&member, &scratch), name);
        if (found)
            *value = member.value;
    }
    buf_free(&scratch);
    return found;
}

/* The JSON array of column names for that table. */
static struct slice
columns_of(const struct source *source, const char *table)
{
    struct json_value all, columns;

    if (source->key_columns.ptr != NULL &&
        json_read(source->key_columns, &all, NULL) && all.type == JSON_OBJECT &&
        find_member(all.text, table, &columns) && columns.type == JSON_ARRAY)
        return columns.text;
    return SLICE("[\"id\"]");
}

/* The next column's name; false at the end. */
static bool
next_column(struct slice columns, size_t *at, char name[COLUMN_MAX])
{
    struct buf scratch = BUF_INIT(0);
    struct json_member item;
    bool found = false;

    while (!found && json_next(columns, at, &item)) {
        struct slice text;

        if (item.value.type != JSON_STRING)
            continue;
        text = inbound_text(&item.value, &scratch);
        found = text.len > 0 && text.len < COLUMN_MAX &&
                memchr(text.ptr, '\0', text.len) == NULL;
        if (found) {
            memcpy(name, text.ptr, text.len);
            name[text.len] = '\0';
        }
    }
    buf_free(&scratch);
    return found;
}

static size_t
count_columns(struct slice columns)
{
    char name[COLUMN_MAX];
    size_t count = 0;
    size_t at = 0;

    while (next_column(columns, &at, name))
        count++;
    return count;
}

static void
add_escaped(struct buf *key, struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] == ',' || text.ptr[i] == '\\')
            buf_add_char(key, '\\');
        buf_add_char(key, text.ptr[i]);
    }
}

/* One column's part of the key. */
static bool
add_column(struct slice row, const char *field, const char *column,
           bool composite, struct problems *problems, struct buf *key)
{
    struct buf scratch = BUF_INIT(0);
    struct json_value value;
    struct slice text;
    bool added = false;

    if (!find_member(row, column, &value)) {
        problem_missing(problems, field, column);
    } else if (value.type == JSON_NULL) {
        problem_null(problems, field, column);
    } else if (value.type != JSON_STRING && value.type != JSON_NUMBER) {
        problem_type(problems, field, column, "str");
    } else {
        text = inbound_text(&value, &scratch);
        added = inbound_text_fits(text, INBOUND_RECORD_MAX, field, column,
                                  problems);
        if (added && composite) {
            if (key->len > 0)
                buf_add_char(key, ',');
            buf_add_text(key, column);
            buf_add_char(key, '=');
            add_escaped(key, text);
        } else if (added) {
            buf_add_slice(key, text);
        }
    }
    buf_free(&scratch);
    return added;
}

bool
inbound_key(const struct source *source, const char *table, struct slice row,
            const char *field, struct problems *problems,
            char out[INBOUND_RECORD_MAX + 1])
{
    struct slice columns = columns_of(source, table);
    struct buf key = BUF_INIT(INBOUND_RECORD_MAX);
    size_t count = count_columns(columns);
    char column[COLUMN_MAX];
    bool complete = true;
    size_t at = 0;

    if (count == 0) {
        columns = SLICE("[\"id\"]");
        count = 1;
    }
    while (next_column(columns, &at, column))
        complete = add_column(row, field, column, count > 1, problems, &key) &&
                   complete;
    if (complete && !buf_ok(&key)) {
        problem_length(problems, field, NULL, INBOUND_RECORD_MAX + 1,
                       INBOUND_RECORD_MAX);
        complete = false;
    }
    if (complete)
        memcpy(out, key.data, key.len + 1);
    buf_free(&key);
    return complete;
}
