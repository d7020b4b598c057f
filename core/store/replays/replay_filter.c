/*
 * replay_filter.c - which finished deliveries a replay is about.
 */
#include "replay_filter.h"

#include "json.h"
#include "member.h"
#include "response_code.h"

#include <string.h>

#define TEXT_MAX 4096 /* bytes of one name */

static bool
is_one_of(const struct replay_filter *filter, struct slice type)
{
    size_t i;

    for (i = 0; i < filter->type_count; i++)
        if (slice_equal(filter->types[i], type))
            return true;
    return filter->type_count == 0;
}

bool
replay_filter_matches(const struct replay_filter *filter,
                      const struct replay_delivery *delivery)
{
    if (delivery->status != filter->status ||
        !is_one_of(filter, delivery->type))
        return false;
    if (filter->code_min != 0 && (delivery->code < filter->code_min ||
                                  delivery->code > filter->code_max))
        return false;
    return filter->error_class.ptr == NULL ||
           slice_equal(filter->error_class, delivery->class);
}

static void
print_types(const struct replay_filter *filter, struct buf *out)
{
    size_t i;

    if (filter->type_count == 1)
        member_slice(out, "event_type", filter->types[0]);
    if (filter->type_count < 2)
        return;
    member_name(out, "event_type");
    buf_add_char(out, '[');
    for (i = 0; i < filter->type_count; i++) {
        member_next(out);
        json_add_string(out, filter->types[i]);
    }
    buf_add_char(out, ']');
}

static void
print_code(const struct replay_filter *filter, struct buf *out)
{
    if (filter->code_min == 0)
        return;
    member_name(out, "response_code");
    if (filter->code_min == filter->code_max)
        buf_addf(out, "\"%u\"", filter->code_min);
    else
        buf_addf(out, "\"%uxx\"", filter->code_min / 100);
}

void
replay_filter_print(const struct replay_filter *filter, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "status", delivery_status_name(filter->status));
    print_types(filter, out);
    print_code(filter, out);
    if (filter->error_class.ptr != NULL)
        member_slice(out, "error_class", filter->error_class);
    buf_add_char(out, '}');
}

/* Owned by the caller; absent for what is no string. */
static struct slice
text_of(struct json_value value)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    struct slice copy = SLICE_NONE;

    if (value.type == JSON_STRING) {
        json_decode_string(value.text, &text);
        copy = slice_copy(buf_slice(&text));
    }
    buf_free(&text);
    return copy;
}

static void
read_types(struct json_value value, struct replay_filter *filter)
{
    struct json_member item;
    size_t at = 0;

    if (value.type == JSON_STRING)
        filter->types[filter->type_count++] = text_of(value);
    if (value.type != JSON_ARRAY)
        return;
    while (filter->type_count < REPLAY_TYPES_MAX &&
           json_next(value.text, &at, &item))
        filter->types[filter->type_count++] = text_of(item.value);
}

static void
read_status(struct json_value value, struct replay_filter *filter)
{
    struct slice text = text_of(value);

    if (!delivery_status_from_name(text, &filter->status))
        filter->status = DELIVERY_FAILED;
    slice_free(&text);
}

static void
read_code(struct json_value value, struct replay_filter *filter)
{
    struct slice text = text_of(value);

    if (!response_code_read(text, &filter->code_min, &filter->code_max))
        filter->code_min = 0;
    slice_free(&text);
}

void
replay_filter_read(struct slice json, struct replay_filter *filter)
{
    struct json_value object, value;

    *filter = (struct replay_filter){.status = DELIVERY_FAILED};
    if (json.ptr == NULL || !json_read(json, &object, NULL) ||
        object.type != JSON_OBJECT)
        return;
    if (json_find(object.text, "status", &value))
        read_status(value, filter);
    if (json_find(object.text, "event_type", &value))
        read_types(value, filter);
    if (json_find(object.text, "response_code", &value))
        read_code(value, filter);
    if (json_find(object.text, "error_class", &value))
        filter->error_class = text_of(value);
}

void
replay_filter_free(struct replay_filter *filter)
{
    size_t i;

    for (i = 0; i < filter->type_count; i++)
        slice_free(&filter->types[i]);
    slice_free(&filter->error_class);
    memset(filter, 0, sizeof(*filter));
}
