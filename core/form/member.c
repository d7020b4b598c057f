/*
 * member.c - writing members of a JSON object into a buffer.
 */
#include "member.h"

#include "clock.h"
#include "id.h"
#include "json.h"

/* Outside of strings - and a finished string ends with its quote - these are
   the only bytes after which no comma belongs. */
void
member_next(struct buf *out)
{
    char last = out->len == 0 ? '{' : out->data[out->len - 1];

    if (last != '{' && last != '[' && last != ':')
        buf_add_char(out, ',');
}

void
member_name(struct buf *out, const char *name)
{
    member_next(out);
    json_add_string(out, slice_of(name));
    buf_add_char(out, ':');
}

void
member_slice(struct buf *out, const char *name, struct slice text)
{
    member_name(out, name);
    if (text.ptr == NULL)
        buf_add_text(out, "null");
    else
        json_add_string(out, text);
}

void
member_text(struct buf *out, const char *name, const char *text)
{
    member_slice(out, name, slice_of(text));
}

void
member_u64(struct buf *out, const char *name, uint64_t value)
{
    member_name(out, name);
    buf_add_u64(out, value);
}

void
member_u64_or_null(struct buf *out, const char *name, uint64_t value)
{
    if (value == 0)
        member_text(out, name, NULL);
    else
        member_u64(out, name, value);
}

void
member_bool(struct buf *out, const char *name, bool value)
{
    member_name(out, name);
    buf_add_text(out, value ? "true" : "false");
}

void
member_raw(struct buf *out, const char *name, struct slice json,
           const char *otherwise)
{
    member_name(out, name);
    if (json.len == 0)
        buf_add_text(out, otherwise);
    else
        buf_add_slice(out, json);
}

void
member_time(struct buf *out, const char *name, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    if (wall_us == 0) {
        member_text(out, name, NULL);
        return;
    }
    clock_format_rfc3339(wall_us, text);
    member_text(out, name, text);
}

void
member_id(struct buf *out, const char *name, const char *prefix, uint64_t id)
{
    char text[ID_TEXT_MAX];

    if (id == 0) {
        member_text(out, name, NULL);
        return;
    }
    id_format(prefix, id, text);
    member_text(out, name, text);
}

/* In thousandths and integers, for the digits must not depend on a locale. */
void
member_real(struct buf *out, const char *name, double value)
{
    int64_t thousandths = (int64_t)(value * 1000.0 + (value < 0 ? -0.5 : 0.5));
    int64_t rest = thousandths % 1000;
    unsigned digits = 3;

    member_name(out, name);
    if (thousandths < 0) {
        buf_add_char(out, '-');
        thousandths = -thousandths;
        rest = -rest;
    }
    buf_add_i64(out, thousandths / 1000);
    if (rest == 0)
        return;
    while (rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    buf_addf(out, ".%0*d", (int)digits, (int)rest);
}
