/*
 * poll_name.c - see poll_name.h.
 */
#include "poll_name.h"

#include "inbound_id.h"
#include "member.h"
#include "names.h"

#include <string.h>

#define TITLE_MAX 4096 /* bytes */

bool
poll_name_is_open(const struct poll_order *order,
                  const struct poll_position *position)
{
    char id[INBOUND_ID_LEN + 1];

    return position->id[0] == '\0' && !inbound_id(slice_of(order->table), id);
}

const char *
poll_name_id(const struct poll_order *order,
             const struct poll_position *position)
{
    return position->id[0] != '\0' ? position->id : order->table;
}

void
poll_name_question(const struct poll_order *order,
                   const struct poll_position *position, struct buf *body)
{
    buf_add_char(body, '{');
    member_text(body, "query", order->table);
    member_raw(body, "filter",
               SLICE("{\"property\":\"object\",\"value\":\"data_source\"}"),
               "null");
    member_u64(body, "page_size", POLL_PAGE);
    if (position->cursor[0] != '\0')
        member_text(body, "start_cursor", position->cursor);
    buf_add_char(body, '}');
}

static bool
has_title(struct slice object, const char *name)
{
    struct buf title = BUF_INIT(TITLE_MAX);
    bool is;

    names_add_title(object, &title);
    is = buf_ok(&title) && slice_is(buf_slice(&title), name);
    buf_free(&title);
    return is;
}

/* How many of that name there are; id gets the last one's. */
static size_t
count_named(struct slice results, const char *name, char id[INBOUND_ID_LEN + 1])
{
    struct json_member item;
    struct json_value text;
    size_t at = 0, n = 0;

    while (json_next(results, &at, &item)) {
        if (item.value.type == JSON_OBJECT &&
            has_title(item.value.text, name) &&
            json_find(item.value.text, "id", &text) &&
            text.type == JSON_STRING &&
            inbound_id(json_plain_string(text.text), id))
            n++;
    }
    return n;
}

bool
poll_name_read(const struct json_value *body, uint32_t status,
               const struct poll_order *order, struct poll_position *position,
               const char **why)
{
    char id[INBOUND_ID_LEN + 1] = "";
    struct json_value results, value;
    size_t n;

    *why = "the answer cannot be understood";
    if (status != 200 || body->type != JSON_OBJECT ||
        !json_find(body->text, "results", &results) ||
        results.type != JSON_ARRAY) {
        poll_position_forget_cursor(position);
        return false;
    }
    n = count_named(results.text, order->table, id);
    if (n == 0 && json_find(body->text, "has_more", &value) &&
        slice_is(value.text, "true") &&
        json_find(body->text, "next_cursor", &value) &&
        value.type == JSON_STRING &&
        poll_position_take_cursor(position, json_plain_string(value.text)))
        return true;
    poll_position_forget_cursor(position);
    if (n == 1) {
        memcpy(position->id, id, sizeof(position->id));
        return true;
    }
    *why = n == 0 ? "no database of that name is shared with us"
                  : "several databases have that name: say which by its id";
    return false;
}
