/*
 * filter.c - judges an event by a compiled filter; see filter.h.
 *
 * All conditions on the same value are judged together, so that the walk goes
 * through each part of the event once, however many conditions ask about it.
 * A condition's result is kept by its number; where a list is searched, the
 * results of one item are overwritten by those of the next.
 */
#include "filter_impl.h"

#include "json_compare.h"

#include <assert.h>

/* What is asked about: a value, or an object that is given by its members. */
struct subject {
    struct json_value value;
    const struct filter_member *members; /* instead of value.text, or NULL */
    size_t count;
};

/* A list of nodes, on the walk's stack. */
struct nodes {
    uint16_t *node;
    size_t count;
};

/* Every node is in at most two lists at a time: the whole one and the part of
   it that is of interest for a member or an item. */
struct walk {
    const struct filter *filter;
    bool holds[FILTER_NODES_MAX]; /* conditions, and kind FILTER_ONE */
    uint16_t stack[2 * FILTER_NODES_MAX + 1];
    size_t used;
};

static const struct filter_node *
node_at(const struct walk *walk, uint16_t node)
{
    return &walk->filter->nodes[node];
}

static void judge(struct walk *walk, const struct subject *subject,
                  struct nodes conditions);

static struct nodes
begin_list(struct walk *walk)
{
    return (struct nodes){&walk->stack[walk->used], 0};
}

static void
push(struct walk *walk, struct nodes *list, uint16_t node)
{
    assert(walk->used < sizeof(walk->stack) / sizeof(walk->stack[0]));
    walk->stack[walk->used++] = node;
    list->count++;
}

/* What a condition asks about this very value, however deep inside of $and,
   $or and $not: nodes of kind FILTER_ONE, or the children of FILTER_EACH. */
static void
collect(struct walk *walk, uint16_t node, enum filter_kind kind,
        struct nodes *list)
{
    const struct filter_node *at = node_at(walk, node);
    uint16_t child;

    if (at->kind == FILTER_ONE && kind == FILTER_ONE)
        push(walk, list, node);
    if (at->kind == FILTER_ONE || at->kind == FILTER_EXIST)
        return;
    for (child = at->child; child != 0; child = node_at(walk, child)->next) {
        if (at->kind != FILTER_EACH)
            collect(walk, child, kind, list);
        else if (kind == FILTER_EACH)
            push(walk, list, child);
    }
}

static struct nodes
collect_all(struct walk *walk, struct nodes conditions, enum filter_kind kind)
{
    struct nodes list = begin_list(walk);
    size_t i;

    for (i = 0; i < conditions.count; i++)
        collect(walk, conditions.node[i], kind, &list);
    return list;
}

/* The conditions that do not hold yet. */
static struct nodes
unsettled(struct walk *walk, struct nodes all)
{
    struct nodes list = begin_list(walk);
    size_t i;

    for (i = 0; i < all.count; i++) {
        if (!walk->holds[all.node[i]])
            push(walk, &list, all.node[i]);
    }
    return list;
}

/* -- members of an object ------------------------------------------------------ */

/* Steps to the next member; `quoted` is its name with the quotes, or absent
   where it is a filter_member. */
static bool
next_member(const struct subject *subject, size_t *at, struct slice *quoted,
            struct slice *plain, struct subject *value)
{
    struct json_member member;

    value->members = NULL;
    if (subject->members != NULL) {
        if (*at == subject->count)
            return false;
        *quoted = SLICE_NONE;
        *plain = slice_of(subject->members[*at].name);
        value->value = subject->members[(*at)++].value;
        return true;
    }
    if (!json_next(subject->value.text, at, &member))
        return false;
    *quoted = slice_make(member.name.ptr - 1, member.name.len + 2);
    *plain = json_plain_string(*quoted);
    value->value = member.value;
    return true;
}

/* Judges the members by those of `fields` that name them. */
static void
judge_members(struct walk *walk, const struct subject *subject,
              struct nodes fields)
{
    struct slice quoted, plain;
    struct subject value;
    size_t at = 0, i;

    while (next_member(subject, &at, &quoted, &plain, &value)) {
        struct nodes named = begin_list(walk);
        size_t mark = walk->used;

        for (i = 0; i < fields.count; i++) {
            struct slice name = node_at(walk, fields.node[i])->name;

            if (plain.ptr != NULL ? slice_equal(plain, name)
                                  : json_compare_text(quoted, name) == 0)
                push(walk, &named, fields.node[i]);
        }
        if (named.count > 0)
            judge(walk, &value, named);
        walk->used = mark;
    }
}

/* -- one value ----------------------------------------------------------------- */

static bool
one_holds(const struct walk *walk, uint16_t one, const struct subject *subject,
          bool item)
{
    uint16_t child;

    for (child = node_at(walk, one)->child; child != 0;
         child = node_at(walk, child)->next) {
        bool holds = node_at(walk, child)->named
                         ? walk->holds[child]
                         : subject->members == NULL &&
                               filter_test_holds(walk->filter, child,
                                                 subject->value, item);

        if (!holds)
            return false;
    }
    return true;
}

/* Judges a value itself, whatever it is, by nodes of kind FILTER_ONE. */
static void
judge_ones(struct walk *walk, const struct subject *subject, struct nodes ones,
           bool item)
{
    size_t mark = walk->used, i;
    struct nodes fields = begin_list(walk);
    uint16_t child;

    for (i = 0; i < ones.count; i++) {
        for (child = node_at(walk, ones.node[i])->child; child != 0;
             child = node_at(walk, child)->next) {
            if (!node_at(walk, child)->named)
                continue;
            walk->holds[child] = node_at(walk, child)->if_absent;
            push(walk, &fields, child);
        }
    }
    if (fields.count > 0 && subject->value.type == JSON_OBJECT)
        judge_members(walk, subject, fields);
    for (i = 0; i < ones.count; i++)
        walk->holds[ones.node[i]] =
            one_holds(walk, ones.node[i], subject, item);
    walk->used = mark;
}

/* -- items of an array --------------------------------------------------------- */

/* The array itself: it equals an operand. It has no members to speak of. */
static bool
whole_holds(const struct walk *walk, uint16_t one,
            const struct subject *subject)
{
    uint16_t child;

    for (child = node_at(walk, one)->child; child != 0;
         child = node_at(walk, child)->next) {
        if (node_at(walk, child)->named)
            return false;
    }
    return one_holds(walk, one, subject, false);
}

/* What holds for the array or one of its items. What has been found to hold
   is not asked again. */
static void
judge_array(struct walk *walk, const struct subject *subject, struct nodes ones,
            struct nodes each)
{
    struct json_member member;
    size_t mark = walk->used, at = 0, i;

    for (i = 0; i < ones.count; i++)
        walk->holds[ones.node[i]] = whole_holds(walk, ones.node[i], subject);
    for (i = 0; i < each.count; i++)
        walk->holds[each.node[i]] = false;
    while (json_next(subject->value.text, &at, &member)) {
        const struct subject item = {.value = member.value};
        struct nodes left = unsettled(walk, ones);
        struct nodes each_left = unsettled(walk, each);

        if (left.count + each_left.count == 0)
            break;
        judge_ones(walk, &item, left, true);
        if (each_left.count > 0)
            judge(walk, &item, each_left);
        walk->used = mark;
    }
    walk->used = mark;
}

/* -- conditions ---------------------------------------------------------------- */

/* Puts together what is known about the value. There is one: where a member
   is missing, if_absent has been taken instead. */
static bool
conclude(const struct walk *walk, uint16_t node, const struct subject *subject)
{
    const struct filter_node *at = node_at(walk, node);
    bool any = at->kind == FILTER_ANY;
    uint16_t child;

    switch (at->kind) {
    case FILTER_ONE:
        return walk->holds[node];
    case FILTER_EXIST:
        return at->wanted;
    case FILTER_NOT:
    case FILTER_OTHER:
        return !conclude(walk, at->child, subject);
    case FILTER_EACH:
        if (subject->value.type != JSON_ARRAY)
            return false;
        break;
    default:
        break;
    }
    for (child = at->child; child != 0; child = node_at(walk, child)->next) {
        bool holds = at->kind == FILTER_EACH ? walk->holds[child]
                                             : conclude(walk, child, subject);

        if (holds == any)
            return any;
    }
    return !any;
}

/* Leaves in walk->holds which of the conditions hold for the subject. */
static void
judge(struct walk *walk, const struct subject *subject, struct nodes conditions)
{
    size_t mark = walk->used, i;
    struct nodes ones = collect_all(walk, conditions, FILTER_ONE);
    struct nodes each = collect_all(walk, conditions, FILTER_EACH);

    if (subject->value.type == JSON_ARRAY)
        judge_array(walk, subject, ones, each);
    else
        judge_ones(walk, subject, ones, false);
    for (i = 0; i < conditions.count; i++) {
        uint16_t node = conditions.node[i];

        walk->holds[node] = conclude(walk, node, subject);
    }
    walk->used = mark;
}

static bool
judge_root(const struct filter *filter, const struct subject *subject)
{
    struct walk walk = {.filter = filter, .used = 0};
    struct nodes root = begin_list(&walk);

    push(&walk, &root, 0);
    judge(&walk, subject, root);
    return walk.holds[0];
}

bool
filter_matches(const struct filter *filter, const struct filter_member *members,
               size_t count)
{
    static const struct filter_member none;
    const struct subject subject = {
        .value = {JSON_OBJECT, SLICE_NONE},
        .members = members == NULL ? &none : members,
        .count = count,
    };

    return judge_root(filter, &subject);
}

bool
filter_matches_text(const struct filter *filter, struct json_value value)
{
    const struct subject subject = {.value = value};

    return judge_root(filter, &subject);
}
