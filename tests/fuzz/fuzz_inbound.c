/*
 * fuzz_inbound.c - inbound webhooks, as a source of each provider reads them:
 * what is accepted has a type, JSON to store and comes back from the database
 * as it was; records have a table.
 *
 * Input, in parts: a body, which is also tried as a form; the key columns of
 * the source; its options, one line for each (paths of type, table, record,
 * data and time, rule for repeats, an entry of its lists); what all headers
 * say.
 */
#include "fuzz.h"

#include "alloc.h"
#include "inbound.h"
#include "inbound_dedupe.h"
#include "inbound_path.h"
#include "inbound_time.h"
#include "inbound_watch.h"
#include "json.h"
#include "pattern.h"
#include "provider.h"

#include <stdlib.h>

#define NOW_US INT64_C(1767279600000000)
#define LINES 7

/* The options; texts are owned. */
struct options {
    char *line[LINES];
    char *list[1];
};

static bool
lies_in(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr &&
           part.ptr + part.len <= whole.ptr + whole.len;
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void
check_recalled(const struct source *source, const struct inbound *in,
               struct slice metadata)
{
    struct buf payload = BUF_INIT(in->payload.len);
    struct inbound again;

    json_minify(in->payload, &payload);
    FUZZ_CHECK(buf_ok(&payload));
    FUZZ_CHECK(inbound_recall(source, slice_of(in->type), buf_slice(&payload),
                              metadata, NOW_US + 1, &again));
    FUZZ_CHECK(again.action == in->action);
    FUZZ_CHECK(same(again.type, in->type));
    FUZZ_CHECK(same(again.table, in->table));
    FUZZ_CHECK(same(again.record_id, in->record_id));
    FUZZ_CHECK(same(again.entity, in->entity));
    FUZZ_CHECK(again.version_us == in->version_us);
    if (again.data.ptr != NULL)
        FUZZ_CHECK(lies_in(again.data, again.payload));
    inbound_free(&again);
    buf_free(&payload);
}

static void
check_watched(const struct source *source, const struct inbound *in)
{
    struct inbound_names *names = inbound_names_new();
    const char *reason, *entity = NULL;
    char id[INBOUND_ID_LEN + 1];

    inbound_names_add(names, source->id, slice_of(in->table),
                      slice_of(in->record_id));
    reason = inbound_ignored(source, in, names);
    FUZZ_CHECK(reason == NULL || strstr(reason, "not watched") != NULL ||
               same(reason, "own change"));
    if (inbound_unnamed(source, in, NULL, id, &entity)) {
        FUZZ_CHECK(strlen(id) == INBOUND_ID_LEN);
        FUZZ_CHECK(same(entity, "database") || same(entity, "data_source"));
    }
    inbound_names_free(names);
}

/* JSON, but a name may stand in it twice: it is not the top of the body. */
static void
check_record(struct slice data)
{
    struct buf list = BUF_INIT(data.len + 2);
    struct json_value value;

    buf_add_char(&list, '[');
    buf_add_slice(&list, data);
    buf_add_char(&list, ']');
    FUZZ_CHECK(json_read(buf_slice(&list), &value, NULL));
    FUZZ_CHECK(data.ptr[0] == '{');
    buf_free(&list);
}

static void
check_accepted(const struct source *source, struct slice body,
               const struct inbound *in)
{
    struct buf metadata = BUF_INIT(body.len * 18 + 65536);
    struct json_value value;

    FUZZ_CHECK(pattern_is_type(slice_of(in->type)));
    FUZZ_CHECK(in->record_id[0] != '\0' || in->action == INBOUND_OTHER);
    FUZZ_CHECK(in->record_id[0] == '\0' || in->table[0] != '\0');
    FUZZ_CHECK(json_is_utf8(slice_of(in->table)));
    FUZZ_CHECK(json_is_utf8(slice_of(in->record_id)));
    FUZZ_CHECK(json_is_utf8(slice_of(in->entity)));
    FUZZ_CHECK(in->decoded.data == NULL
                   ? lies_in(in->payload, body)
                   : lies_in(in->payload, buf_slice(&in->decoded)));
    FUZZ_CHECK(json_read(in->payload, &value, NULL));
    if (in->data.ptr != NULL) {
        FUZZ_CHECK(lies_in(in->data, in->payload));
        check_record(in->data);
    }
    if (in->dedupe.ptr != NULL) {
        FUZZ_CHECK(in->dedupe.len > 0);
        FUZZ_CHECK(json_is_utf8(in->dedupe));
    }
    inbound_metadata(source, in, &metadata);
    FUZZ_CHECK(buf_ok(&metadata));
    FUZZ_CHECK(json_read(buf_slice(&metadata), &value, NULL));
    FUZZ_CHECK(value.type == JSON_OBJECT);
    check_recalled(source, in, buf_slice(&metadata));
    check_watched(source, in);
    buf_free(&metadata);
}

static struct slice
any_header(void *arg, const char *name)
{
    (void)name;
    return *(const struct slice *)arg;
}

static void
try_source(const struct source *source, struct slice body, const char *type,
           struct slice header)
{
    const struct inbound_request request = {
        .body = body,
        .content_type = slice_of(type),
        .header = header.len == 0 ? NULL : any_header,
        .arg = &header,
        .now_us = NOW_US,
    };
    struct problems problems = {.count = 0};
    struct buf text = BUF_INIT(1 << 20);
    char received[65] = "untouched";
    struct json_value value;
    struct inbound in;
    enum inbound_result result =
        inbound_read(source, &request, &in, &problems, received);

    FUZZ_CHECK((result == INBOUND_INVALID) == (problems.count > 0));
    if (result == INBOUND_OK)
        check_accepted(source, body, &in);
    if (result == INBOUND_WRONG_SOURCE)
        FUZZ_CHECK(json_is_utf8(slice_of(received)));
    problem_print(&problems, &text);
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    buf_free(&text);
    inbound_free(&in);
}

/* They are text that a JSON string could hold. */
static void
read_options(struct slice part, struct options *options)
{
    size_t i;

    for (i = 0; i < LINES; i++) {
        const char *end =
            part.len == 0 ? NULL : memchr(part.ptr, '\n', part.len);
        struct slice line = part;

        if (end != NULL)
            line.len = (size_t)(end - part.ptr);
        part = slice_make(line.ptr + line.len + (end == NULL ? 0 : 1),
                          part.len - line.len - (end == NULL ? 0 : 1));
        options->line[i] = line.len > 0 && json_is_utf8(line) &&
                                   memchr(line.ptr, '\0', line.len) == NULL
                               ? slice_text(line)
                               : NULL;
    }
    options->list[0] = options->line[LINES - 1];
}

static void
use_options(struct options *options, struct source *source)
{
    const struct source_texts list = {options->list,
                                      options->list[0] == NULL ? 0 : 1};

    source->options.type_path = options->line[0];
    source->options.table_path = options->line[1];
    source->options.record_path = options->line[2];
    source->options.data_path = options->line[3];
    source->options.time_path = options->line[4];
    source->options.dedupe = options->line[5];
    source->options.watch = list;
    source->options.watch_types = list;
    source->options.ignore_authors = list;
}

/* Texts by themselves. */
static void
try_texts(const struct options *options)
{
    int64_t time_us = 0;
    size_t i;

    for (i = 0; i < LINES; i++) {
        struct slice line = slice_of(options->line[i]);

        if (line.ptr == NULL)
            continue;
        if (inbound_time(line, &time_us))
            FUZZ_CHECK(time_us >= 0);
        (void)inbound_path_problem(line);
        (void)inbound_dedupe_problem(line);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice body = fuzz_part(&input), keys = fuzz_part(&input),
                 lines = fuzz_part(&input), header = fuzz_part(&input);
    struct options options;
    struct json_value value;
    unsigned i;

    read_options(lines, &options);
    try_texts(&options);
    for (i = 0; provider_at(i) != NULL; i++) {
        char name[64];
        struct source source = {.id = 1, .name = name, .provider = name};

        (void)snprintf(name, sizeof(name), "%s", provider_at(i)->name);
        /* They come from a column that holds valid JSON or nothing. */
        if (json_read(keys, &value, NULL))
            source.key_columns = keys;
        try_source(&source, body, NULL, SLICE_NONE);
        use_options(&options, &source);
        try_source(&source, body, NULL, header);
        try_source(&source, body, "application/x-www-form-urlencoded", header);
    }
    for (i = 0; i < LINES; i++)
        free(options.line[i]);
    return 0;
}
