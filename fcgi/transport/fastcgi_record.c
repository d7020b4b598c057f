/*
 * fastcgi_record.c - the FastCGI wire; see fastcgi_record.h.
 */
#include "fastcgi_record.h"

#include "fastcgi_params.h"

#include <assert.h>
#include <stdio.h>

#define VERSION 1
#define KEEP_CONN 1 /* flag of FCGI_BEGIN_REQUEST */
#define BEGIN_BYTES 8
#define CONTENT_MAX ((size_t)65535)
#define VALUES_MAX 512 /* bytes of an answer to FCGI_GET_VALUES */

/* Types of records. */
enum {
    BEGIN_REQUEST = 1,
    ABORT_REQUEST = 2,
    END_REQUEST = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
    GET_VALUES = 9,
    GET_VALUES_RESULT = 10,
    UNKNOWN_TYPE = 11
};

static enum fastcgi_kind
kind_of(uint8_t type)
{
    switch (type) {
    case BEGIN_REQUEST:
        return FASTCGI_BEGIN;
    case ABORT_REQUEST:
        return FASTCGI_ABORT;
    case PARAMS:
        return FASTCGI_PARAMS;
    case STDIN:
        return FASTCGI_STDIN;
    case GET_VALUES:
        return FASTCGI_GET_VALUES;
    default:
        return FASTCGI_UNKNOWN;
    }
}

static unsigned
number16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* The first `most` bytes of the input. */
static struct slice
take(struct slice *input, size_t most)
{
    struct slice piece =
        slice_make(input->ptr, input->len < most ? input->len : most);

    input->ptr += piece.len;
    input->len -= piece.len;
    return piece;
}

static bool
is_stream(enum fastcgi_kind kind)
{
    return kind == FASTCGI_PARAMS || kind == FASTCGI_STDIN;
}

/* Content that means something only as a whole. */
static bool
is_kept(enum fastcgi_kind kind)
{
    return kind == FASTCGI_BEGIN || kind == FASTCGI_GET_VALUES;
}

static bool
break_off(struct fastcgi_reader *reader, struct fastcgi_event *event)
{
    reader->broken = true;
    event->kind = FASTCGI_BROKEN;
    event->data = SLICE_NONE;
    return true;
}

/* What was kept is complete. True: *event is one. */
static bool
end_kept(struct fastcgi_reader *reader, struct fastcgi_event *event)
{
    event->data = slice_make(reader->kept, reader->kept_len);
    if (event->kind == FASTCGI_GET_VALUES)
        return true;
    if (reader->kept_len < BEGIN_BYTES || event->id == 0)
        return break_off(reader, event);
    event->role = (uint16_t)number16(reader->kept);
    event->keep = (reader->kept[2] & KEEP_CONN) != 0;
    return true;
}

/* The header is complete. True: that is an event already. */
static bool
open_record(struct fastcgi_reader *reader, struct fastcgi_event *event)
{
    if (reader->header[0] != VERSION)
        return break_off(reader, event);
    reader->content_left = number16(reader->header + 4);
    reader->padding_left = reader->header[6];
    reader->kept_len = 0;
    if (is_kept(event->kind))
        return reader->content_left == 0 && end_kept(reader, event);
    if (is_stream(event->kind)) {
        event->data = slice_make("", 0);
        return reader->content_left == 0;
    }
    return true;
}

static bool
read_content(struct fastcgi_reader *reader, struct slice *input,
             struct fastcgi_event *event)
{
    struct slice piece = take(input, reader->content_left);
    size_t room = sizeof(reader->kept) - reader->kept_len;

    reader->content_left -= piece.len;
    if (is_stream(event->kind)) {
        event->data = piece;
        return piece.len > 0;
    }
    if (!is_kept(event->kind))
        return false;
    if (piece.len < room)
        room = piece.len;
    memcpy(reader->kept + reader->kept_len, piece.ptr, room);
    reader->kept_len += room;
    return reader->content_left == 0 && end_kept(reader, event);
}

/* True: *event is one. False: go on, there is input left or there is none. */
static bool
read_some(struct fastcgi_reader *reader, struct slice *input,
          struct fastcgi_event *event)
{
    struct slice piece;

    if (reader->header_len == sizeof(reader->header)) {
        event->type = reader->header[1];
        event->kind = kind_of(event->type);
        event->id = (uint16_t)number16(reader->header + 2);
        if (reader->content_left > 0)
            return read_content(reader, input, event);
        reader->padding_left -= take(input, reader->padding_left).len;
        if (reader->padding_left > 0)
            return false;
        reader->header_len = 0;
    }
    piece = take(input, sizeof(reader->header) - reader->header_len);
    memcpy(reader->header + reader->header_len, piece.ptr, piece.len);
    reader->header_len += piece.len;
    if (reader->header_len < sizeof(reader->header))
        return false;
    event->type = reader->header[1];
    event->kind = kind_of(event->type);
    event->id = (uint16_t)number16(reader->header + 2);
    return open_record(reader, event);
}

void
fastcgi_read(struct fastcgi_reader *reader, struct slice *input,
             struct fastcgi_event *event)
{
    *event = (struct fastcgi_event){.kind = FASTCGI_MORE};
    if (reader->broken) {
        event->kind = FASTCGI_BROKEN;
        return;
    }
    while (input->len > 0) {
        if (read_some(reader, input, event))
            return;
    }
    *event = (struct fastcgi_event){.kind = FASTCGI_MORE};
}

bool
fastcgi_reader_is_between(const struct fastcgi_reader *reader)
{
    return reader->header_len == 0 ||
           (reader->header_len == sizeof(reader->header) &&
            reader->content_left == 0 && reader->padding_left == 0);
}

static void
put_header(uint8_t *at, uint8_t type, uint16_t id, size_t content)
{
    assert(content <= CONTENT_MAX);
    at[0] = VERSION;
    at[1] = type;
    at[2] = (uint8_t)(id >> 8);
    at[3] = (uint8_t)id;
    at[4] = (uint8_t)(content >> 8);
    at[5] = (uint8_t)content;
    at[6] = 0;
    at[7] = 0;
}

static void
add_record(struct buf *out, uint8_t type, uint16_t id, struct slice content)
{
    uint8_t header[FASTCGI_HEADER_BYTES];

    put_header(header, type, id, content.len);
    buf_add(out, header, sizeof(header));
    buf_add_slice(out, content);
}

void
fastcgi_add_end(struct buf *out, uint16_t id, enum fastcgi_end end)
{
    /* appStatus in four bytes, protocolStatus, three reserved */
    const char content[8] = {0, 0, 0, 0, (char)end, 0, 0, 0};

    add_record(out, END_REQUEST, id, slice_make(content, sizeof(content)));
}

void
fastcgi_add_stdout(struct buf *out, uint16_t id, struct slice data)
{
    size_t records = data.len / CONTENT_MAX + 1;

    if (data.len > 0)
        (void)buf_reserve(out, data.len + records * FASTCGI_HEADER_BYTES);
    while (data.len > 0)
        add_record(out, STDOUT, id, take(&data, CONTENT_MAX));
}

size_t
fastcgi_begin_stdout(struct buf *out)
{
    static const char room[FASTCGI_HEADER_BYTES];

    buf_add(out, room, sizeof(room));
    return out->len - sizeof(room);
}

size_t
fastcgi_stdout_room(const struct buf *out, size_t begun)
{
    return begun + FASTCGI_HEADER_BYTES + CONTENT_MAX - out->len;
}

void
fastcgi_end_stdout(struct buf *out, uint16_t id, size_t begun)
{
    size_t len = out->len - begun - FASTCGI_HEADER_BYTES;

    assert(buf_ok(out));
    if (len == 0)
        out->len = begun;
    else
        put_header((uint8_t *)out->data + begun, STDOUT, id, len);
}

void
fastcgi_add_nothing(struct buf *out)
{
    add_record(out, GET_VALUES_RESULT, 0, slice_make("", 0));
}

void
fastcgi_add_unknown_type(struct buf *out, uint8_t type)
{
    const char content[8] = {(char)type, 0, 0, 0, 0, 0, 0, 0};

    add_record(out, UNKNOWN_TYPE, 0, slice_make(content, sizeof(content)));
}

/* One pair whose lengths fit into a byte each. */
static void
add_value(struct buf *out, struct slice name, const char *value)
{
    size_t len = strlen(value);

    buf_add_char(out, (char)name.len);
    buf_add_char(out, (char)len);
    buf_add_slice(out, name);
    buf_add(out, value, len);
}

void
fastcgi_add_values(struct buf *out, struct slice names, unsigned connections)
{
    struct buf values = BUF_INIT(VALUES_MAX);
    struct fastcgi_pair pair;
    char number[16];

    (void)snprintf(number, sizeof(number), "%u", connections);
    while (fastcgi_next_pair(&names, &pair)) {
        if (slice_is(pair.name, "FCGI_MAX_CONNS") ||
            slice_is(pair.name, "FCGI_MAX_REQS"))
            add_value(&values, pair.name, number);
        else if (slice_is(pair.name, "FCGI_MPXS_CONNS"))
            add_value(&values, pair.name, "0");
    }
    add_record(out, GET_VALUES_RESULT, 0, buf_slice(&values));
    buf_free(&values);
}
