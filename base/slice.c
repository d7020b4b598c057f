/*
 * slice.c - the parts of slice.h that are not one line.
 */
#include "slice.h"

#include "alloc.h"

#include <stdint.h>
#include <stdlib.h>

struct slice
slice_copy(struct slice a)
{
    if (a.ptr == NULL)
        return SLICE_NONE;
    return slice_make(xmemdup(a.ptr, a.len), a.len);
}

void
slice_free(struct slice *a)
{
    free((void *)(uintptr_t)a->ptr); /* const for everybody but its owner */
    *a = SLICE_NONE;
}

char *
slice_text(struct slice a)
{
    return a.ptr == NULL ? NULL : xstrndup(a.ptr, a.len);
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool
slice_is_nocase(struct slice a, const char *text)
{
    size_t i;

    if (a.ptr == NULL || a.len != strlen(text))
        return false;
    for (i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(text[i]))
            return false;
    }
    return true;
}

bool
slice_has_control(struct slice a)
{
    size_t i;

    for (i = 0; i < a.len; i++) {
        unsigned char c = (unsigned char)a.ptr[i];

        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice
slice_trim(struct slice a)
{
    while (a.len > 0 && is_space(a.ptr[0])) {
        a.ptr++;
        a.len--;
    }
    while (a.len > 0 && is_space(a.ptr[a.len - 1]))
        a.len--;
    return a;
}
