/*
 * filter_operator.c - the operators of a filter and their operands; see
 * filter.h.
 */
#include "filter_parse.h"

#include "nameset.h"

/* -- operands ------------------------------------------------------------------ */

static bool
read_child(struct filter_parse *parse, struct json_value value,
           struct slice name, struct nameset *names, uint16_t parent)
{
    uint16_t child = parse->filter->count;

    if (name.ptr != NULL && !nameset_add(names, name))
        return filter_fail(parse, "stands there twice");
    if (!filter_operand(parse, value, parent))
        return false;
    parse->filter->nodes[child].name = name;
    filter_leave(parse);
    return true;
}

static bool
read_children(struct filter_parse *parse, struct json_value value,
              uint16_t parent)
{
    struct json_member member;
    struct nameset names;
    size_t at = 0, index = 0;
    bool good = true;

    nameset_init(&names);
    while (good && json_next(value.text, &at, &member)) {
        struct slice name = value.type == JSON_OBJECT
                                ? filter_member_name(parse, &member)
                                : SLICE_NONE;

        good = filter_enter(parse, name, index++) &&
               read_child(parse, member.value, name, &names, parent);
    }
    nameset_free(&names);
    return good;
}

bool
filter_operand(struct filter_parse *parse, struct json_value value,
               uint16_t test)
{
    uint16_t node = filter_add(parse, test, FILTER_VALUE);

    parse->filter->nodes[node].type = value.type;
    if (value.type == JSON_ARRAY || value.type == JSON_OBJECT)
        return read_children(parse, value, node);
    parse->filter->nodes[node].text = filter_text(parse, value);
    return true;
}

/* -- operators ----------------------------------------------------------------- */

/* Which types an operand may have. */
enum {
    IS_STRING = 1 << JSON_STRING,
    IS_NUMBER = 1 << JSON_NUMBER,
    IS_SCALAR = IS_STRING | IS_NUMBER | 1 << JSON_BOOL | 1 << JSON_NULL,
    IS_ANY = IS_SCALAR | 1 << JSON_ARRAY | 1 << JSON_OBJECT
};

struct word {
    const char *name;
    bool (*read)(struct filter_parse *parse, const struct word *word,
                 struct json_value value, struct filter_place *place);
    enum filter_kind kind;
    enum filter_test test; /* with one operand */
    unsigned types;        /* that operand's */
    const char *wanted;    /* what to say about others */
    unsigned item_types;   /* of a list's items; 0: no list */
    enum filter_test list_test;
    const char *item_wanted;
};

static bool
read_list(struct filter_parse *parse, const struct word *word,
          struct slice array, uint16_t test)
{
    struct json_member item;
    size_t at = 0, index = 0;

    while (json_next(array, &at, &item)) {
        if (!filter_enter(parse, SLICE_NONE, index++))
            return false;
        if ((word->item_types >> item.value.type & 1) == 0)
            return filter_fail(parse, word->item_wanted);
        if (!filter_operand(parse, item.value, test))
            return false;
        filter_leave(parse);
    }
    return true;
}

static bool
read_test(struct filter_parse *parse, const struct word *word,
          struct json_value value, struct filter_place *place)
{
    bool list = value.type == JSON_ARRAY && word->item_types != 0;
    uint16_t one, test;

    if (!list && (word->types >> value.type & 1) == 0)
        return filter_fail(parse, word->wanted);
    if (word->kind == FILTER_OTHER)
        one = filter_add(parse, filter_add(parse, place->all, FILTER_OTHER),
                         FILTER_ONE);
    else
        one = filter_one(parse, place);
    test = filter_add(parse, one, FILTER_TEST);
    parse->filter->nodes[test].test = list ? word->list_test : word->test;
    return list ? read_list(parse, word, value.text, test)
                : filter_operand(parse, value, test);
}

static bool
read_exist(struct filter_parse *parse, const struct word *word,
           struct json_value value, struct filter_place *place)
{
    uint16_t node;

    if (value.type != JSON_BOOL)
        return filter_fail(parse, word->wanted);
    node = filter_add(parse, place->all, FILTER_EXIST);
    parse->filter->nodes[node].wanted = slice_is(value.text, "true");
    return true;
}

static bool
read_not(struct filter_parse *parse, const struct word *word,
         struct json_value value, struct filter_place *place)
{
    uint16_t node = filter_add(parse, place->all, word->kind), child;

    return filter_condition(parse, value, node, &child);
}

static bool
read_branches(struct filter_parse *parse, const struct word *word,
              struct json_value value, struct filter_place *place)
{
    uint16_t node = filter_add(parse, place->all, word->kind), child;
    struct json_member item;
    size_t at = 0, index = 0;

    while (value.type == JSON_ARRAY && json_next(value.text, &at, &item)) {
        if (!filter_enter(parse, SLICE_NONE, index++) ||
            !filter_condition(parse, item.value, node, &child))
            return false;
        filter_leave(parse);
    }
    return index > 0 || filter_fail(parse, word->wanted);
}

/* The rest of a row: types, what is wanted, and the same of a list. */
#define ANYTHING IS_ANY, NULL, 0, TEST_EQUAL, NULL
#define ORDERED                                                                \
    IS_STRING | IS_NUMBER, "must be a number or a string", 0, TEST_EQUAL, NULL
#define SCALARS                                                                \
    IS_STRING, "must be a list or a string", IS_SCALAR, TEST_AMONG,            \
        "must be a string, a number, true, false or null"
#define STRINGS(test)                                                          \
    IS_STRING, "must be a string or a list of strings", IS_STRING, test,       \
        "must be a string"

static const struct word words[] = {
    {"$eq", read_test, FILTER_ONE, TEST_EQUAL, ANYTHING},
    {"$neq", read_test, FILTER_OTHER, TEST_EQUAL, ANYTHING},
    {"$gt", read_test, FILTER_ONE, TEST_ABOVE, ORDERED},
    {"$gte", read_test, FILTER_ONE, TEST_NOT_BELOW, ORDERED},
    {"$lt", read_test, FILTER_ONE, TEST_BELOW, ORDERED},
    {"$lte", read_test, FILTER_ONE, TEST_NOT_ABOVE, ORDERED},
    {"$in", read_test, FILTER_ONE, TEST_PART, SCALARS},
    {"$nin", read_test, FILTER_OTHER, TEST_PART, SCALARS},
    {"$startsWith", read_test, FILTER_ONE, TEST_START, STRINGS(TEST_START)},
    {"$endsWith", read_test, FILTER_ONE, TEST_END, STRINGS(TEST_END)},
    {.name = "$exist", .read = read_exist, .wanted = "must be true or false"},
    {.name = "$and",
     .read = read_branches,
     .kind = FILTER_ALL,
     .wanted = "must be a list of at least one condition"},
    {.name = "$or",
     .read = read_branches,
     .kind = FILTER_ANY,
     .wanted = "must be a list of at least one condition"},
    {.name = "$not", .read = read_not, .kind = FILTER_NOT},
};

bool
filter_operator(struct filter_parse *parse, struct slice name,
                struct json_value value, struct filter_place *place)
{
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct word *word = &words[i];

        if (!slice_is(name, word->name))
            continue;
        if (parse->named == 0 &&
            (word->read == read_test || word->read == read_exist))
            return filter_fail(parse, "needs the name of a member in front");
        return word->read(parse, word, value, place);
    }
    return filter_fail(parse, "is not an operator");
}
