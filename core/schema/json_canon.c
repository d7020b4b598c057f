/*
 * json_canon.c - see json_canon.h.
 */
#include "json_canon.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

#define POWER_MAX INT64_C(1000000000000000000)

/* -- numbers ------------------------------------------------------------------ */

static int64_t
read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    int64_t value = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end; at++) {
        value = value * 10 + (*at - '0');
        if (value > POWER_MAX / 10)
            value = POWER_MAX / 10; /* and stays about there */
    }
    return negative ? -value : value;
}

struct json_decimal
json_decimal_of(struct slice number)
{
    const char *at = number.ptr, *end = at + number.len, *point, *exponent;
    struct json_decimal out = {false, SLICE_NONE, 0};

    if (at < end && *at == '-') {
        out.negative = true;
        at++;
    }
    for (exponent = at; exponent < end && (*exponent | 0x20) != 'e';)
        exponent++;
    if (exponent < end)
        out.power = read_exponent(exponent + 1, end);
    end = exponent;
    point = memchr(at, '.', (size_t)(end - at));
    while (at < end && (*at == '0' || *at == '.'))
        at++;
    if (at == end)
        return (struct json_decimal){false, slice_make("", 0), 0};
    while (end[-1] == '0' || end[-1] == '.')
        end--;
    /* How far the last digit is from the units. */
    if (point != NULL && end > point)
        out.power -= end - point - 1;
    else
        out.power += (point == NULL ? exponent : point) - end;
    out.digits = slice_make(at, (size_t)(end - at));
    return out;
}

bool
json_is_integer(struct slice number)
{
    return json_decimal_of(number).power >= 0;
}

/* 0: too many digits. */
static uint64_t
small_of(struct slice digits)
{
    uint64_t value = 0;
    size_t i, count = 0;

    for (i = 0; i < digits.len; i++) {
        if (digits.ptr[i] == '.')
            continue;
        if (++count > JSON_FACTOR_DIGITS)
            return 0;
        value = value * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    return value;
}

bool
json_is_factor(struct slice factor)
{
    struct json_decimal decimal = json_decimal_of(factor);

    return !decimal.negative && small_of(decimal.digits) > 0;
}

/* 10^power mod `by`, which is below 2^32. */
static uint64_t
power_of_ten(int64_t power, uint64_t by)
{
    uint64_t result = 1 % by, square = 10 % by;

    for (; power > 0; power >>= 1) {
        if (power & 1)
            result = result * square % by;
        square = square * square % by;
    }
    return result;
}

bool
json_is_multiple(struct slice number, struct slice factor)
{
    struct json_decimal a = json_decimal_of(number),
                        b = json_decimal_of(factor);
    uint64_t by = small_of(b.digits), rest = 0;
    size_t i;

    if (a.digits.len == 0)
        return true;
    /* Its last digit is no zero, and stands behind the factor's last one. */
    if (by == 0 || a.power < b.power)
        return false;
    for (i = 0; i < a.digits.len; i++) {
        if (a.digits.ptr[i] != '.')
            rest = (rest * 10 + (uint64_t)(a.digits.ptr[i] - '0')) % by;
    }
    return rest * power_of_ten(a.power - b.power, by) % by == 0;
}

static void
add_number(struct slice number, struct buf *out)
{
    struct json_decimal decimal = json_decimal_of(number);
    size_t i;

    if (decimal.negative)
        buf_add_char(out, '-');
    if (decimal.digits.len == 0)
        buf_add_char(out, '0');
    for (i = 0; i < decimal.digits.len; i++) {
        if (decimal.digits.ptr[i] != '.')
            buf_add_char(out, decimal.digits.ptr[i]);
    }
    buf_add_char(out, 'e');
    buf_add_i64(out, decimal.power);
}

/* -- containers ---------------------------------------------------------------- */

/* With its length in front, so that no text looks like two. */
static void
add_text(struct slice quoted, struct buf *out)
{
    struct slice plain = json_plain_string(quoted);
    struct buf text = BUF_INIT(quoted.len);

    if (plain.ptr == NULL) {
        json_decode_string(quoted, &text);
        plain = buf_slice(&text);
    }
    buf_addf(out, "\"%zu:", plain.len);
    buf_add_slice(out, plain);
    buf_free(&text);
}

struct member {
    struct slice name; /* decoded */
    size_t index;
    struct json_value value;
};

static int
compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = len == 0 ? 0 : memcmp(a->name.ptr, b->name.ptr, len);

    if (order != 0)
        return order;
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static size_t
count_members(struct slice container)
{
    struct json_member member;
    size_t at = 0, count = 0;

    while (json_next(container, &at, &member))
        count++;
    return count;
}

/* *names is what the names point into. */
static struct member *
sorted_members(struct slice object, size_t *count, struct buf *names)
{
    struct member *list = xcalloc(count_members(object) + 1, sizeof(*list));
    struct json_member member;
    size_t at = 0;

    *count = 0;
    /* In one piece, so that it does not move. */
    (void)buf_reserve(names, object.len);
    while (json_next(object, &at, &member)) {
        size_t from = names->len;

        json_decode_string(slice_make(member.name.ptr - 1, member.name.len + 2),
                           names);
        list[*count] =
            (struct member){slice_make(names->data + from, names->len - from),
                            *count, member.value};
        ++*count;
    }
    qsort(list, *count, sizeof(*list), compare_members);
    return list;
}

static void
add_object(struct slice object, struct buf *out)
{
    struct buf names = BUF_INIT(object.len);
    size_t count, i;
    struct member *list = sorted_members(object, &count, &names);

    buf_add_char(out, '{');
    for (i = 0; i < count; i++) {
        if (i + 1 < count && slice_equal(list[i].name, list[i + 1].name))
            continue;
        buf_addf(out, "%zu:", list[i].name.len);
        buf_add_slice(out, list[i].name);
        json_canon(list[i].value, out);
    }
    buf_add_char(out, '}');
    free(list);
    buf_free(&names);
}

static void
add_array(struct slice array, struct buf *out)
{
    struct json_member item;
    size_t at = 0;

    buf_add_char(out, '[');
    while (json_next(array, &at, &item))
        json_canon(item.value, out);
    buf_add_char(out, ']');
}

void
json_canon(struct json_value value, struct buf *out)
{
    switch (value.type) {
    case JSON_NUMBER:
        add_number(value.text, out);
        break;
    case JSON_STRING:
        add_text(value.text, out);
        break;
    case JSON_ARRAY:
        add_array(value.text, out);
        break;
    case JSON_OBJECT:
        add_object(value.text, out);
        break;
    case JSON_NULL:
    case JSON_BOOL:
        buf_add_slice(out, value.text);
        break;
    }
}
