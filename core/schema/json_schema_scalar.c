/*
 * json_schema_scalar.c - checks numbers and strings, and whether a value is one
 * of a list.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "json_canon.h"
#include "json_compare.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 300 /* bytes of a schema that a message repeats */

static int
shown(struct slice text)
{
    size_t len = text.len;

    if (len > SHOWN_MAX) {
        len = SHOWN_MAX;
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
            len--;
    }
    return (int)len;
}

/* -- numbers ------------------------------------------------------------------- */

enum order { ORDER_NOT_BELOW, ORDER_NOT_ABOVE, ORDER_ABOVE, ORDER_BELOW };

static bool
is_in_order(enum order order, int difference)
{
    switch (order) {
    case ORDER_NOT_BELOW:
        return difference >= 0;
    case ORDER_NOT_ABOVE:
        return difference <= 0;
    case ORDER_ABOVE:
        return difference > 0;
    case ORDER_BELOW:
        return difference < 0;
    }
    return false;
}

static bool
check_limit(struct schema_walk *walk, enum order order, struct slice number,
            struct slice limit)
{
    static const struct {
        const char *type, *words;
    } told[] = {
        [ORDER_NOT_BELOW] = {"value_error.number.not_ge",
                             "greater than or equal to"},
        [ORDER_NOT_ABOVE] = {"value_error.number.not_le",
                             "less than or equal to"},
        [ORDER_ABOVE] = {"value_error.number.not_gt", "greater than"},
        [ORDER_BELOW] = {"value_error.number.not_lt", "less than"},
    };

    if (limit.ptr == NULL ||
        is_in_order(order, json_compare_numbers(number, limit)))
        return true;
    return schema_wrong(walk, told[order].type, "ensure this value is %s %.*s",
                        told[order].words, shown(limit), limit.ptr);
}

bool
schema_check_number(struct schema_walk *walk, const struct schema_node *node,
                    struct slice text)
{
    bool good;

    if (!schema_spend(walk, text.len))
        return false;
    good = check_limit(walk, ORDER_NOT_BELOW, text, node->minimum);
    good = check_limit(walk, ORDER_NOT_ABOVE, text, node->maximum) && good;
    good = check_limit(walk, ORDER_ABOVE, text, node->above) && good;
    good = check_limit(walk, ORDER_BELOW, text, node->below) && good;
    if (node->multiple.ptr == NULL || json_is_multiple(text, node->multiple))
        return good;
    return schema_wrong(walk, "value_error.number.not_multiple",
                        "ensure this value is a multiple of %.*s",
                        shown(node->multiple), node->multiple.ptr);
}

/* -- strings ------------------------------------------------------------------- */

static int64_t
count_characters(struct slice text)
{
    int64_t count = 0;
    size_t i;

    for (i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static bool
check_length(struct schema_walk *walk, const struct schema_node *node,
             struct slice text)
{
    int64_t count = count_characters(text);

    if (node->min_length >= 0 && count < node->min_length)
        return schema_wrong(walk, "value_error.any_str.min_length",
                            "ensure this value has at least %lld characters",
                            (long long)node->min_length);
    if (node->max_length >= 0 && count > node->max_length)
        return schema_wrong(walk, "value_error.any_str.max_length",
                            "ensure this value has at most %lld characters",
                            (long long)node->max_length);
    return true;
}

static bool
check_pattern(struct schema_walk *walk, const struct schema_node *node,
              struct slice text)
{
    if (!schema_spend(walk, regexp_work(node->pattern, text.len) /
                                SCHEMA_STEPS_PER_BYTE))
        return false;
    if (regexp_matches(node->pattern, text))
        return true;
    return schema_wrong(walk, "value_error.str.regex",
                        "string does not match regex \"%.*s\"",
                        shown(node->pattern_text), node->pattern_text.ptr);
}

bool
schema_check_string(struct schema_walk *walk, const struct schema_node *node,
                    struct slice quoted)
{
    bool good = true;
    struct buf text = BUF_INIT(quoted.len);
    struct slice plain;

    if (node->min_length < 0 && node->max_length < 0 && node->pattern == NULL)
        return true;
    if (!schema_spend(walk, quoted.len))
        return false;
    plain = json_plain_string(quoted);
    if (plain.ptr == NULL) {
        json_decode_string(quoted, &text);
        plain = buf_slice(&text);
    }
    good = check_length(walk, node, plain);
    if (node->pattern != NULL && (good || walk->silent == 0))
        good = check_pattern(walk, node, plain) && good;
    buf_free(&text);
    return good;
}

/* -- values -------------------------------------------------------------------- */

int
schema_compare_values(const void *left, const void *right)
{
    const struct slice *a = left, *b = right;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->len == 0 ? 0 : memcmp(a->ptr, b->ptr, a->len);
}

static bool
is_among(const struct schema_node *node, struct slice canon)
{
    return bsearch(&canon, node->values, node->value_count,
                   sizeof(*node->values), schema_compare_values) != NULL;
}

bool
schema_check_values(struct schema_walk *walk, const struct schema_node *node,
                    struct json_value value)
{
    struct buf text = BUF_INIT(JSON_CANON_MAX(value.text.len));
    struct slice canon;
    bool good = true;

    if (node->value_count == 0 && node->constant.ptr == NULL)
        return true;
    if (!schema_spend(walk, 4 * value.text.len))
        return false;
    json_canon(value, &text);
    canon = buf_slice(&text);
    if (node->value_count > 0 && !is_among(node, canon))
        good = schema_wrong(walk, "type_error.enum",
                            "value is not a valid enumeration member; "
                            "permitted: %.*s",
                            shown(node->shown), node->shown.ptr);
    if (node->constant.ptr != NULL && !slice_equal(node->constant, canon))
        good = schema_wrong(
            walk, "value_error.const", "unexpected value; permitted: %.*s",
            shown(node->constant_shown), node->constant_shown.ptr);
    buf_free(&text);
    return good;
}
