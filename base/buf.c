/*
 * buf.c - a growing byte buffer that cannot grow past its bound; see buf.h.
 */
#include "buf.h"

#include "alloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_CAP 64 /* bytes of the first allocation */

void
buf_init(struct buf *buf, size_t max)
{
    *buf = BUF_INIT(max);
}

void
buf_free(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->max);
}

void
buf_wipe(struct buf *buf)
{
    if (buf->data != NULL)
        explicit_bzero(buf->data, buf->cap);
    buf_free(buf);
}

void
buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Doubles, so that n additions cost O(n), but never allocates past max. */
static void
grow(struct buf *buf, size_t need)
{
    size_t cap = buf->cap == 0 ? BUF_FIRST_CAP : buf->cap;

    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (buf->max < SIZE_MAX && cap > buf->max + 1)
        cap = buf->max + 1;
    buf->data = xrealloc(buf->data, cap);
    buf->cap = cap;
    buf->data[buf->len] = '\0';
}

char *
buf_reserve(struct buf *buf, size_t len)
{
    /* The second half keeps len + NUL representable when max is SIZE_MAX. */
    if (buf->overflow || buf->len > buf->max || len > buf->max - buf->len ||
        len >= SIZE_MAX - buf->len) {
        buf->overflow = true;
        return NULL;
    }
    if (buf->data == NULL || len >= buf->cap - buf->len)
        grow(buf, buf->len + len + 1);
    return buf->data + buf->len;
}

void
buf_advance(struct buf *buf, size_t len)
{
    assert(buf->data != NULL && len < buf->cap - buf->len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void
buf_add(struct buf *buf, const void *src, size_t len)
{
    char *room = buf_reserve(buf, len);

    if (room == NULL)
        return;
    if (len > 0)
        memcpy(room, src, len);
    buf_advance(buf, len);
}

void
buf_add_slice(struct buf *buf, struct slice src)
{
    buf_add(buf, src.ptr, src.len);
}

void
buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void
buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void
buf_add_u64(struct buf *buf, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_add(buf, digits + at, sizeof(digits) - at);
}

void
buf_add_i64(struct buf *buf, int64_t n)
{
    char text[21];
    size_t at = sizeof(text);
    uint64_t left = n < 0 ? ~(uint64_t)n + 1 : (uint64_t)n;

    do {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (n < 0)
        text[--at] = '-';
    buf_add(buf, text + at, sizeof(text) - at);
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vaddf(buf, format, args);
    va_end(args);
}

void
buf_vaddf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    size_t room = buf->data == NULL ? 0 : buf->cap - buf->len;
    int wrote;

    if (buf->overflow)
        return;
    va_copy(again, args);
    wrote =
        vsnprintf(room == 0 ? NULL : buf->data + buf->len, room, format, args);
    if (wrote < 0) {
        buf->overflow = true;
    } else if ((size_t)wrote < room) {
        buf_advance(buf, (size_t)wrote);
    } else {
        char *to = buf_reserve(buf, (size_t)wrote);

        if (to != NULL) {
            (void)vsnprintf(to, (size_t)wrote + 1, format, again);
            buf_advance(buf, (size_t)wrote);
        }
    }
    if (buf->data != NULL)
        buf->data[buf->len] = '\0';
    va_end(again);
}

char *
buf_take(struct buf *buf)
{
    char *text = buf->data == NULL ? xstrdup("") : buf->data;

    buf_init(buf, buf->max);
    return text;
}
