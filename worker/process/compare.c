/*
 * compare.c - see compare.h.
 */
#include "compare.h"

#include "alloc.h"
#include "clock.h"
#include "json_compare.h"

#include <stdlib.h>
#include <string.h>

/* Members of an object, sorted by name. Sorting keeps two large objects from
   being walked over for each member. */
struct members {
    struct json_member *list;
    struct buf *decoded; /* names that had escapes; freed with the list */
    size_t count;
};

static struct slice
name_of(const struct json_member *member, struct buf *decoded)
{
    /* The quotes stand around it: a name is a string like any other. */
    struct slice quoted =
        slice_make(member->name.ptr - 1, member->name.len + 2);
    struct slice plain = json_plain_string(quoted);

    if (plain.ptr != NULL)
        return plain;
    buf_init(decoded, quoted.len);
    json_decode_string(quoted, decoded);
    return buf_slice(decoded);
}

static int
compare_names(const void *left, const void *right)
{
    const struct json_member *a = left, *b = right;
    size_t shorter = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = shorter == 0 ? 0 : memcmp(a->name.ptr, b->name.ptr, shorter);

    if (order != 0)
        return order;
    return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

static void
members_read(struct members *members, struct slice object)
{
    struct json_member member;
    size_t at = 0, i = 0;

    *members = (struct members){.list = NULL};
    while (json_next(object, &at, &member))
        members->count++;
    members->list = xcalloc(members->count + 1, sizeof(*members->list));
    members->decoded = xcalloc(members->count + 1, sizeof(struct buf));
    at = 0;
    while (json_next(object, &at, &member)) {
        member.name = name_of(&member, &members->decoded[i]);
        members->list[i++] = member;
    }
    qsort(members->list, members->count, sizeof(*members->list), compare_names);
}

static void
members_free(struct members *members)
{
    size_t i;

    for (i = 0; i < members->count; i++)
        buf_free(&members->decoded[i]);
    free(members->decoded);
    free(members->list);
}

/* How many members of a have an equal one in b. */
static size_t
count_equal(const struct members *a, const struct members *b)
{
    size_t i = 0, k = 0, equal = 0;

    while (i < a->count && k < b->count) {
        int order = compare_names(&a->list[i], &b->list[k]);

        if (order == 0 && compare_equal(&a->list[i].value, &b->list[k].value))
            equal++;
        i += order <= 0;
        k += order >= 0;
    }
    return equal;
}

static bool
objects_equal(struct slice a, struct slice b)
{
    struct members left, right;
    bool equal;

    members_read(&left, a);
    members_read(&right, b);
    equal =
        left.count == right.count && count_equal(&left, &right) == left.count;
    members_free(&left);
    members_free(&right);
    return equal;
}

static bool
arrays_equal(struct slice a, struct slice b)
{
    struct json_member left, right;
    size_t at_a = 0, at_b = 0;

    while (json_next(a, &at_a, &left)) {
        if (!json_next(b, &at_b, &right) ||
            !compare_equal(&left.value, &right.value))
            return false;
    }
    return !json_next(b, &at_b, &right);
}

static bool
strings_equal(struct slice a, struct slice b)
{
    struct slice plain = json_plain_string(a);
    struct buf decoded;
    bool equal;

    if (plain.ptr != NULL)
        return json_compare_text(b, plain) == 0;
    buf_init(&decoded, a.len);
    json_decode_string(a, &decoded);
    equal = json_compare_text(b, buf_slice(&decoded)) == 0;
    buf_free(&decoded);
    return equal;
}

bool
compare_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type)
        return false;
    if (slice_equal(a->text, b->text))
        return true;
    switch (a->type) {
    case JSON_NUMBER:
        return json_compare_numbers(a->text, b->text) == 0;
    case JSON_STRING:
        return strings_equal(a->text, b->text);
    case JSON_ARRAY:
        return arrays_equal(a->text, b->text);
    case JSON_OBJECT:
        return objects_equal(a->text, b->text);
    default:
        return false; /* true and false */
    }
}

static bool
is_object(struct slice text)
{
    return text.len > 0 && text.ptr[0] == '{';
}

int
compare_share(struct slice event, struct slice record)
{
    struct members ours, theirs;
    int share = -1;

    if (!is_object(event) || !is_object(record))
        return -1;
    members_read(&ours, event);
    members_read(&theirs, record);
    if (ours.count > 0)
        share = (int)(count_equal(&ours, &theirs) * 100 / ours.count);
    members_free(&ours);
    members_free(&theirs);
    return share;
}

static bool
read_time(const struct json_value *value, int64_t *us)
{
    return value->type == JSON_STRING &&
           clock_parse(json_plain_string(value->text), us);
}

enum verdict_version
compare_version(struct slice event, struct slice record, const char *field)
{
    struct json_value ours, theirs;
    int64_t our_us, their_us;
    int order;

    if (field == NULL || !is_object(event) || !is_object(record) ||
        !json_find(event, field, &ours) || !json_find(record, field, &theirs) ||
        ours.type == JSON_NULL || theirs.type == JSON_NULL)
        return VERSION_UNKNOWN;
    if (compare_equal(&ours, &theirs))
        return VERSION_SAME;
    if (read_time(&ours, &our_us) && read_time(&theirs, &their_us))
        order = their_us < our_us ? -1 : their_us > our_us;
    else if (ours.type == JSON_NUMBER && theirs.type == JSON_NUMBER)
        order = json_compare_numbers(theirs.text, ours.text);
    else
        return VERSION_UNKNOWN;
    if (order == 0)
        return VERSION_SAME;
    return order < 0 ? VERSION_OLDER : VERSION_NEWER;
}
