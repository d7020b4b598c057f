/*
 * slice.h - a read-only piece of somebody else's memory.
 *
 * A slice owns nothing (but for what slice_copy() gives) and is not
 * NUL-terminated; it is valid as long as the memory it points into. Bytes may be anything, NUL included.
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *ptr; /* NULL means absent, which is not the same as empty */
    size_t len;      /* bytes */
};

#define SLICE_NONE ((struct slice){NULL, 0})
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

static inline struct slice
slice_of(const char *text)
{
    return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

static inline struct slice
slice_make(const void *ptr, size_t len)
{
    return (struct slice){ptr, len};
}

static inline bool
slice_is(struct slice a, const char *text)
{
    size_t len = strlen(text);

    return a.ptr != NULL && a.len == len && memcmp(a.ptr, text, len) == 0;
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII letter case does not matter; other bytes are compared as they are. */
bool slice_is_nocase(struct slice a, const char *text);

/* A copy that owns its bytes, absent for absent; slice_free() it. */
struct slice slice_copy(struct slice a);
void slice_free(struct slice *a); /* leaves it absent */

/* The bytes as NUL-terminated text that the caller frees; NULL for absent. */
char *slice_text(struct slice a);

/* A byte below 0x20, or 0x7f. */
bool slice_has_control(struct slice a);

/* `a` without the white space (space, tab, CR, LF) around it. */
struct slice slice_trim(struct slice a);

#endif /* SLICE_H */
