/*
 * format_cloudevents.c - an event as a CloudEvent 1.0.2; see format.h.
 *
 *   specversion      1.0
 *   id, type, time   of the event
 *   source           "/postern", or what the subscription says, and behind it
 *                    metadata.source where that is a plain word
 *   datacontenttype  application/json
 *   data             of the event; left out when absent
 *
 * Members of metadata become extension attributes (`subject` the attribute of
 * that name): names in lower case and without '_' and '-' (table_name is
 * tablename), at most 20 letters and digits; texts, whole numbers of 32 bits
 * and booleans as such, other numbers as text. What CloudEvents has no room
 * for is left out: null, objects, lists, texts with control characters or of
 * more than 256 bytes, names of attributes that are taken. Both modes carry
 * the same attributes.
 *
 * Binary mode: header values are percent-encoded as the HTTP protocol binding
 * 1.0.2, section 3.1.3.2, demands: space, '"', '%' and all that is not
 * visible ASCII, upper-case digits.
 */
#include "format_impl.h"

#include "clock.h"
#include "encode.h"
#include "id.h"
#include "json.h"

#include <assert.h>

#define SOURCE "/postern"
#define NAME_MAX_BYTES 20
#define VALUE_MAX_BYTES 256
#define WORD_MAX 64 /* bytes of a metadata.source that is used */
#define EXTENSIONS_MAX 16
#define HEADER_ROOM 15360 /* bytes of all names and values at most */

/* specversion, id, source, type and time stand beside the extensions. */
_Static_assert(EXTENSIONS_MAX + 5 <= FORMAT_HEADERS_MAX, "room for headers");

struct extension {
    char name[NAME_MAX_BYTES + 1];
    struct json_value value;
};

struct extensions {
    struct extension item[EXTENSIONS_MAX];
    size_t count;
    struct slice word; /* metadata.source, or absent */
};

static bool
is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c >= 'A' && c <= 'Z');
}

/* RFC 3986: unreserved, reserved and '%'. */
static bool
is_uri_char(char c)
{
    return is_letter_or_digit(c) ||
           (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

bool
format_source_valid(struct slice source)
{
    size_t i;

    if (source.len == 0 || source.len > FORMAT_SOURCE_MAX)
        return false;
    for (i = 0; i < source.len; i++) {
        if (!is_uri_char(source.ptr[i]))
            return false;
        if (source.ptr[i] == '%' &&
            (source.len - i < 3 || decode_hex_digit(source.ptr[i + 1]) < 0 ||
             decode_hex_digit(source.ptr[i + 2]) < 0))
            return false;
    }
    return true;
}

static bool
is_word(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!is_letter_or_digit(text.ptr[i]) &&
            (text.ptr[i] == '\0' || strchr("-._~", text.ptr[i]) == NULL))
            return false;
    }
    return text.len > 0 && text.len <= WORD_MAX;
}

static bool
is_taken(const struct extensions *found, const char *name)
{
    static const char *const reserved[] = {
        "data",   "datacontenttype", "dataschema", "id",
        "source", "specversion",     "time",       "type",
    };
    size_t i;

    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strcmp(name, reserved[i]) == 0)
            return true;
    }
    for (i = 0; i < found->count; i++) {
        if (strcmp(name, found->item[i].name) == 0)
            return true;
    }
    return false;
}

static bool
make_name(struct slice raw, char name[NAME_MAX_BYTES + 1])
{
    size_t len = 0, i;

    for (i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];

        if (c == '_' || c == '-')
            continue;
        if (!is_letter_or_digit(c) || len == NAME_MAX_BYTES)
            return false;
        name[len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    name[len] = '\0';
    return len > 0;
}

/* Neither control characters (C0, DEL, C1) nor noncharacters: section 2.4 of
   the specification, "String". `text` is well-formed UTF-8. */
static bool
is_ce_string(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (at[i] < 0x20 || at[i] == 0x7f)
            return false;
        if (at[i] == 0xc2 && at[i + 1] < 0xa0)
            return false;
        if (at[i] == 0xef && at[i + 1] == 0xb7 && at[i + 2] >= 0x90 &&
            at[i + 2] <= 0xaf)
            return false;
        if (at[i] >= 0xbe && i >= 2 && at[i] <= 0xbf && at[i - 1] == 0xbf &&
            (at[i - 2] == 0xef || (i >= 3 && (at[i - 2] & 0xcf) == 0x8f)))
            return false;
    }
    return text.len > 0;
}

/* False for values that no attribute can have. */
static bool
is_attribute(struct json_value value)
{
    struct buf text = BUF_INIT(VALUE_MAX_BYTES);
    bool good;

    if (value.type == JSON_BOOL)
        return true;
    if (value.type == JSON_NUMBER)
        return value.text.len <= VALUE_MAX_BYTES;
    if (value.type != JSON_STRING)
        return false;
    json_decode_string(value.text, &text);
    good = buf_ok(&text) && is_ce_string(buf_slice(&text));
    buf_free(&text);
    return good;
}

static void
read_metadata(struct slice metadata, struct extensions *found)
{
    struct json_member member;
    struct slice word;
    size_t at = 0;

    found->count = 0;
    found->word = SLICE_NONE;
    if (metadata.ptr == NULL)
        return;
    while (json_next(metadata, &at, &member)) {
        struct extension *next = &found->item[found->count];

        if (slice_is(member.name, "source") &&
            member.value.type == JSON_STRING) {
            word = json_plain_string(member.value.text);
            if (word.ptr != NULL && is_word(word))
                found->word = word;
        }
        if (found->count == EXTENSIONS_MAX ||
            !make_name(member.name, next->name) ||
            is_taken(found, next->name) || !is_attribute(member.value) ||
            (strcmp(next->name, "subject") == 0 &&
             member.value.type != JSON_STRING))
            continue;
        next->value = member.value;
        found->count++;
    }
}

static void
add_source(const struct format_options *options, struct slice word,
           struct buf *out)
{
    if (options->source.ptr == NULL)
        buf_add_text(out, SOURCE);
    else
        buf_add_slice(out, options->source);
    if (word.ptr == NULL)
        return;
    if (out->data[out->len - 1] != '/')
        buf_add_char(out, '/');
    buf_add_slice(out, word);
}

static bool
is_int32(struct slice number, int64_t *value)
{
    return json_integer(number, INT32_MIN, INT32_MAX, value);
}

static void
add_extension(const struct extension *extension, struct buf *out)
{
    struct json_value value = extension->value;
    int64_t number;

    buf_add_text(out, ",\"");
    buf_add_text(out, extension->name);
    buf_add_text(out, "\":");
    if (value.type != JSON_NUMBER)
        buf_add_slice(out, value.text);
    else if (is_int32(value.text, &number))
        buf_add_i64(out, number);
    else
        json_add_string(out, value.text);
}

void
format_cloudevents(const struct format_event *event,
                   const struct format_options *options, struct format_out *out)
{
    struct buf *body = out->body;
    struct extensions extensions;
    char id[ID_TEXT_MAX];
    size_t i;

    read_metadata(event->metadata, &extensions);
    id_format(ID_EVENT, event->id, id);
    buf_add_text(body, "{\"specversion\":\"1.0\",\"id\":\"");
    buf_add_text(body, id);
    buf_add_text(body, "\",\"source\":\"");
    add_source(options, extensions.word, body);
    buf_add_text(body, "\",\"type\":");
    json_add_string(body, event->type);
    buf_add_text(body, ",\"time\":");
    format_add_timestamp(body, event->id);
    for (i = 0; i < extensions.count; i++)
        add_extension(&extensions.item[i], body);
    if (event->data.ptr != NULL) {
        buf_add_text(body, ",\"datacontenttype\":\"application/json\""
                           ",\"data\":");
        buf_add_slice(body, event->data);
    }
    buf_add_char(body, '}');
}

static void
add_percent_encoded(struct buf *out, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c > 0x20 && c < 0x7f && c != '"' && c != '%') {
            buf_add_char(out, (char)c);
            continue;
        }
        buf_add_char(out, '%');
        buf_add_char(out, digits[c >> 4]);
        buf_add_char(out, digits[c & 15]);
    }
}

/* Names and values stay where they are: all their room was taken at once. */
static void
add_header(struct format_out *out, const char *name, struct slice text)
{
    struct format_header *header = &out->headers[out->header_count];
    struct buf *room = &out->header_text;
    size_t value;

    assert(out->header_count < FORMAT_HEADERS_MAX);
    if (room->len + strlen(name) + 3 * text.len + 5 > HEADER_ROOM)
        return;
    header->name = room->data + room->len;
    buf_add_text(room, "ce-");
    buf_add_text(room, name);
    buf_add_char(room, '\0');
    value = room->len;
    add_percent_encoded(room, text);
    header->value = slice_make(room->data + value, room->len - value);
    out->header_count++;
}

static void
add_extension_header(const struct extension *extension, struct format_out *out)
{
    struct json_value value = extension->value;
    struct buf text = BUF_INIT(VALUE_MAX_BYTES);
    int64_t number;

    if (value.type == JSON_STRING)
        json_decode_string(value.text, &text);
    else if (value.type == JSON_NUMBER && is_int32(value.text, &number))
        buf_add_i64(&text, number);
    else
        buf_add_slice(&text, value.text);
    add_header(out, extension->name, buf_slice(&text));
    buf_free(&text);
}

void
format_cloudevents_binary(const struct format_event *event,
                          const struct format_options *options,
                          struct format_out *out)
{
    struct buf source = BUF_INIT(FORMAT_SOURCE_MAX + WORD_MAX + 1);
    struct extensions extensions;
    char id[ID_TEXT_MAX], time[CLOCK_TEXT_MAX];
    size_t i;

    format_add_json(out->body, event->data, "null");
    read_metadata(event->metadata, &extensions);
    id_format(ID_EVENT, event->id, id);
    clock_format_rfc3339(id_time_us(event->id), time);
    add_source(options, extensions.word, &source);
    (void)buf_reserve(&out->header_text, HEADER_ROOM);
    add_header(out, "specversion", SLICE("1.0"));
    add_header(out, "id", slice_of(id));
    add_header(out, "source", buf_slice(&source));
    add_header(out, "type", event->type);
    add_header(out, "time", slice_of(time));
    for (i = 0; i < extensions.count; i++)
        add_extension_header(&extensions.item[i], out);
    buf_free(&source);
}
