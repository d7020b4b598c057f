/*
 * verify_form.c - the pairs of application/x-www-form-urlencoded text.
 */
#include "verify_impl.h"

#include "alloc.h"
#include "encode.h"

#include <stdlib.h>

#define PAIRS_MAX 1024

/* *room moves on. */
static struct slice
decode(struct slice text, char **room)
{
    struct slice decoded = slice_make(*room, decode_form(text, *room));

    *room += decoded.len;
    return decoded;
}

static size_t
count_pairs(struct slice text)
{
    size_t count = 1, i;

    for (i = 0; i < text.len; i++)
        count += text.ptr[i] == '&';
    return count;
}

static struct form_pair
read_pair(struct slice text, char **room)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    size_t len = equals == NULL ? text.len : (size_t)(equals - text.ptr);
    size_t skip = equals == NULL ? len : len + 1;
    struct form_pair pair;

    pair.name = decode(slice_make(text.ptr, len), room);
    pair.value = decode(slice_make(text.ptr + skip, text.len - skip), room);
    return pair;
}

bool
form_read(struct slice text, struct form *form)
{
    size_t max = count_pairs(text);
    char *room;

    if (max > PAIRS_MAX)
        return false;
    form->count = 0;
    form->pairs = xcalloc(max, sizeof(*form->pairs));
    form->room = room = xmalloc(text.len + 1);
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '&', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        size_t taken = end == NULL ? len : len + 1;

        if (len > 0)
            form->pairs[form->count++] =
                read_pair(slice_make(text.ptr, len), &room);
        text = slice_make(text.ptr + taken, text.len - taken);
    }
    return true;
}

static int
compare_bytes(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int
compare_pairs(const void *left, const void *right)
{
    const struct form_pair *a = left, *b = right;
    int order = compare_bytes(a->name, b->name);

    return order != 0 ? order : compare_bytes(a->value, b->value);
}

void
form_sort(struct form *form)
{
    size_t kept = 0, i;

    if (form->count > 1)
        qsort(form->pairs, form->count, sizeof(*form->pairs), compare_pairs);
    for (i = 0; i < form->count; i++)
        if (kept == 0 ||
            compare_pairs(&form->pairs[kept - 1], &form->pairs[i]) != 0)
            form->pairs[kept++] = form->pairs[i];
    form->count = kept;
}

void
form_free(struct form *form)
{
    free(form->pairs);
    free(form->room);
}
