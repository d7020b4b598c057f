/*
 * member_path.c - see member_path.h.
 */
#include "member_path.h"

#include "json_compare.h"

#define DEPTH_MAX 8 /* parts of a path that are looked for */

/* Of a name that stands twice the last member counts, as in filters. */
static bool
find_member(struct slice object, struct slice name, struct json_value *value)
{
    struct json_member member;
    bool found = false;
    size_t at = 0;

    if (object.len == 0 || object.ptr[0] != '{')
        return false;
    while (json_next(object, &at, &member)) {
        const struct slice quoted =
            slice_make(member.name.ptr - 1, member.name.len + 2);

        if (json_compare_text(quoted, name) != 0)
            continue;
        *value = member.value;
        found = true;
    }
    return found;
}

static bool
find(struct slice object, struct slice path, unsigned depth,
     struct json_value *value)
{
    struct json_value inner;
    size_t i;

    if (find_member(object, path, value))
        return true;
    if (depth == DEPTH_MAX)
        return false;
    for (i = 1; i + 1 < path.len; i++) {
        if (path.ptr[i] == '.' &&
            find_member(object, slice_make(path.ptr, i), &inner) &&
            find(inner.text, slice_make(path.ptr + i + 1, path.len - i - 1),
                 depth + 1, value))
            return true;
    }
    return false;
}

bool
member_path_find(struct slice record, struct slice path,
                 struct json_value *value)
{
    return find(record, path, 0, value);
}
