/*
 * inbound_field.c - what each field of our own body and of Supabase's means;
 * tables of inbound_field.h.
 */
#include "inbound_field.h"

#include "clock.h"
#include "inbound_id.h"
#include "inbound_key.h"
#include "pattern.h"

#include <assert.h>

#define SCHEMA_MAX (INBOUND_TABLE_MAX - 2) /* leaves room for ".t" */

/* An id that is about to be cleaned. */
static void
keep_sent(struct inbound_reading *r, const char *id, size_t len)
{
    if (id == r->in->table)
        memcpy(r->in->table_sent, id, len + 1);
    else if (id == r->in->record_id)
        memcpy(r->in->record_sent, id, len + 1);
}

bool
inbound_take_text(struct inbound_reading *r, const char *name, const char *sub,
                  const struct json_value *value, size_t max, char *out)
{
    struct slice text = inbound_text(value, &r->scratch);

    if (!inbound_text_fits(text, max, name, sub, r->problems))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    if (r->notion) {
        keep_sent(r, out, text.len);
        inbound_id_clean(out);
    }
    return true;
}

void
inbound_name_type(struct inbound_reading *r, const char *field,
                  struct slice tail)
{
    struct buf type = BUF_INIT(sizeof(r->in->type) - 1);

    pattern_add_clean(&type, slice_of(r->source->name));
    buf_add_char(&type, '.');
    pattern_add_clean(&type, tail);
    if (buf_ok(&type)) {
        assert(pattern_is_type(buf_slice(&type)));
        memcpy(r->in->type, type.data, type.len + 1);
    } else {
        problem_length(r->problems, field, NULL, tail.len,
                       sizeof(r->in->type) - 2 - strlen(r->source->name));
    }
    buf_free(&type);
}

static void
take_word(struct inbound_reading *r, const char *name,
          const struct json_value *value, const char *permitted)
{
    enum inbound_action action;

    if (inbound_action_from_name(inbound_text(value, &r->scratch), &action) &&
        action != INBOUND_OTHER)
        r->in->action = action;
    else
        problem_enum(r->problems, name, NULL, permitted);
}

static void
take_event_type(struct inbound_reading *r, const char *name,
                const struct json_value *value)
{
    take_word(r, name, value, "'insert', 'update', 'delete'");
}

static void
take_type(struct inbound_reading *r, const char *name,
          const struct json_value *value)
{
    take_word(r, name, value, "'INSERT', 'UPDATE', 'DELETE'");
}

static void
take_source(struct inbound_reading *r, const char *name,
            const struct json_value *value)
{
    struct slice text = inbound_text(value, &r->scratch);
    size_t len = text.len;

    (void)name;
    if (slice_is(text, r->source->name))
        return;
    r->other_source = true;
    if (len > INBOUND_RECEIVED_MAX) {
        len = INBOUND_RECEIVED_MAX;
        /* Not in the middle of a character. */
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0u) == 0x80u)
            len--;
    }
    memcpy(r->received, text.ptr, len);
    r->received[len] = '\0';
}

static void
take_table(struct inbound_reading *r, const char *name,
           const struct json_value *value)
{
    (void)inbound_take_text(r, name, NULL, value, INBOUND_TABLE_MAX,
                            r->in->table);
}

/* Tables outside "public" carry their schema in front. */
static void
take_schema(struct inbound_reading *r, const char *name,
            const struct json_value *value)
{
    struct slice schema = inbound_text(value, &r->scratch);
    size_t len = strlen(r->in->table);

    if (!inbound_text_fits(schema, SCHEMA_MAX, name, NULL, r->problems) ||
        len == 0 || slice_is(schema, "public"))
        return;
    if (schema.len + 1 + len > INBOUND_TABLE_MAX) {
        problem_length(r->problems, "table", NULL, len,
                       INBOUND_TABLE_MAX - 1 - schema.len);
        return;
    }
    memmove(r->in->table + schema.len + 1, r->in->table, len + 1);
    memcpy(r->in->table, schema.ptr, schema.len);
    r->in->table[schema.len] = '.';
}

static void
take_record_id(struct inbound_reading *r, const char *name,
               const struct json_value *value)
{
    (void)inbound_take_text(r, name, NULL, value, INBOUND_RECORD_MAX,
                            r->in->record_id);
}

static void
take_data(struct inbound_reading *r, const char *name,
          const struct json_value *value)
{
    (void)name;
    if (r->in->action != INBOUND_DELETE)
        r->in->data = value->text;
}

static void
take_record(struct inbound_reading *r, const char *name,
            const struct json_value *value)
{
    if (r->in->action == INBOUND_DELETE)
        return;
    r->in->data = value->text;
    if (!inbound_key(r->source, r->in->table, value->text, name, r->problems,
                     r->in->record_id))
        r->in->record_id[0] = '\0';
}

static void
take_old_record(struct inbound_reading *r, const char *name,
                const struct json_value *value)
{
    if (r->in->action != INBOUND_DELETE)
        return;
    if (!inbound_key(r->source, r->in->table, value->text, name, r->problems,
                     r->in->record_id))
        r->in->record_id[0] = '\0';
}

void
inbound_take_timestamp(struct inbound_reading *r, const char *name,
                       const struct json_value *value)
{
    if (clock_parse(inbound_text(value, &r->scratch), &r->in->version_us))
        r->in->has_timestamp = true;
    else
        problem_add(r->problems, name, NULL, "value_error.datetime",
                    "invalid datetime format");
}

static void
take_metadata(struct inbound_reading *r, const char *name,
              const struct json_value *value)
{
    (void)name;
    r->in->metadata = value->text;
}

/* <source>.<table>.<action>; cleaning can make a table's name longer. */
static void
finish(struct inbound_reading *r, const char *table_field)
{
    const char *action = inbound_action_name(r->in->action);
    struct buf tail = BUF_INIT(sizeof(r->in->type) - 1);
    size_t before = r->problems->count;

    buf_addf(&tail, "%s.%s", r->in->table, action);
    inbound_name_type(r, table_field, buf_slice(&tail));
    /* What does not fit is the table. */
    if (r->problems->count > before) {
        r->problems->count = before;
        problem_length(r->problems, table_field, NULL, strlen(r->in->table),
                       sizeof(r->in->type) - 3 - strlen(r->source->name) -
                           strlen(action));
    }
    buf_free(&tail);
}

static void
finish_own(struct inbound_reading *r)
{
    finish(r, "table_name");
}

static void
finish_supabase(struct inbound_reading *r)
{
    finish(r, "table");
}

/* The word for the action comes first: it decides what else is needed. */
static const struct inbound_field own_fields[] = {
    {"event_type", KIND_STR, NEED_ALWAYS, take_event_type},
    {"source", KIND_STR, NEED_ALWAYS, take_source},
    {"table_name", KIND_STR, NEED_ALWAYS, take_table},
    {"record_id", KIND_STR_OR_NUMBER, NEED_ALWAYS, take_record_id},
    {"data", KIND_DICT, NEED_ROW, take_data},
    {"timestamp", KIND_STR, NEED_NEVER, inbound_take_timestamp},
    {"metadata", KIND_DICT, NEED_NEVER, take_metadata},
};

static const struct inbound_field supabase_fields[] = {
    {"type", KIND_STR, NEED_ALWAYS, take_type},
    {"table", KIND_STR, NEED_ALWAYS, take_table},
    {"schema", KIND_STR, NEED_NEVER, take_schema},
    {"record", KIND_DICT, NEED_ROW, take_record},
    {"old_record", KIND_DICT, NEED_OLD_ROW, take_old_record},
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

const struct inbound_shape inbound_own_shape = {ROWS(own_fields), finish_own};
const struct inbound_shape inbound_supabase_shape = {ROWS(supabase_fields),
                                                     finish_supabase};
