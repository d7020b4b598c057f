/*
 * fuzz_inbound.c - bodies of inbound webhooks, as each source reads them: what
 * is accepted has a type, a record and JSON to store.
 *
 * Input: a body, a border, the key columns of the source.
 */
#include "fuzz.h"

#include "inbound.h"
#include "json.h"
#include "pattern.h"

#define NOW_US INT64_C(1767279600000000)

static bool
lies_in(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr &&
           part.ptr + part.len <= whole.ptr + whole.len;
}

static void
check_accepted(const struct source *source, struct slice body,
               const struct inbound *in)
{
    struct buf metadata = BUF_INIT(body.len * 6 + 8192);
    struct json_value value;

    FUZZ_CHECK(pattern_is_type(slice_of(in->type)));
    FUZZ_CHECK(in->table[0] != '\0');
    FUZZ_CHECK(in->record_id[0] != '\0' || in->action != INBOUND_DELETE);
    FUZZ_CHECK(json_is_utf8(slice_of(in->table)));
    FUZZ_CHECK(json_is_utf8(slice_of(in->record_id)));
    if (in->data.ptr != NULL) {
        FUZZ_CHECK(lies_in(in->data, body));
        FUZZ_CHECK(json_read(in->data, &value, NULL));
    }
    inbound_metadata(source, in, &metadata);
    FUZZ_CHECK(buf_ok(&metadata));
    FUZZ_CHECK(json_read(buf_slice(&metadata), &value, NULL));
    FUZZ_CHECK(value.type == JSON_OBJECT);
    buf_free(&metadata);
}

static void
try_source(const struct source *source, struct slice body)
{
    struct problems problems = {.count = 0};
    struct buf text = BUF_INIT(1 << 20);
    char received[65] = "untouched";
    struct json_value value;
    struct inbound in;
    enum inbound_result result =
        inbound_read(source, body, NOW_US, &in, &problems, received);

    FUZZ_CHECK((result == INBOUND_INVALID) == (problems.count > 0));
    if (result == INBOUND_OK)
        check_accepted(source, body, &in);
    if (result == INBOUND_WRONG_SOURCE)
        FUZZ_CHECK(json_is_utf8(slice_of(received)));
    problem_print(&problems, &text);
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char supabase[] = "supabase", notion[] = "notion", shop[] = "my shop";
    struct slice input = slice_make(data, size);
    struct slice body = fuzz_part(&input), keys = fuzz_part(&input);
    struct source source = {.name = supabase, .provider = supabase};
    struct json_value value;

    try_source(&source, body);
    /* They come from a column that holds valid JSON or nothing. */
    if (json_read(keys, &value, NULL)) {
        source.name = shop;
        source.key_columns = keys;
        try_source(&source, body);
    }
    source = (struct source){.name = notion, .provider = notion};
    try_source(&source, body);
    return 0;
}
