/*
 * json_schema_object.c - checks the members of an object and the items of an
 * array.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "json_canon.h"

#include <stdlib.h>
#include <string.h>

/* What has room for a bit for each property. */
struct seen {
    uint64_t bits[SCHEMA_PROPERTIES_MAX / 64];
};

static bool
check_count(struct schema_walk *walk, int64_t least, int64_t most,
            int64_t count, bool array)
{
    const char *what = array ? "items" : "members";

    if (least >= 0 && count < least)
        return schema_wrong(
            walk,
            array ? "value_error.list.min_items" : "value_error.dict.min_items",
            "ensure this value has at least %lld %s", (long long)least, what);
    if (most >= 0 && count > most)
        return schema_wrong(
            walk,
            array ? "value_error.list.max_items" : "value_error.dict.max_items",
            "ensure this value has at most %lld %s", (long long)most, what);
    return true;
}

/* -- objects -------------------------------------------------------------------- */

const struct schema_property *
schema_find_property(const struct schema_node *node, struct slice name)
{
    size_t low = 0, high = node->property_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct slice *there = &node->properties[middle].name;
        size_t len = there->len < name.len ? there->len : name.len;
        int order = len == 0 ? 0 : memcmp(name.ptr, there->ptr, len);

        if (order == 0 && there->len == name.len)
            return &node->properties[middle];
        if (order < 0 || (order == 0 && name.len < there->len))
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* By its name: what `properties` and `patternProperties` say, or, if neither
   knows it, `additionalProperties`. */
static bool
check_named(struct schema_walk *walk, const struct schema_node *node,
            struct slice name, struct seen *seen, struct json_value value)
{
    const struct schema_property *property = schema_find_property(node, name);
    bool known = false, good = true;
    size_t i;

    if (property != NULL) {
        size_t index = (size_t)(property - node->properties);

        seen->bits[index / 64] |= UINT64_C(1) << index % 64;
        known = property->declared;
        if (known)
            good = schema_check_node(walk, property->node, value);
    }
    for (i = 0; i < node->pattern_count; i++) {
        const struct schema_pattern *pattern = &node->patterns[i];

        if (!schema_spend(walk, regexp_work(pattern->regexp, name.len) /
                                    SCHEMA_STEPS_PER_BYTE))
            return false;
        if (!regexp_matches(pattern->regexp, name))
            continue;
        known = true;
        good = schema_check_node(walk, pattern->node, value) && good;
    }
    return known ? good : schema_check_node(walk, node->others, value);
}

static bool
check_member(struct schema_walk *walk, const struct schema_node *node,
             const struct json_member *member, struct seen *seen)
{
    struct slice quoted =
        slice_make(member->name.ptr - 1, member->name.len + 2);
    const struct json_value as_text = {JSON_STRING, quoted};
    struct slice plain = json_plain_string(quoted);
    struct buf name = BUF_INIT(quoted.len);
    size_t len = schema_enter(&walk->path, member->name, 0);
    bool good;

    if (plain.ptr == NULL) {
        json_decode_string(quoted, &name);
        plain = buf_slice(&name);
    }
    good = check_named(walk, node, plain, seen, member->value);
    if (good || walk->silent == 0)
        good = schema_check_node(walk, node->names, as_text) && good;
    schema_leave(&walk->path, len);
    buf_free(&name);
    return good;
}

static bool
check_required(struct schema_walk *walk, const struct schema_node *node,
               const struct seen *seen)
{
    bool good = true;
    size_t i;

    for (i = 0; i < node->property_count; i++) {
        const struct schema_property *property = &node->properties[i];
        struct buf name = BUF_INIT(PROBLEM_DEEP_MAX);
        size_t len;

        if (!property->required || (seen->bits[i / 64] >> i % 64 & 1) != 0)
            continue;
        good = false;
        if (walk->silent > 0)
            break;
        json_add_string(&name, property->name);
        /* Between the quotes. */
        len = schema_enter(&walk->path, slice_make(name.data + 1, name.len - 2),
                           0);
        (void)schema_wrong(walk, "value_error.missing", "field required");
        schema_leave(&walk->path, len);
        buf_free(&name);
    }
    return good;
}

static bool
asks_about_members(const struct schema_node *node)
{
    return node->property_count > 0 || node->pattern_count > 0 ||
           node->others != SCHEMA_ANY || node->names != SCHEMA_ANY ||
           node->min_members >= 0 || node->max_members >= 0;
}

bool
schema_check_object(struct schema_walk *walk, const struct schema_node *node,
                    struct slice object)
{
    struct seen seen = {{0}};
    struct json_member member;
    int64_t count = 0;
    bool good = true;
    size_t at = 0;

    if (!asks_about_members(node))
        return true;
    if (!schema_spend(walk, object.len))
        return false;
    while ((good || walk->silent == 0) && !walk->spent &&
           json_next(object, &at, &member)) {
        good = check_member(walk, node, &member, &seen) && good;
        count++;
    }
    if (!good && walk->silent > 0)
        return false;
    good = check_required(walk, node, &seen) && good;
    return check_count(walk, node->min_members, node->max_members, count,
                       false) &&
           good;
}

/* -- arrays --------------------------------------------------------------------- */

/* A value as json_canon() has written it; the offset until all are there. */
struct place {
    size_t from, len;
    const char *base;
};

static int
compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->base + a->from, b->base + b->from, a->len);
}

static bool
check_unique(struct schema_walk *walk, struct slice array, size_t count)
{
    struct place *places = xcalloc(count + 1, sizeof(*places));
    struct buf text = BUF_INIT(JSON_CANON_MAX(array.len));
    struct json_member item;
    size_t at = 0, n = 0, i;
    bool good = true;

    while (json_next(array, &at, &item)) {
        places[n].from = text.len;
        json_canon(item.value, &text);
        places[n].len = text.len - places[n].from;
        n++;
    }
    for (i = 0; i < n; i++)
        places[i].base = text.data;
    qsort(places, n, sizeof(*places), compare_places);
    for (i = 1; i < n && good; i++)
        good = compare_places(&places[i - 1], &places[i]) != 0;
    free(places);
    buf_free(&text);
    return good || schema_wrong(walk, "value_error.list.unique_items",
                                "the list has duplicated items");
}

bool
schema_check_array(struct schema_walk *walk, const struct schema_node *node,
                   struct slice array)
{
    struct json_member item;
    size_t at = 0, index = 0;
    bool good = true;

    if (!schema_spend(walk, array.len))
        return false;
    for (; (good || walk->silent == 0) && !walk->spent &&
           json_next(array, &at, &item);
         index++) {
        size_t len = schema_enter(&walk->path, SLICE_NONE, index);

        good = schema_check_node(walk,
                                 index < node->prefix.count
                                     ? node->prefix.node[index]
                                     : node->items,
                                 item.value) &&
               good;
        schema_leave(&walk->path, len);
    }
    if (!good && walk->silent > 0)
        return false;
    good = check_count(walk, node->min_items, node->max_items, (int64_t)index,
                       true) &&
           good;
    if (node->unique &&
        schema_spend(walk, 8 * array.len + index * sizeof(struct place)))
        good = check_unique(walk, array, index) && good;
    return good;
}
