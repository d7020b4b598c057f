/*
 * record_fields.c - see record_fields.h.
 */
#include "record_fields.h"

#include "clock.h"
#include "id.h"
#include "json.h"
#include "member.h"

#include <stdlib.h>
#include <string.h>

#define INNER "properties"
#define ENTRY_MAX 160 /* bytes of an entry beside its name */

struct field {
    bool inner;        /* a member of "properties" */
    struct slice name; /* between the quotes, escapes not decoded */
    struct json_value value;
};

struct fields {
    struct field list[RECORD_FIELDS_MAX];
    size_t count;
};

static int
compare(const void *left, const void *right)
{
    const struct field *a = left, *b = right;
    size_t shorter = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order;

    if (a->inner != b->inner)
        return a->inner ? 1 : -1;
    order = memcmp(a->name.ptr, b->name.ptr, shorter);
    if (order != 0)
        return order;
    return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

static void
add(struct fields *fields, bool inner, const struct json_member *member)
{
    if (fields->count < RECORD_FIELDS_MAX)
        fields->list[fields->count++] =
            (struct field){inner, member->name, member->value};
}

/* json_read() has accepted the record. */
static void
collect(struct slice record, struct fields *fields)
{
    struct json_member member, inner;
    size_t at = 0, inner_at;

    fields->count = 0;
    if (record.len == 0 || record.ptr[0] != '{')
        return;
    while (json_next(record, &at, &member)) {
        if (!slice_is(member.name, INNER) || member.value.type != JSON_OBJECT) {
            add(fields, false, &member);
            continue;
        }
        inner_at = 0;
        while (json_next(member.value.text, &inner_at, &inner))
            add(fields, true, &inner);
    }
}

/* The entries of an earlier state. */
static void
collect_entries(struct slice text, struct fields *fields)
{
    static const size_t prefix = sizeof(INNER ".") - 1;
    struct json_member member;
    size_t at = 0;

    fields->count = 0;
    if (text.len == 0)
        return;
    while (json_next(text, &at, &member)) {
        bool inner = member.name.len > prefix &&
                     memcmp(member.name.ptr, INNER ".", prefix) == 0;

        if (inner) {
            member.name.ptr += prefix;
            member.name.len -= prefix;
        }
        add(fields, inner, &member);
    }
}

static const struct field *
find(const struct fields *sorted, const struct field *wanted)
{
    return bsearch(wanted, sorted->list, sorted->count, sizeof(sorted->list[0]),
                   compare);
}

/* The bytes decide: one source writes the same value in the same way. */
static bool
is_same(const struct field *a, const struct field *b)
{
    return slice_equal(a->value.text, b->value.text);
}

static void
add_new(const struct record_step *step, struct buf *out)
{
    member_time(out, "changed_at", step->version_us);
    member_id(out, "event", ID_EVENT, step->event_id);
}

/* What is known of the value that has stayed; true if it was applied. */
static bool
add_known(struct slice entry, struct buf *out)
{
    struct json_value value;
    bool applied;

    if (json_find(entry, "changed_at", &value))
        member_raw(out, "changed_at", value.text, "null");
    if (json_find(entry, "event", &value))
        member_raw(out, "event", value.text, "null");
    applied = json_find(entry, "status", &value) &&
              slice_is(value.text, "\"applied\"");
    return applied;
}

static void
add_entry(const struct record_step *step, const struct field *field,
          const struct field *known, struct buf *out)
{
    bool applied = step->verified;

    member_next(out);
    buf_add_char(out, '"');
    if (field->inner)
        buf_add_text(out, INNER ".");
    buf_add_slice(out, field->name);
    buf_add_text(out, "\":{");
    if (known == NULL)
        add_new(step, out);
    else
        applied = add_known(known->value.text, out) || applied;
    member_text(out, "status", applied ? "applied" : "unverified");
    buf_add_char(out, '}');
}

/* Everything but the members of `now` is sorted. */
static void
add_all(const struct record_step *step, const struct fields *old,
        const struct fields *entries, const struct fields *now, struct buf *out)
{
    size_t begin = out->len, i;

    buf_add_char(out, '{');
    for (i = 0; i < now->count; i++) {
        const struct field *field = &now->list[i];
        const struct field *before = find(old, field);
        const struct field *known = NULL;

        if (out->len - begin + field->name.len + ENTRY_MAX >
            RECORD_FIELDS_BYTES)
            break;
        if (before != NULL && is_same(before, field))
            known = find(entries, field);
        add_entry(step, field, known, out);
    }
    buf_add_char(out, '}');
}

bool
record_fields_add(const struct record_step *step, struct buf *out)
{
    struct fields old, entries, now;

    collect(step->now, &now);
    if (now.count == 0)
        return false;
    collect(step->old, &old);
    collect_entries(step->old_fields, &entries);
    qsort(old.list, old.count, sizeof(old.list[0]), compare);
    qsort(entries.list, entries.count, sizeof(entries.list[0]), compare);
    add_all(step, &old, &entries, &now, out);
    return true;
}
