/*
 * poll_answer.c - see poller.h: what comes back, and the events made of it.
 */
#include "poller.h"

#include "clock.h"
#include "inbound.h"
#include "inbound_id.h"
#include "inbound_key.h"
#include "member.h"
#include "poll_name.h"
#include "poll_position.h"
#include "problem.h"

#include <stdio.h>
#include <string.h>

#define REFUSED "the API refuses us"
#define NAMELESS "there is no such URL: see api_url and poll_tables"
#define AWAY "the API does not answer"
#define BUSY "the API is busy"
#define ODD "the answer cannot be understood"

/* Of a member that is text or a number. */
static struct slice
text_of(struct slice row, const char *name, struct buf *scratch)
{
    struct json_value value;

    if (name == NULL || !json_find(row, name, &value) ||
        (value.type != JSON_STRING && value.type != JSON_NUMBER))
        return SLICE_NONE;
    return inbound_text(&value, scratch);
}

static void
set_text(char out[POLL_VERSION_MAX + 1], struct slice text)
{
    size_t len = text.len <= POLL_VERSION_MAX ? text.len : 0;

    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static bool
take_rows(struct slice array, struct poll_answer *answer)
{
    struct json_member item;
    size_t at = 0;

    while (json_next(array, &at, &item)) {
        if (item.value.type != JSON_OBJECT || answer->count == POLL_PAGE)
            return false;
        answer->rows[answer->count++] = item.value.text;
    }
    return true;
}

static void
raise_high(struct poll_position *position, const struct poll_answer *answer,
           const char *field)
{
    struct buf scratch = BUF_INIT(0);
    size_t i;

    for (i = 0; i < answer->count; i++) {
        struct slice version = text_of(answer->rows[i], field, &scratch);

        if (poll_position_is_higher(position, version))
            set_text(position->high, version);
    }
    buf_free(&scratch);
}

/* --- Supabase ---------------------------------------------------------------- */

/* The next page begins with the last row's version, behind the rows of it that
   were here: so many have the same that they may fill pages. */
static void
go_on(struct poll_position *position, const struct poll_answer *answer,
      const char *field)
{
    struct buf scratch = BUF_INIT(0), other = BUF_INIT(0);
    struct slice last =
        text_of(answer->rows[answer->count - 1], field, &scratch);
    size_t i = answer->count;

    while (i > 0 &&
           slice_equal(text_of(answer->rows[i - 1], field, &other), last))
        i--;
    if (i > 0 || !slice_equal(slice_of(position->at), last))
        position->skip = (uint32_t)(answer->count - i);
    else
        position->skip += (uint32_t)answer->count;
    set_text(position->at, last);
    buf_free(&scratch);
    buf_free(&other);
}

static bool
read_postgrest(const struct source *source, const struct json_value *body,
               uint32_t status, struct poll_position *position,
               struct poll_answer *answer)
{
    const char *field = source->options.version_field;

    if (field == NULL)
        field = "updated_at";
    if (status != 200 || body->type != JSON_ARRAY ||
        !take_rows(body->text, answer))
        return false;
    raise_high(position, answer, field);
    answer->more =
        poll_page_more(&position->page, (uint32_t)answer->count, POLL_PAGE);
    if (answer->more)
        go_on(position, answer, field);
    if (!answer->more || position->at[0] == '\0') {
        position->at[0] = '\0';
        position->skip = 0;
        position->page.doubted = false;
        answer->more = false;
    }
    return true;
}

/* --- Notion -------------------------------------------------------------------- */

/* No data source of that id: perhaps a database is. One that was found by its
   name is searched for once more. */
static bool
take_absence(struct poll_position *position, struct poll_answer *answer)
{
    if (position->id[0] != '\0') {
        position->id[0] = '\0';
    } else {
        position->database = !position->database;
        answer->more = position->database;
    }
    return false;
}

static bool
read_notion(const struct json_value *body, uint32_t status,
            struct poll_position *position, struct poll_answer *answer)
{
    struct json_value results, value;
    struct poll_position first = *position;

    if (body->type != JSON_OBJECT)
        return false;
    if (status == 404)
        return take_absence(position, answer);
    /* A cursor that it does not know any more. */
    if (status == 400)
        poll_position_forget_cursor(position);
    if (status != 200 || !json_find(body->text, "results", &results) ||
        results.type != JSON_ARRAY || !take_rows(results.text, answer))
        return false;
    answer->more = json_find(body->text, "has_more", &value) &&
                   slice_is(value.text, "true") &&
                   json_find(body->text, "next_cursor", &value) &&
                   value.type == JSON_STRING;
    /* The cursor belongs to the question: `high` has to stay until the end. */
    raise_high(&first, answer, "last_edited_time");
    if (answer->more) {
        set_text(position->at, slice_of(first.high));
        answer->more =
            poll_position_take_cursor(position, json_plain_string(value.text));
        if (!answer->more)
            poll_position_forget_cursor(position);
        return answer->more;
    }
    memcpy(position->high,
           poll_position_is_higher(&first, slice_of(position->at))
               ? position->at
               : first.high,
           sizeof(position->high));
    poll_position_forget_cursor(position);
    return true;
}

/* --- both ------------------------------------------------------------------------ */

static const char *
fault_of(const struct attempt *attempt)
{
    if (attempt->obstacle == OBSTACLE_BAD_URL)
        return NAMELESS;
    if (attempt->obstacle == OBSTACLE_BLOCKED || attempt->status == 401 ||
        attempt->status == 403)
        return REFUSED;
    if (attempt->obstacle != OBSTACLE_NONE || attempt->code != CURLE_OK ||
        attempt->status == 408 ||
        (attempt->status >= 500 && attempt->status != 529))
        return AWAY;
    return attempt->status == 429 || attempt->status == 529 ? BUSY : NULL;
}

bool
poll_read(const struct source *source, const struct attempt *attempt,
          const struct poll_order *order, struct poll_answer *answer,
          const char **why)
{
    bool notion = strcmp(source->provider, "notion") == 0;
    struct poll_position position;
    struct json_value body;
    bool ok = false;

    answer->count = 0;
    answer->more = false;
    memcpy(answer->position, order->position, sizeof(answer->position));
    *why = fault_of(attempt);
    if (*why != NULL)
        return false;
    *why = ODD;
    poll_position_read(slice_of(order->position), &position);
    if (attempt->body == NULL ||
        !json_read(slice_make(attempt->body, attempt->body_len), &body, NULL))
        return false;
    if (notion && poll_name_is_open(order, &position))
        ok = answer->more =
            poll_name_read(&body, attempt->status, order, &position, why);
    else if (notion)
        ok = read_notion(&body, attempt->status, &position, answer);
    else
        ok = read_postgrest(source, &body, attempt->status, &position, answer);
    poll_position_print(&position, answer->position);
    return ok;
}

/* The database that the page lies in, as its own webhooks name it. */
static bool
notion_key(const struct poll_order *order, struct slice row,
           struct buf *scratch, char table[INBOUND_TABLE_MAX + 1],
           char id[INBOUND_RECORD_MAX + 1])
{
    struct json_value parent;
    struct slice text = text_of(row, "id", scratch);

    if (text.len == 0 || text.len > INBOUND_RECORD_MAX)
        return false;
    (void)snprintf(id, INBOUND_RECORD_MAX + 1, "%.*s", (int)text.len, text.ptr);
    (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%s", order->table);
    if (json_find(row, "parent", &parent) && parent.type == JSON_OBJECT) {
        text = text_of(parent.text, "database_id", scratch);
        if (text.len > 0 && text.len <= INBOUND_TABLE_MAX)
            (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%.*s", (int)text.len,
                           text.ptr);
    }
    inbound_id_clean(id);
    inbound_id_clean(table);
    return true;
}

static bool
postgrest_key(const struct source *source, const struct poll_order *order,
              struct slice row, struct problems *problems,
              char table[INBOUND_TABLE_MAX + 1],
              char id[INBOUND_RECORD_MAX + 1])
{
    (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%s", order->table);
    return inbound_key(source, table, row, "record", problems, id);
}

bool
poll_body(const struct source *source, const struct poll_order *order,
          struct slice row, bool known, int64_t now_us,
          struct problems *problems, struct buf *out)
{
    char table[INBOUND_TABLE_MAX + 1], id[INBOUND_RECORD_MAX + 1];
    struct buf scratch = BUF_INIT(0);
    bool ok = strcmp(source->provider, "notion") == 0
                  ? notion_key(order, row, &scratch, table, id)
                  : postgrest_key(source, order, row, problems, table, id);

    buf_free(&scratch);
    if (!ok)
        return false;
    buf_add_char(out, '{');
    member_text(out, "event_type",
                inbound_action_name(known ? INBOUND_UPDATE : INBOUND_INSERT));
    member_text(out, "source", source->name);
    member_text(out, "table_name", table);
    member_text(out, "record_id", id);
    member_name(out, "data");
    json_minify(row, out);
    member_time(out, "timestamp", now_us);
    buf_add_char(out, '}');
    return buf_ok(out);
}
