/*
 * cache_key.c - see cache_key.h.
 */
#include "cache_key.h"

#include "member_path.h"

#include <string.h>

#define RECORD "record."
#define TEMPLATE_MAX 512 /* bytes */

static const char *
fill_member(const struct cache_key_values *values, struct slice path,
            struct buf *out)
{
    struct json_value value;

    if (!member_path_find(values->record, path, &value))
        return "the record has no such member";
    switch (value.type) {
    case JSON_STRING:
        json_decode_string(value.text, out);
        return NULL;
    case JSON_NUMBER:
    case JSON_BOOL:
        buf_add_slice(out, value.text);
        return NULL;
    default:
        return "the member is no text, number or boolean";
    }
}

/* What stands between the braces. values NULL: only is it right? */
static const char *
fill(struct slice name, const struct cache_key_values *values, struct buf *out)
{
    static const size_t prefix = sizeof(RECORD) - 1;

    if (name.len > prefix && memcmp(name.ptr, RECORD, prefix) == 0)
        return values == NULL
                   ? NULL
                   : fill_member(
                         values,
                         slice_make(name.ptr + prefix, name.len - prefix), out);
    if (!slice_is(name, "source") && !slice_is(name, "table") &&
        !slice_is(name, "id"))
        return "only {source}, {table}, {id} and {record.MEMBER} are known";
    if (values != NULL)
        buf_add_slice(out, name.ptr[0] == 's'   ? values->source
                           : name.ptr[0] == 't' ? values->table
                                                : values->id);
    return NULL;
}

/* NULL: everything was filled in. */
static const char *
walk(const char *template, const struct cache_key_values *values,
     struct buf *out)
{
    const char *at = template, *end, *fault;

    while (*at != '\0') {
        if (at[0] != '{' || at[1] == '{') {
            buf_add_char(out, *at);
            at += at[0] == '{' ? 2 : 1;
            continue;
        }
        end = strchr(at, '}');
        if (end == NULL)
            return "'{' without '}'; a brace itself is written '{{'";
        fault = fill(slice_make(at + 1, (size_t)(end - at) - 1), values, out);
        if (fault != NULL)
            return fault;
        at = end + 1;
    }
    return NULL;
}

bool
cache_key_add(const char *template, const struct cache_key_values *values,
              struct buf *out)
{
    struct buf key = BUF_INIT(CACHE_KEY_MAX);
    bool filled = walk(template, values, &key) == NULL && buf_ok(&key);

    if (filled)
        buf_add_slice(out, buf_slice(&key));
    buf_free(&key);
    return filled;
}

const char *
cache_key_fault(const char *template)
{
    struct buf nothing = BUF_INIT(CACHE_KEY_MAX);
    const char *fault;

    if (template[0] == '\0')
        return "empty";
    if (strlen(template) > TEMPLATE_MAX)
        return "longer than 512 bytes";
    fault = walk(template, NULL, &nothing);
    buf_free(&nothing);
    return fault;
}
