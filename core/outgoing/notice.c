/*
 * notice.c - what people in a chat are told of an event; see notice.h.
 */
#include "notice.h"

#include "encode.h"
#include "id.h"

#include <assert.h>

/* Members of data that are not fields. */
enum role {
    ROLE_TITLE,
    ROLE_DESCRIPTION,
    ROLE_TEXT,
    ROLE_MESSAGE,
    ROLE_CONTENT,
    ROLE_COLOR,
    ROLE_CHANNEL,
    ROLE_USERNAME,
    ROLES
};

static const char *const role_names[] = {
    [ROLE_TITLE] = "title",     [ROLE_DESCRIPTION] = "description",
    [ROLE_TEXT] = "text",       [ROLE_MESSAGE] = "message",
    [ROLE_CONTENT] = "content", [ROLE_COLOR] = "color",
    [ROLE_CHANNEL] = "channel", [ROLE_USERNAME] = "username",
};

static const struct {
    const char *word;
    enum notice_tone tone;
} tones[] = {
    {"good", NOTICE_GOOD},         {"success", NOTICE_GOOD},
    {"ok", NOTICE_GOOD},           {"completed", NOTICE_GOOD},
    {"recovered", NOTICE_GOOD},    {"succeeded", NOTICE_GOOD},
    {"resolved", NOTICE_GOOD},     {"warning", NOTICE_WARNING},
    {"warn", NOTICE_WARNING},      {"triggered", NOTICE_WARNING},
    {"threshold", NOTICE_WARNING}, {"danger", NOTICE_DANGER},
    {"error", NOTICE_DANGER},      {"critical", NOTICE_DANGER},
    {"fatal", NOTICE_DANGER},      {"failed", NOTICE_DANGER},
    {"failing", NOTICE_DANGER},    {"disabled", NOTICE_DANGER},
    {"exhausted", NOTICE_DANGER},
};

static enum notice_tone
tone_of_word(struct slice word)
{
    size_t i;

    for (i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        if (word.ptr != NULL && slice_is_nocase(word, tones[i].word))
            return tones[i].tone;
    }
    return NOTICE_PLAIN;
}

/* What stands behind the last dot. */
static struct slice
last_word(struct slice type)
{
    size_t start = type.len;

    while (start > 0 && type.ptr[start - 1] != '.')
        start--;
    return slice_make(type.ptr + start, type.len - start);
}

/* "#rrggbb" or "0xrrggbb". */
static bool
read_hex(struct slice text, uint32_t *color)
{
    size_t prefix = text.len == 7 && text.ptr[0] == '#' ? 1 : 2;
    uint32_t value = 0;
    size_t i;

    if (prefix == 2 && (text.len != 8 || text.ptr[0] != '0' ||
                        (text.ptr[1] != 'x' && text.ptr[1] != 'X')))
        return false;
    for (i = prefix; i < text.len; i++) {
        int digit = decode_hex_digit(text.ptr[i]);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *color = value;
    return true;
}

static void
read_color(struct json_value value, struct notice *notice)
{
    struct slice text;
    int64_t number;

    if (value.type == JSON_NUMBER &&
        json_integer(value.text, 0, 0xffffff, &number)) {
        notice->tone = NOTICE_COLOR;
        notice->color = (uint32_t)number;
    }
    if (value.type != JSON_STRING)
        return;
    text = json_plain_string(value.text);
    if (text.ptr == NULL)
        return;
    if (read_hex(text, &notice->color))
        notice->tone = NOTICE_COLOR;
    else
        notice->tone = tone_of_word(text);
}

static void
add_field(const struct json_member *member, struct notice *notice)
{
    struct notice_field *field;
    struct json_value value = member->value;

    if ((slice_is(member->name, "severity") ||
         slice_is(member->name, "level")) &&
        value.type == JSON_STRING && notice->tone == NOTICE_PLAIN)
        notice->tone = tone_of_word(json_plain_string(value.text));
    if (notice->field_count == NOTICE_FIELDS_MAX)
        return;
    field = &notice->fields[notice->field_count++];
    field->name = slice_make(member->name.ptr - 1, member->name.len + 2);
    field->value = value.text;
}

static void
sort_members(struct slice data, struct json_value found[ROLES],
             struct notice *notice)
{
    struct json_member member;
    size_t at = 0, role;

    while (json_next(data, &at, &member)) {
        for (role = 0; role < ROLES; role++) {
            if (slice_is(member.name, role_names[role]))
                break;
        }
        /* A title that is an object is a field like any other. */
        if (role == ROLES || member.value.type == JSON_OBJECT ||
            member.value.type == JSON_ARRAY)
            add_field(&member, notice);
        else if (member.value.type != JSON_NULL)
            found[role] = member.value;
    }
}

static struct slice
string_or_none(struct json_value value)
{
    return value.type == JSON_STRING ? value.text : SLICE_NONE;
}

void
notice_read(const struct format_event *event, struct notice *notice)
{
    struct json_value found[ROLES] = {{.text = SLICE_NONE}};
    size_t role;

    *notice = (struct notice){.message = false};
    if (event->data.len > 0 && event->data.ptr[0] == '{')
        sort_members(event->data, found, notice);
    else if (!slice_is(event->data, "null"))
        notice->text = event->data;
    notice->title = found[ROLE_TITLE].text;
    for (role = ROLE_DESCRIPTION; role <= ROLE_CONTENT; role++) {
        if (notice->text.ptr == NULL)
            notice->text = found[role].text;
    }
    notice->channel = string_or_none(found[ROLE_CHANNEL]);
    notice->username = string_or_none(found[ROLE_USERNAME]);
    if (found[ROLE_COLOR].text.ptr != NULL)
        read_color(found[ROLE_COLOR], notice);
    notice->message = notice->text.ptr != NULL && notice->field_count == 0 &&
                      event->data.ptr[0] == '{' && notice->title.ptr == NULL &&
                      found[ROLE_DESCRIPTION].text.ptr == NULL &&
                      found[ROLE_COLOR].text.ptr == NULL;
    if (notice->tone == NOTICE_PLAIN)
        notice->tone = tone_of_word(last_word(event->type));
}

uint32_t
notice_color(const struct notice *notice)
{
    static const uint32_t colors[] = {
        [NOTICE_GOOD] = 0x2eb886,
        [NOTICE_WARNING] = 0xdaa038,
        [NOTICE_DANGER] = 0xa30200,
    };

    assert(notice->tone != NOTICE_PLAIN);
    return notice->tone == NOTICE_COLOR ? notice->color : colors[notice->tone];
}

void
notice_origin(const struct format_event *event, struct buf *out)
{
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, event->id, id);
    buf_add_slice(out, event->type);
    buf_add_char(out, ' ');
    buf_add_text(out, id);
}
