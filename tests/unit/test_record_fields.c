/*
 * test_record_fields.c - unit tests for core/mirror/record_fields.c
 */
#include "record_fields.h"

#include "clock.h"
#include "id.h"
#include "json.h"
#include "unit.h"

#include <string.h>

#define T1 INT64_C(1767279600000000) /* 2026-01-01T15:00:00Z */
#define T2 (T1 + 60 * CLOCK_US_PER_S)
#define FIRST UINT64_C(1)
#define SECOND UINT64_C(2)

/* "name changed_at event status", of what is there; "-" where it is not. */
static void
expect(const char *claim, const struct buf *fields, const char *name,
       int64_t changed_us, uint64_t event_id, const char *status)
{
    struct buf want = BUF_INIT(256);
    char at[CLOCK_TEXT_MAX], event[ID_TEXT_MAX];
    struct json_value whole, entry = {JSON_NULL, SLICE("none")};

    CU_ASSERT_TRUE_FATAL(json_read(buf_slice(fields), &whole, NULL));
    (void)json_find(whole.text, name, &entry);
    clock_format_rfc3339(changed_us, at);
    id_format(ID_EVENT, event_id, event);
    if (status == NULL)
        buf_add_text(&want, "none");
    else
        buf_addf(&want,
                 "{\"changed_at\":\"%s\",\"event\":\"%s\",\"status\":\"%s\"}",
                 at, event, status);
    if (!slice_equal(entry.text, buf_slice(&want)))
        fprintf(stderr, "\n%s, %s: got %.*s, want %s\n", claim, name,
                (int)entry.text.len, entry.text.ptr, want.data);
    CU_ASSERT(slice_equal(entry.text, buf_slice(&want)));
    buf_free(&want);
}

static void
test_changes(void)
{
    struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
    struct record_step step = {
        .now = SLICE("{\"id\":1,\"name\":\"A\",\"old\":true,"
                     "\"properties\":{\"S\":{\"x\":1},\"T\":2}}"),
        .version_us = T1,
        .event_id = FIRST,
    };

    CU_ASSERT_TRUE_FATAL(record_fields_add(&step, &first));
    expect("a new record", &first, "name", T1, FIRST, "unverified");
    expect("a new record", &first, "properties.T", T1, FIRST, "unverified");
    step.old = step.now;
    step.old_fields = buf_slice(&first);
    step.now = SLICE("{\"id\":1,\"name\":\"B\",\"new\":null,"
                     "\"properties\":{\"S\":{\"x\":1},\"T\":3}}");
    step.version_us = T2;
    step.event_id = SECOND;
    step.verified = true;
    CU_ASSERT_TRUE_FATAL(record_fields_add(&step, &second));
    expect("it stayed, and the source says so", &second, "id", T1, FIRST,
           "applied");
    expect("it changed", &second, "name", T2, SECOND, "applied");
    expect("it is new", &second, "new", T2, SECOND, "applied");
    expect("it is gone", &second, "old", 0, 0, NULL);
    expect("a property that stayed", &second, "properties.S", T1, FIRST,
           "applied");
    expect("a property that changed", &second, "properties.T", T2, SECOND,
           "applied");
    /* The next event is not checked, but says the same. */
    buf_clear(&first);
    step.old = step.now;
    step.old_fields = buf_slice(&second);
    step.event_id = 3;
    step.verified = false;
    CU_ASSERT_TRUE_FATAL(record_fields_add(&step, &first));
    expect("what was applied stays so", &first, "name", T2, SECOND, "applied");
    buf_free(&first);
    buf_free(&second);
}

static void
test_a_record_without_history(void)
{
    struct buf out = BUF_INIT(65536);
    const struct record_step step = {
        .old = SLICE("{\"a\":1}"), /* of before fields were noted */
        .now = SLICE("{\"a\":1}"),
        .version_us = T2,
        .event_id = SECOND,
    };

    CU_ASSERT_TRUE(record_fields_add(&step, &out));
    expect("nothing older is known", &out, "a", T2, SECOND, "unverified");
    buf_free(&out);
}

static void
test_records_without_fields(void)
{
    static const char *const records[] = {"[1,2]", "\"text\"", "5", "{}", NULL};
    struct buf out = BUF_INIT(1024);
    size_t i;

    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        const struct record_step step = {.now = slice_of(records[i])};

        CU_ASSERT_FALSE(record_fields_add(&step, &out));
        CU_ASSERT_EQUAL(out.len, 0);
    }
    buf_free(&out);
}

static size_t
count_fields(struct slice text)
{
    struct json_value value;
    struct json_member member;
    size_t at = 0, count = 0;

    CU_ASSERT_TRUE_FATAL(json_read(text, &value, NULL));
    while (json_next(value.text, &at, &member))
        count++;
    return count;
}

static void
test_bounds(void)
{
    struct buf many = BUF_INIT(1 << 20), wide = BUF_INIT(1 << 20);
    struct buf out = BUF_INIT(2 * RECORD_FIELDS_BYTES);
    struct record_step step = {.version_us = T1, .event_id = FIRST};
    int i, k;

    for (i = 0; i < 2 * RECORD_FIELDS_MAX; i++)
        buf_addf(&many, "%s\"f%d\":%d", i == 0 ? "{" : ",", i, i);
    buf_add_char(&many, '}');
    step.now = buf_slice(&many);
    CU_ASSERT_TRUE(record_fields_add(&step, &out));
    CU_ASSERT_EQUAL(count_fields(buf_slice(&out)), RECORD_FIELDS_MAX);

    for (i = 0; i < 40; i++) {
        buf_addf(&wide, "%s\"%d", i == 0 ? "{" : ",", i);
        for (k = 0; k < 4000; k++)
            buf_add_char(&wide, 'x');
        buf_add_text(&wide, "\":1");
    }
    buf_add_char(&wide, '}');
    step.now = buf_slice(&wide);
    buf_clear(&out);
    CU_ASSERT_TRUE(record_fields_add(&step, &out));
    CU_ASSERT_TRUE(buf_ok(&out));
    CU_ASSERT(out.len <= RECORD_FIELDS_BYTES + 1);
    CU_ASSERT(count_fields(buf_slice(&out)) > 10);
    buf_free(&many);
    buf_free(&wide);
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"changes", test_changes},
        {"a record without history", test_a_record_without_history},
        {"records without fields", test_records_without_fields},
        {"bounds", test_bounds},
        CU_TEST_INFO_NULL,
    };

    return unit_run("record_fields", tests);
}
