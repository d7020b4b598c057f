/*
 * filter_value.c - compares one value of an event with the operands of a
 * filter; see filter.h.
 */
#include "filter_impl.h"

#include "json_compare.h"

static bool same(const struct filter *filter, uint16_t node,
                 struct json_value value);

static bool
same_items(const struct filter *filter, uint16_t child, struct slice array)
{
    struct json_member item;
    size_t at = 0;

    while (json_next(array, &at, &item)) {
        if (child == 0 || !same(filter, child, item.value))
            return false;
        child = filter->nodes[child].next;
    }
    return child == 0;
}

/* `name` stands between its quotes. */
static bool
is_named(const struct filter_node *node, struct slice name)
{
    return json_compare_text(slice_make(name.ptr - 1, name.len + 2),
                             node->name) == 0;
}

static bool
same_members(const struct filter *filter, uint16_t first, struct slice object)
{
    bool found[FILTER_PARTS] = {false};
    struct json_member member;
    size_t at = 0, i;
    uint16_t child;

    while (json_next(object, &at, &member)) {
        child = first;
        for (i = 0; child != 0; i++, child = filter->nodes[child].next) {
            if (is_named(&filter->nodes[child], member.name))
                break;
        }
        if (child == 0)
            return false;
        found[i] = same(filter, child, member.value);
    }
    child = first;
    for (i = 0; child != 0; i++, child = filter->nodes[child].next) {
        if (!found[i])
            return false;
    }
    return true;
}

/* Two values of one type, neither true nor false nor null nor a container. */
static int
order(const struct filter_node *operand, struct json_value value)
{
    return value.type == JSON_STRING
               ? json_compare_text(value.text, operand->text)
               : json_compare_numbers(value.text, operand->text);
}

static bool
same(const struct filter *filter, uint16_t node, struct json_value value)
{
    const struct filter_node *operand = &filter->nodes[node];

    if (operand->type != value.type)
        return false;
    switch (value.type) {
    case JSON_OBJECT:
        return same_members(filter, operand->child, value.text);
    case JSON_ARRAY:
        return same_items(filter, operand->child, value.text);
    case JSON_STRING:
    case JSON_NUMBER:
        return order(operand, value) == 0;
    default:
        return slice_equal(operand->text, value.text);
    }
}

static bool
in_order(enum filter_test test, const struct filter_node *operand,
         struct json_value value)
{
    int order_is;

    if (operand->type != value.type)
        return false;
    order_is = order(operand, value);
    switch (test) {
    case TEST_ABOVE:
        return order_is > 0;
    case TEST_NOT_BELOW:
        return order_is >= 0;
    case TEST_BELOW:
        return order_is < 0;
    default:
        return order_is <= 0;
    }
}

static bool
holds_for(const struct filter *filter, enum filter_test test, uint16_t operand,
          struct json_value value, bool item)
{
    struct slice text = filter->nodes[operand].text;
    bool string = value.type == JSON_STRING;

    switch (test) {
    case TEST_EQUAL:
    case TEST_AMONG:
        return same(filter, operand, value);
    case TEST_PART:
        return item ? same(filter, operand, value)
                    : string && json_text_contains(value.text, text);
    case TEST_START:
        return string && json_text_starts(value.text, text);
    case TEST_END:
        return string && json_text_ends(value.text, text);
    default:
        return in_order(test, &filter->nodes[operand], value);
    }
}

bool
filter_test_holds(const struct filter *filter, uint16_t node,
                  struct json_value value, bool item)
{
    const struct filter_node *test = &filter->nodes[node];
    uint16_t operand;

    for (operand = test->child; operand != 0;
         operand = filter->nodes[operand].next) {
        if (holds_for(filter, test->test, operand, value, item))
            return true;
    }
    return false;
}
