/*
 * catalog_json.c - reads the JSON that configuration rows hold.
 */
#include "catalog_impl.h"

#include "alloc.h"

char *
catalog_json_string(struct slice quoted)
{
    struct buf text = BUF_INIT(quoted.len);

    json_decode_string(quoted, &text);
    return buf_take(&text);
}

struct slice
catalog_json_container(struct slice cell, enum json_kind kind)
{
    struct json_value value;

    if (cell.ptr == NULL || !json_read(cell, &value, NULL) ||
        value.type != kind)
        return SLICE_NONE;
    return value.text;
}

size_t
catalog_json_count(struct slice container)
{
    struct json_member member;
    size_t at = 0, count = 0;

    while (json_next(container, &at, &member))
        count++;
    return count;
}

char **
catalog_json_strings(struct slice cell, size_t *count)
{
    struct slice array = catalog_json_container(cell, JSON_ARRAY);
    struct json_member member;
    size_t at = 0;
    char **list;

    *count = 0;
    if (array.ptr == NULL)
        return NULL;
    list = xcalloc(catalog_json_count(array), sizeof(*list));
    while (json_next(array, &at, &member))
        if (member.value.type == JSON_STRING)
            list[(*count)++] = catalog_json_string(member.value.text);
    return list;
}
