/*
 * fuzz_text.c - small texts from outside: times, numbers, ids, names of event
 * types. What is read reads the same when it is written again.
 */
#include "fuzz.h"

#include "clock.h"
#include "encode.h"
#include "id.h"
#include "json.h"
#include "number.h"
#include "pattern.h"

static void
check_time(struct slice text)
{
    char written[CLOCK_TEXT_MAX];
    int64_t wall_us, again;

    if (!clock_parse(text, &wall_us))
        return;
    clock_format_rfc3339(wall_us, written);
    FUZZ_CHECK(clock_parse(slice_of(written), &again));
    FUZZ_CHECK(again == wall_us);
    clock_format_sql(wall_us, written);
    FUZZ_CHECK(clock_parse_sql(slice_of(written), &again));
    FUZZ_CHECK(again == wall_us);
}

static void
check_number(struct slice text)
{
    char written[32];
    uint64_t natural;
    int64_t number;

    if (number_i64(text, INT64_MIN, INT64_MAX, &number)) {
        (void)snprintf(written, sizeof(written), "%lld", (long long)number);
        FUZZ_CHECK(slice_is(text, written) || slice_is(text, "-0"));
    }
    if (number_u64(text, UINT64_MAX, &natural)) {
        (void)snprintf(written, sizeof(written), "%llu",
                       (unsigned long long)natural);
        FUZZ_CHECK(slice_is(text, written));
    }
}

static void
check_id(struct slice text)
{
    char written[ID_TEXT_MAX];
    uint64_t id, again;

    if (!id_parse(ID_EVENT, text, &id))
        return;
    id_format(ID_EVENT, id, written);
    FUZZ_CHECK(id_parse(ID_EVENT, slice_of(written), &again));
    FUZZ_CHECK(again == id && id <= INT64_MAX);
}

static void
check_pattern(struct slice text)
{
    struct buf clean = BUF_INIT(2 * text.len + 2);

    if (pattern_is_type(text)) {
        FUZZ_CHECK(pattern_is_valid(text));
        FUZZ_CHECK(pattern_matches(text, text));
        FUZZ_CHECK(pattern_matches(SLICE("*"), text));
    }
    if (json_is_utf8(text)) {
        pattern_add_clean(&clean, text);
        FUZZ_CHECK(buf_ok(&clean));
        FUZZ_CHECK(clean.len > PATTERN_MAX ||
                   pattern_is_type(buf_slice(&clean)));
    }
    buf_free(&clean);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make(data, size);
    uint8_t bytes[64];
    size_t len = size / 2 < sizeof(bytes) ? size / 2 : sizeof(bytes);

    check_time(text);
    check_number(text);
    check_id(text);
    check_pattern(text);
    if (decode_hex(slice_make(data, 2 * len), bytes, len)) {
        char written[2 * sizeof(bytes) + 1];

        encode_hex(bytes, len, written);
        FUZZ_CHECK(slice_is_nocase(slice_make(data, 2 * len), written));
    }
    return 0;
}
