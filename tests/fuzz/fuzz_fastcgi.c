/*
 * fuzz_fastcgi.c - FastCGI records: the same bytes give the same events however
 * they are cut on their way, and streams come out whole.
 *
 * Input: two bytes that say where to cut, then what the web server sends.
 */
#include "fuzz.h"

#include "buf.h"
#include "fastcgi_record.h"

#define LOG_MAX ((size_t)1 << 22)

/* Events in writing; the pieces of a stream are put together. */
struct journal {
    struct buf text;
    struct buf stream;
    struct fastcgi_event last;
};

static void
end_stream(struct journal *journal)
{
    if (journal->stream.len == 0)
        return;
    buf_addf(&journal->text, "%d %u stream ", (int)journal->last.kind,
             journal->last.id);
    buf_add_slice(&journal->text, buf_slice(&journal->stream));
    buf_add_char(&journal->text, '\n');
    buf_clear(&journal->stream);
}

static void
note(struct journal *journal, const struct fastcgi_event *event)
{
    bool stream = event->kind == FASTCGI_PARAMS || event->kind == FASTCGI_STDIN;

    if (!stream || event->data.len == 0 || event->kind != journal->last.kind ||
        event->id != journal->last.id)
        end_stream(journal);
    journal->last = *event;
    if (stream && event->data.len > 0) {
        buf_add_slice(&journal->stream, event->data);
        return;
    }
    buf_addf(&journal->text, "%d %u %u %d ", (int)event->kind, event->id,
             event->role, event->keep);
    if (!stream && event->data.len > 0)
        buf_add_slice(&journal->text, event->data);
    buf_add_char(&journal->text, '\n');
}

/* What would be answered must be records, too. */
static void
check_answer(const struct fastcgi_event *event)
{
    struct buf out = BUF_INIT(4096);
    struct fastcgi_reader reader = FASTCGI_READER_INIT;
    struct fastcgi_event read;
    struct slice input;

    if (event->kind == FASTCGI_GET_VALUES)
        fastcgi_add_values(&out, event->data, 64);
    else if (event->kind == FASTCGI_UNKNOWN)
        fastcgi_add_unknown_type(&out, event->type);
    else if (event->kind == FASTCGI_BEGIN)
        fastcgi_add_end(&out, event->id, FASTCGI_COMPLETE);
    FUZZ_CHECK(buf_ok(&out));
    input = buf_slice(&out);
    if (input.len > 0) {
        fastcgi_read(&reader, &input, &read);
        FUZZ_CHECK(read.kind == FASTCGI_UNKNOWN);
        fastcgi_read(&reader, &input, &read);
        FUZZ_CHECK(read.kind == FASTCGI_MORE);
        FUZZ_CHECK(fastcgi_reader_is_between(&reader));
    }
    buf_free(&out);
}

/* Reads everything in chunks of at most `most` bytes, whose sizes follow from
   a seed, or (0) in one piece. True if the input ended between two records. */
static bool
read_all(struct slice input, size_t most, uint32_t seed,
         struct journal *journal)
{
    struct fastcgi_reader reader = FASTCGI_READER_INIT;
    struct fastcgi_event event = {.kind = FASTCGI_MORE};

    *journal = (struct journal){BUF_INIT(LOG_MAX), BUF_INIT(LOG_MAX), event};
    while (input.len > 0 && event.kind != FASTCGI_BROKEN) {
        struct slice chunk;
        size_t len;

        seed = seed * 1664525u + 1013904223u;
        len = most == 0 ? input.len : 1 + (seed >> 16) % most;
        chunk = slice_make(input.ptr, len < input.len ? len : input.len);
        input = slice_make(input.ptr + chunk.len, input.len - chunk.len);
        do {
            size_t before = chunk.len;

            fastcgi_read(&reader, &chunk, &event);
            FUZZ_CHECK(chunk.len <= before);
            FUZZ_CHECK(chunk.len < before || event.kind == FASTCGI_MORE ||
                       event.kind == FASTCGI_BROKEN);
            if (event.kind == FASTCGI_MORE)
                break;
            note(journal, &event);
            check_answer(&event);
        } while (event.kind != FASTCGI_BROKEN);
        if (event.kind == FASTCGI_MORE)
            FUZZ_CHECK(chunk.len == 0);
    }
    end_stream(journal);
    FUZZ_CHECK(buf_ok(&journal->text) && buf_ok(&journal->stream));
    return fastcgi_reader_is_between(&reader);
}

static void
free_journal(struct journal *journal)
{
    buf_free(&journal->text);
    buf_free(&journal->stream);
}

/* A body of any length comes back from the records that carry it. */
static void
check_stdout(struct slice body, uint16_t id)
{
    struct buf direct = BUF_INIT(2 * body.len + 64);
    struct buf written = BUF_INIT(2 * body.len + 64);
    struct slice rest = body;
    size_t begun;

    fastcgi_add_stdout(&direct, id, body);
    do {
        size_t room;

        begun = fastcgi_begin_stdout(&written);
        room = fastcgi_stdout_room(&written, begun);
        if (room > rest.len)
            room = rest.len;
        buf_add(&written, rest.ptr, room);
        fastcgi_end_stdout(&written, id, begun);
        rest = slice_make(rest.ptr + room, rest.len - room);
    } while (rest.len > 0);
    FUZZ_CHECK(slice_equal(buf_slice(&direct), buf_slice(&written)));
    buf_free(&direct);
    buf_free(&written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal whole, cut;
    struct slice input;
    bool between;

    if (size < 2)
        return 0;
    input = slice_make(data + 2, size - 2);
    between = read_all(input, 0, 0, &whole);
    FUZZ_CHECK(read_all(input, 1 + data[0], data[1], &cut) == between);
    FUZZ_CHECK(slice_equal(buf_slice(&whole.text), buf_slice(&cut.text)));
    free_journal(&cut);
    FUZZ_CHECK(read_all(input, 1, 0, &cut) == between);
    FUZZ_CHECK(slice_equal(buf_slice(&whole.text), buf_slice(&cut.text)));
    free_journal(&cut);
    free_journal(&whole);
    check_stdout(input, (uint16_t)(data[0] + 1));
    return 0;
}
