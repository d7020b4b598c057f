/*
 * wire.c - see wire.h.
 */
#include "wire.h"

#include "number.h"

#include <string.h>

#define BODY_MAX (16u << 20)
#define HEAD_MAX (64u << 10)

/* Takes the next line off *rest; false if it is not whole. */
static bool
next_line(struct slice *rest, struct slice *line)
{
    const char *end = memmem(rest->ptr, rest->len, "\r\n", 2);

    if (end == NULL)
        return false;
    *line = slice_make(rest->ptr, (size_t)(end - rest->ptr));
    rest->ptr = end + 2;
    rest->len -= line->len + 2;
    return true;
}

/* Bytes from the first chunk to the end of the last, 0 if not there yet. */
static size_t
chunked_length(struct slice rest)
{
    const char *start = rest.ptr;
    struct slice line;

    while (next_line(&rest, &line)) {
        uint64_t size = 0;
        size_t i;

        for (i = 0; i < line.len && i < 8; i++) {
            const char *digits = "0123456789abcdef";
            const char *at = strchr(digits, line.ptr[i] | 0x20);

            if (at == NULL)
                break;
            size = size * 16 + (uint64_t)(at - digits);
        }
        if (rest.len < size + 2)
            return 0;
        rest.ptr += size + 2;
        rest.len -= size + 2;
        if (size == 0)
            return (size_t)(rest.ptr - start);
    }
    return 0;
}

static bool
is_header(struct slice line, const char *name, struct slice *value)
{
    size_t len = strlen(name);

    if (line.len <= len || line.ptr[len] != ':' ||
        !slice_is_nocase(slice_make(line.ptr, len), name))
        return false;
    *value = slice_trim(slice_make(line.ptr + len + 1, line.len - len - 1));
    return true;
}

enum wire_state
wire_read(struct slice bytes, struct wire_message *message)
{
    struct wire_message found = {.len = 0};
    struct slice rest = bytes, line, value;
    uint64_t length = 0;
    bool chunked = false;

    if (bytes.len == 0 || memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4) == NULL)
        return bytes.len > HEAD_MAX ? WIRE_WRONG : WIRE_MORE;
    (void)next_line(&rest, &found.line);
    while (next_line(&rest, &line) && line.len > 0) {
        if (is_header(line, "content-length", &value)) {
            if (!number_u64(value, BODY_MAX, &length))
                return WIRE_WRONG;
        } else if (is_header(line, "transfer-encoding", &value)) {
            chunked = true;
        } else if (is_header(line, "connection", &value)) {
            found.close = slice_is_nocase(value, "close");
        }
    }
    if (chunked) {
        length = chunked_length(rest);
        if (length == 0)
            return rest.len > BODY_MAX ? WIRE_WRONG : WIRE_MORE;
    }
    if (rest.len < length)
        return WIRE_MORE;
    found.body = slice_make(rest.ptr, (size_t)length);
    found.len = (size_t)(rest.ptr - bytes.ptr) + (size_t)length;
    *message = found;
    return WIRE_WHOLE;
}

unsigned
wire_status(struct slice line)
{
    uint64_t status;

    if (line.len < 12 || memcmp(line.ptr, "HTTP/1.", 7) != 0 ||
        !number_u64(slice_make(line.ptr + 9, 3), 999, &status))
        return 0;
    return (unsigned)status;
}

struct slice
wire_path(struct slice line)
{
    const char *start = memchr(line.ptr, ' ', line.len);
    size_t rest, len = 0;

    if (start == NULL)
        return SLICE("");
    start++;
    rest = line.len - (size_t)(start - line.ptr);
    while (len < rest && start[len] != ' ' && start[len] != '?')
        len++;
    return slice_make(start, len);
}

bool
wire_number_after(struct slice text, const char *mark, uint64_t *number)
{
    const char *at = memmem(text.ptr, text.len, mark, strlen(mark));
    const char *end = text.ptr + text.len;
    uint64_t value = 0;
    unsigned digits = 0;

    if (at == NULL)
        return false;
    for (at += strlen(mark); at < end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (++digits > 18)
            return false;
    }
    if (digits == 0)
        return false;
    *number = value;
    return true;
}
