/*
 * poll_position.c - see poll_position.h.
 */
#include "poll_position.h"

#include "clock.h"
#include "json.h"
#include "json_compare.h"
#include "member.h"

#include <stdio.h>
#include <string.h>

#define LATE_US                                                                \
    (30 * CLOCK_US_PER_S) /* a transaction may have lasted so long */
#define MINUTE_US (60 * CLOCK_US_PER_S)

/* out has room for max bytes and a NUL. */
static void
take_text(struct slice object, const char *name, size_t max, char *out)
{
    struct buf text = BUF_INIT(max);
    struct json_value value;

    out[0] = '\0';
    if (json_find(object, name, &value) && value.type == JSON_STRING) {
        json_decode_string(value.text, &text);
        if (buf_ok(&text) && text.len > 0)
            memcpy(out, text.data, text.len + 1);
    }
    buf_free(&text);
}

static uint32_t
take_number(struct slice object, const char *name)
{
    struct json_value value;
    int64_t number = 0;

    return json_find(object, name, &value) && value.type == JSON_NUMBER &&
                   json_integer(value.text, 0, UINT32_MAX, &number)
               ? (uint32_t)number
               : 0;
}

static bool
take_flag(struct slice object, const char *name)
{
    struct json_value value;

    return json_find(object, name, &value) && slice_is(value.text, "true");
}

void
poll_position_read(struct slice text, struct poll_position *position)
{
    struct json_value object;

    *position = (struct poll_position){.skip = 0};
    if (!json_read(text, &object, NULL) || object.type != JSON_OBJECT)
        return;
    take_text(object.text, "high", POLL_VERSION_MAX, position->high);
    take_text(object.text, "at", POLL_VERSION_MAX, position->at);
    take_text(object.text, "cursor", POLL_CURSOR_MAX, position->cursor);
    take_text(object.text, "id", INBOUND_ID_LEN, position->id);
    position->skip = take_number(object.text, "skip");
    position->database = take_flag(object.text, "database");
    position->page = (struct poll_page){
        .rows = take_number(object.text, "page"),
        .full = take_flag(object.text, "full"),
        .doubted = take_flag(object.text, "doubted"),
        .trust = take_number(object.text, "trust"),
    };
}

void
poll_position_print(const struct poll_position *position,
                    char out[POLL_POSITION_MAX + 1])
{
    struct buf text = BUF_INIT(POLL_POSITION_MAX);

    buf_add_char(&text, '{');
    member_text(&text, "high", position->high);
    member_text(&text, "at", position->at);
    member_u64(&text, "skip", position->skip);
    member_text(&text, "cursor", position->cursor);
    member_bool(&text, "database", position->database);
    member_text(&text, "id", position->id);
    member_u64(&text, "page", position->page.rows);
    member_bool(&text, "full", position->page.full);
    member_bool(&text, "doubted", position->page.doubted);
    member_u64(&text, "trust", position->page.trust);
    buf_add_char(&text, '}');
    (void)snprintf(out, POLL_POSITION_MAX + 1, "%s",
                   buf_ok(&text) ? text.data : "");
    buf_free(&text);
}

void
poll_position_start(const struct poll_position *position, bool minutes,
                    char out[POLL_VERSION_MAX + 1])
{
    char text[CLOCK_TEXT_MAX];
    int64_t us;

    memcpy(out, position->high, POLL_VERSION_MAX + 1);
    if (!clock_parse(slice_of(position->high), &us))
        return;
    us -= LATE_US;
    if (minutes)
        us -= us % MINUTE_US;
    clock_format_rfc3339(us, text);
    memcpy(out, text, strlen(text) + 1);
}

static bool
is_number(struct slice text)
{
    struct json_value value;

    return json_read(text, &value, NULL) && value.type == JSON_NUMBER;
}

bool
poll_position_is_higher(const struct poll_position *position,
                        struct slice version)
{
    struct slice high = slice_of(position->high);
    int64_t high_us, us;

    if (version.len == 0 || version.len > POLL_VERSION_MAX)
        return false;
    if (high.len == 0)
        return true;
    if (clock_parse(high, &high_us) && clock_parse(version, &us))
        return us > high_us;
    return is_number(high) && is_number(version) &&
           json_compare_numbers(version, high) > 0;
}

bool
poll_position_take_cursor(struct poll_position *position, struct slice text)
{
    if (text.len == 0 || text.len > POLL_CURSOR_MAX ||
        slice_is(text, position->cursor))
        return false;
    memcpy(position->cursor, text.ptr, text.len);
    position->cursor[text.len] = '\0';
    return true;
}

void
poll_position_forget_cursor(struct poll_position *position)
{
    position->cursor[0] = '\0';
    position->at[0] = '\0';
}
