/*
 * fastcgi_bytes.h - what a web server sends and expects, byte by byte, made
 * without the code under test.
 */
#ifndef FASTCGI_BYTES_H
#define FASTCGI_BYTES_H

#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    BEGIN = 1,
    ABORT = 2,
    END = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
    DATA = 8,
    GET_VALUES = 9,
    GET_VALUES_RESULT = 10,
    UNKNOWN_TYPE = 11
};

static inline void
put_record(struct buf *out, unsigned type, unsigned id, const char *content,
           size_t len, unsigned padding)
{
    unsigned i;

    buf_add_char(out, 1);
    buf_add_char(out, (char)type);
    buf_add_char(out, (char)(id >> 8));
    buf_add_char(out, (char)id);
    buf_add_char(out, (char)(len >> 8));
    buf_add_char(out, (char)len);
    buf_add_char(out, (char)padding);
    buf_add_char(out, 0);
    buf_add(out, content, len);
    for (i = 0; i < padding; i++)
        buf_add_char(out, 'p');
}

static inline void
put_begin(struct buf *out, unsigned id, unsigned role, bool keep)
{
    const char content[8] = {0, (char)role, (char)keep, 0, 0, 0, 0, 0};

    put_record(out, BEGIN, id, content, sizeof(content), 0);
}

static inline void
put_length(struct buf *out, size_t len, bool wide)
{
    if (wide) {
        buf_add_char(out, (char)(0x80u | len >> 24));
        buf_add_char(out, (char)(len >> 16));
        buf_add_char(out, (char)(len >> 8));
    }
    buf_add_char(out, (char)len);
}

static inline void
put_pair(struct buf *out, const char *name, const char *value)
{
    put_length(out, strlen(name), strlen(name) > 127);
    put_length(out, strlen(value), strlen(value) > 127);
    buf_add_text(out, name);
    buf_add_text(out, value);
}

static inline void
put_stream(struct buf *out, unsigned type, unsigned id, struct slice data,
           size_t piece, unsigned padding)
{
    while (data.len > 0) {
        size_t len = data.len < piece ? data.len : piece;

        put_record(out, type, id, data.ptr, len, padding);
        data.ptr += len;
        data.len -= len;
    }
    put_record(out, type, id, "", 0, 0);
}

/* A whole POST of that body to that path. */
static inline void
put_post(struct buf *out, unsigned id, bool keep, const char *path,
         struct slice body)
{
    struct buf pairs = BUF_INIT(65535);
    char length[32];

    snprintf(length, sizeof(length), "%zu", body.len);
    put_pair(&pairs, "REQUEST_METHOD", "POST");
    put_pair(&pairs, "REQUEST_URI", path);
    put_pair(&pairs, "CONTENT_LENGTH", length);
    put_begin(out, id, 1, keep);
    put_stream(out, PARAMS, id, buf_slice(&pairs), 65535, 0);
    put_stream(out, STDIN, id, body, 65535, 0);
    buf_free(&pairs);
}

/* An answer of that content. */
static inline void
put_answer(struct buf *out, unsigned id, const char *content)
{
    const char end[8] = {0};

    put_record(out, STDOUT, id, content, strlen(content), 0);
    put_record(out, END, id, end, sizeof(end), 0);
}

/* Says where two byte strings differ. */
static inline bool
same_bytes(const char *claim, struct slice got, struct slice want)
{
    size_t i = 0;

    if (slice_equal(got, want))
        return true;
    while (i < got.len && i < want.len && got.ptr[i] == want.ptr[i])
        i++;
    fprintf(stderr, "\n%s: %zu bytes, want %zu; they differ at %zu\n", claim,
            got.len, want.len, i);
    return false;
}

#endif /* FASTCGI_BYTES_H */
