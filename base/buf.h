/*
 * buf.h - a growing byte buffer that cannot grow past its bound.
 *
 * Adding past `max` adds nothing, sets `overflow` and leaves what was there;
 * later additions are refused too, so a caller may add many pieces and check
 * buf_ok() once. data is always NUL-terminated (the NUL is not counted).
 */
#ifndef BUF_H
#define BUF_H

#include "slice.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;    /* len bytes and a NUL; NULL until something is added */
    size_t len;    /* bytes */
    size_t cap;    /* bytes allocated */
    size_t max;    /* bytes that len may reach */
    bool overflow; /* an addition was refused */
};

#define BUF_INIT(max_bytes) ((struct buf){NULL, 0, 0, (max_bytes), false})

void buf_init(struct buf *buf, size_t max);
void buf_free(struct buf *buf);  /* leaves an empty, usable buffer */
void buf_wipe(struct buf *buf);  /* buf_free(), the memory overwritten first:
                                    for secrets. Pieces that growing has left
                                    behind are not found. */
void buf_clear(struct buf *buf); /* len 0, no overflow; keeps the memory */
void buf_add(struct buf *buf, const void *src, size_t len);
void buf_add_slice(struct buf *buf, struct slice src);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_u64(struct buf *buf, uint64_t n);
void buf_add_i64(struct buf *buf, int64_t n);
void buf_addf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Room for at least `len` more bytes, or NULL when that would pass max. The
   caller writes into it and then says buf_advance(). */
char *buf_reserve(struct buf *buf, size_t len);
void buf_advance(struct buf *buf, size_t len);

/* The content as a NUL-terminated string that the caller frees; the buffer is
   empty afterwards. */
char *buf_take(struct buf *buf);

static inline bool
buf_ok(const struct buf *buf)
{
    return !buf->overflow;
}

static inline struct slice
buf_slice(const struct buf *buf)
{
    return (struct slice){buf->data == NULL ? "" : buf->data, buf->len};
}

#endif /* BUF_H */
