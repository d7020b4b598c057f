/*
 * inbound_form.c - a form as JSON; see inbound_form.h.
 */
#include "inbound_form.h"

#include "alloc.h"
#include "encode.h"
#include "json.h"

#include <stdlib.h>

#define FORM_EXTRA 32768 /* bytes: quotes and commas of all fields */

/* Name and value as quoted JSON, parts of one buffer. */
struct field {
    size_t name, name_len;
    size_t value, value_len;
    size_t order;
};

struct form {
    struct buf text;  /* all of them as JSON strings */
    struct buf plain; /* the one being decoded */
    struct field *fields;
    size_t count;
};

static struct slice
name_of(const struct form *form, const struct field *field)
{
    return slice_make(form->text.data + field->name, field->name_len);
}

static struct slice
value_of(const struct form *form, const struct field *field)
{
    return slice_make(form->text.data + field->value, field->value_len);
}

static void
decode(struct slice text, struct buf *out)
{
    char *room;

    buf_clear(out);
    room = buf_reserve(out, text.len);
    if (room != NULL)
        buf_advance(out, decode_form(text, room));
}

/* Appends it to form->text; returns its length there. */
static size_t
add_text(struct form *form, struct slice encoded)
{
    size_t before = form->text.len;

    decode(encoded, &form->plain);
    json_add_string(&form->text, buf_slice(&form->plain));
    return form->text.len - before;
}

static void
add_field(struct form *form, struct slice pair)
{
    struct field *field = &form->fields[form->count];
    const char *equals = memchr(pair.ptr, '=', pair.len);
    size_t len = equals == NULL ? pair.len : (size_t)(equals - pair.ptr);
    size_t skip = equals == NULL ? len : len + 1;

    field->order = form->count++;
    field->name = form->text.len;
    field->name_len = add_text(form, slice_make(pair.ptr, len));
    field->value = form->text.len;
    field->value_len =
        add_text(form, slice_make(pair.ptr + skip, pair.len - skip));
}

/* False: too many. */
static bool
split(struct form *form, struct slice body)
{
    while (body.len > 0) {
        const char *end = memchr(body.ptr, '&', body.len);
        size_t len = end == NULL ? body.len : (size_t)(end - body.ptr);
        size_t taken = end == NULL ? len : len + 1;

        if (len > 0 && form->count == INBOUND_FORM_FIELDS)
            return false;
        if (len > 0)
            add_field(form, slice_make(body.ptr, len));
        body = slice_make(body.ptr + taken, body.len - taken);
    }
    return buf_ok(&form->text) && buf_ok(&form->plain);
}

/* The JSON within a field `payload`; false: there is none. */
static bool
add_payload(struct form *form, struct buf *out)
{
    struct json_value value;
    size_t i;

    for (i = 0; i < form->count; i++)
        if (slice_is(name_of(form, &form->fields[i]), "\"payload\""))
            break;
    if (i == form->count)
        return false;
    buf_clear(&form->plain);
    json_decode_string(value_of(form, &form->fields[i]), &form->plain);
    if (!json_read(buf_slice(&form->plain), &value, NULL) ||
        (value.type != JSON_OBJECT && value.type != JSON_ARRAY))
        return false;
    buf_add_slice(out, value.text);
    return true;
}

/* The form being sorted: qsort() has no argument of its own. */
struct sorted {
    struct slice name;
    const struct field *field;
};

static int
compare(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.ptr, b->name.ptr, len);

    if (order != 0)
        return order;
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return a->field->order < b->field->order ? -1 : 1;
}

/* Fields of one name stand next to each other then, in their order. */
static void
add_object(const struct form *form, struct buf *out)
{
    struct sorted *list = xcalloc(form->count, sizeof(*list));
    size_t i, k, n;

    for (i = 0; i < form->count; i++)
        list[i] =
            (struct sorted){name_of(form, &form->fields[i]), &form->fields[i]};
    if (form->count > 1)
        qsort(list, form->count, sizeof(*list), compare);
    buf_add_char(out, '{');
    for (i = 0; i < form->count; i = k) {
        for (k = i + 1;
             k < form->count && slice_equal(list[i].name, list[k].name); k++)
            ;
        buf_add_text(out, i == 0 ? "" : ",");
        buf_add_slice(out, list[i].name);
        buf_add_text(out, k == i + 1 ? ":" : ":[");
        for (n = i; n < k; n++) {
            buf_add_text(out, n == i ? "" : ",");
            buf_add_slice(out, value_of(form, list[n].field));
        }
        buf_add_text(out, k == i + 1 ? "" : "]");
    }
    buf_add_char(out, '}');
    free(list);
}

bool
inbound_form(struct slice body, struct buf *out)
{
    /* A byte becomes three at most, where it is not UTF-8; control characters
       that come as they are, which no browser does, are not worth more. */
    size_t max = 3 * body.len + FORM_EXTRA;
    struct form form = {.text = BUF_INIT(max), .plain = BUF_INIT(max)};
    bool ok;

    buf_free(out);
    buf_init(out, max);
    form.fields = xcalloc(INBOUND_FORM_FIELDS, sizeof(*form.fields));
    ok = split(&form, body);
    if (ok && !add_payload(&form, out))
        add_object(&form, out);
    ok = ok && buf_ok(out);
    free(form.fields);
    buf_free(&form.plain);
    buf_free(&form.text);
    return ok;
}
