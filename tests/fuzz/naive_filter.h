/*
 * naive_filter.h - the meaning of a filter, written down as filter.h describes
 * it: condition by condition, however often that goes through the event.
 *
 * For filters that filter_compile() has accepted. Included by fuzz_filter.c.
 */
#ifndef NAIVE_FILTER_H
#define NAIVE_FILTER_H

#include "json.h"
#include "json_compare.h"

static bool naive_holds(struct json_value condition,
                        const struct json_value *value);

static struct slice
naive_quoted(struct slice name)
{
    return slice_make(name.ptr - 1, name.len + 2);
}

/* A string's text, which lives until the next call but one. */
static struct slice
naive_text(struct slice quoted)
{
    static struct buf texts[2];
    static unsigned turn;
    struct buf *text = &texts[turn++ % 2];

    buf_free(text);
    buf_init(text, quoted.len);
    json_decode_string(quoted, text);
    return buf_slice(text);
}

/* The last member of that name. */
static bool
naive_member(struct slice object, struct slice name, struct json_value *value)
{
    struct json_member member;
    bool found = false;
    size_t at = 0;

    while (json_next(object, &at, &member)) {
        if (!slice_equal(naive_text(naive_quoted(member.name)), name))
            continue;
        *value = member.value;
        found = true;
    }
    return found;
}

static bool naive_equal(struct json_value a, struct json_value b);

/* Every member of a is one of b. */
static bool
naive_members_in(struct slice a, struct slice b)
{
    struct json_member member;
    size_t at = 0;

    while (json_next(a, &at, &member)) {
        struct slice name = naive_quoted(member.name);
        struct json_value last, other;
        char *copy = slice_text(naive_text(name));
        size_t len = naive_text(name).len;
        bool same = naive_member(a, slice_make(copy, len), &last) &&
                    naive_member(b, slice_make(copy, len), &other) &&
                    naive_equal(last, other);

        free(copy);
        if (!same)
            return false;
    }
    return true;
}

static bool
naive_items_equal(struct slice a, struct slice b)
{
    struct json_member left, right;
    size_t at = 0, there = 0;
    bool more, also;

    do {
        more = json_next(a, &at, &left);
        also = json_next(b, &there, &right);
        if (more != also || (more && !naive_equal(left.value, right.value)))
            return false;
    } while (more);
    return true;
}

static bool
naive_equal(struct json_value a, struct json_value b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case JSON_OBJECT:
        return naive_members_in(a.text, b.text) &&
               naive_members_in(b.text, a.text);
    case JSON_ARRAY:
        return naive_items_equal(a.text, b.text);
    case JSON_STRING:
        return slice_equal(naive_text(a.text), naive_text(b.text));
    case JSON_NUMBER:
        return json_compare_numbers(a.text, b.text) == 0;
    default:
        return slice_equal(a.text, b.text);
    }
}

/* Is value above (1), equal to (0) or below (-1) the operand; 2: neither. */
static int
naive_order(struct json_value value, struct json_value operand)
{
    struct slice a, b;
    int order;

    if (value.type != operand.type)
        return 2;
    if (value.type == JSON_NUMBER) {
        order = json_compare_numbers(value.text, operand.text);
        return (order > 0) - (order < 0);
    }
    if (value.type != JSON_STRING)
        return 2;
    a = naive_text(value.text);
    b = naive_text(operand.text);
    order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    if (order == 0)
        order = (a.len > b.len) - (a.len < b.len);
    return (order > 0) - (order < 0);
}

/* Operators with a list: does it hold for one of its items? */
static bool
naive_listed(struct slice op, struct json_value list, struct json_value value)
{
    struct json_member item;
    size_t at = 0;

    while (json_next(list.text, &at, &item)) {
        struct slice text, part;

        if (slice_is(op, "$in") || slice_is(op, "$nin")) {
            if (naive_equal(value, item.value))
                return true;
            continue;
        }
        if (value.type != JSON_STRING)
            return false;
        text = naive_text(value.text);
        part = naive_text(item.value.text);
        if (text.len >= part.len &&
            memcmp(slice_is(op, "$startsWith") ? text.ptr
                                               : text.ptr + text.len - part.len,
                   part.ptr, part.len) == 0)
            return true;
    }
    return false;
}

/* A comparison of this very value. */
static bool
naive_compares(struct slice op, struct json_value operand,
               struct json_value value, bool item)
{
    struct slice text, part;
    int order;

    if (slice_is(op, "$eq") || slice_is(op, "$neq"))
        return naive_equal(value, operand);
    if (slice_is(op, "$gt") || slice_is(op, "$gte") || slice_is(op, "$lt") ||
        slice_is(op, "$lte")) {
        order = naive_order(value, operand);
        return order != 2 &&
               ((order > 0 && op.ptr[1] == 'g') ||
                (order < 0 && op.ptr[1] == 'l') || (order == 0 && op.len == 4));
    }
    if (operand.type == JSON_ARRAY)
        return naive_listed(op, operand, value);
    if (value.type != JSON_STRING)
        return false;
    text = naive_text(value.text);
    part = naive_text(operand.text);
    if (item && (slice_is(op, "$in") || slice_is(op, "$nin")))
        return slice_equal(text, part);
    if (text.len < part.len)
        return false;
    if (slice_is(op, "$startsWith"))
        return memcmp(text.ptr, part.ptr, part.len) == 0;
    if (slice_is(op, "$endsWith"))
        return memcmp(text.ptr + text.len - part.len, part.ptr, part.len) == 0;
    return part.len == 0 ||
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* Names and plain comparisons: what one value or item satisfies together. */
static bool
naive_is_together(struct slice name)
{
    static const char *const others[] = {"$neq", "$nin", "$not",
                                         "$and", "$or",  "$exist"};
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (slice_is(name, others[i]))
            return false;
    }
    return true;
}

/* Do they hold for this very value? `whole`: it is an array as a whole, whose
   members nobody can name. */
static bool
naive_together(struct slice object, const struct json_value *value, bool item,
               bool whole)
{
    struct json_member part;
    size_t at = 0;

    while (json_next(object, &at, &part)) {
        struct slice name = naive_text(naive_quoted(part.name));
        struct json_value member;
        bool is_operator = name.len > 0 && name.ptr[0] == '$', holds;
        char *copy = slice_text(name);
        size_t len = name.len;

        name = slice_make(copy, len);
        if (!naive_is_together(name))
            holds = true;
        else if (is_operator)
            holds =
                value != NULL && naive_compares(name, part.value, *value, item);
        else
            holds = !whole &&
                    naive_holds(part.value,
                                value != NULL && value->type == JSON_OBJECT &&
                                        naive_member(value->text, name, &member)
                                    ? &member
                                    : NULL);
        free(copy);
        if (!holds)
            return false;
    }
    return true;
}

static bool
naive_has_together(struct slice object)
{
    struct json_member part;
    size_t at = 0;

    while (json_next(object, &at, &part)) {
        if (naive_is_together(naive_text(naive_quoted(part.name))))
            return true;
    }
    return false;
}

/* The value itself, or one item of the array. */
static bool
naive_one(struct slice object, const struct json_value *value)
{
    struct json_member item;
    size_t at = 0;

    if (!naive_has_together(object))
        return true;
    if (value == NULL || value->type != JSON_ARRAY)
        return naive_together(object, value, false, false);
    if (naive_together(object, value, false, true))
        return true;
    while (json_next(value->text, &at, &item)) {
        if (naive_together(object, &item.value, true, false))
            return true;
    }
    return false;
}

static bool
naive_branches(struct slice list, bool any, const struct json_value *value)
{
    struct json_member branch;
    size_t at = 0;

    while (json_next(list, &at, &branch)) {
        if (naive_holds(branch.value, value) == any)
            return any;
    }
    return !any;
}

/* {"$eq": operand} or {"$in": operand}: does it hold for the value or an
   item? */
static bool
naive_none(struct slice op, struct json_value operand,
           const struct json_value *value)
{
    struct json_member item;
    size_t at = 0;

    if (value == NULL || naive_compares(op, operand, *value, false))
        return false;
    if (value->type != JSON_ARRAY)
        return true;
    while (json_next(value->text, &at, &item)) {
        if (naive_compares(op, operand, item.value, true))
            return false;
    }
    return true;
}

static bool
naive_object(struct slice object, const struct json_value *value)
{
    struct json_member part;
    bool holds = true;
    size_t at = 0;

    while (holds && json_next(object, &at, &part)) {
        struct slice name = naive_text(naive_quoted(part.name));

        if (slice_is(name, "$not"))
            holds = !naive_holds(part.value, value);
        else if (slice_is(name, "$exist"))
            holds = slice_is(part.value.text, "true") == (value != NULL);
        else if (slice_is(name, "$and") || slice_is(name, "$or"))
            holds =
                naive_branches(part.value.text, slice_is(name, "$or"), value);
        else if (slice_is(name, "$neq"))
            holds = naive_none(SLICE("$neq"), part.value, value);
        else if (slice_is(name, "$nin"))
            holds = naive_none(SLICE("$nin"), part.value, value);
    }
    return holds && naive_one(object, value);
}

static bool
naive_array(struct slice conditions, const struct json_value *value)
{
    struct json_member condition, item;
    size_t at = 0;

    if (value == NULL || value->type != JSON_ARRAY)
        return false;
    while (json_next(conditions, &at, &condition)) {
        bool found = false;
        size_t there = 0;

        while (!found && json_next(value->text, &there, &item))
            found = naive_holds(condition.value, &item.value);
        if (!found)
            return false;
    }
    return true;
}

/* value NULL: it is missing. */
static bool
naive_holds(struct json_value condition, const struct json_value *value)
{
    struct json_member item;
    size_t at = 0;

    if (condition.type == JSON_OBJECT)
        return naive_object(condition.text, value);
    if (condition.type == JSON_ARRAY)
        return naive_array(condition.text, value);
    if (value == NULL)
        return false;
    if (naive_equal(*value, condition))
        return true;
    while (value->type == JSON_ARRAY && json_next(value->text, &at, &item)) {
        if (naive_equal(item.value, condition))
            return true;
    }
    return false;
}

#endif /* NAIVE_FILTER_H */
