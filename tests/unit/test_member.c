/*
 * test_member.c - unit tests for core/form/member.c
 */
#include "unit.h"

#include "member.h"

#include <stdint.h>

static void
test_members_and_their_commas(void)
{
    struct buf out = BUF_INIT(4096);

    buf_add_char(&out, '{');
    member_text(&out, "brace", "{");
    member_text(&out, "none", NULL);
    member_slice(&out, "bytes", SLICE("a\xff\n"));
    member_u64(&out, "big", UINT64_MAX);
    member_u64_or_null(&out, "some", 7);
    member_u64_or_null(&out, "without", 0);
    member_bool(&out, "yes", true);
    member_raw(&out, "raw", SLICE("{\"n\":1.50}"), "null");
    member_raw(&out, "empty", SLICE_NONE, "[]");
    member_time(&out, "when", 1);
    member_time(&out, "never", 0);
    member_id(&out, "id", "evt", 1);
    member_id(&out, "no_id", "evt", 0);
    member_name(&out, "list");
    buf_add_char(&out, '[');
    member_next(&out);
    buf_add_char(&out, '1');
    member_next(&out);
    buf_add_char(&out, '2');
    buf_add_text(&out, "]}");
    CU_ASSERT_STRING_EQUAL(
        out.data,
        "{\"brace\":\"{\",\"none\":null,\"bytes\":\"a\xef\xbf\xbd\\n\","
        "\"big\":18446744073709551615,\"some\":7,\"without\":null,"
        "\"yes\":true,\"raw\":{\"n\":1.50},"
        "\"empty\":[],\"when\":\"1970-01-01T00:00:00.000001Z\","
        "\"never\":null,\"id\":\"evt_0000000000001\",\"no_id\":null,"
        "\"list\":[1,2]}");
    buf_free(&out);
}

static void
test_real_numbers(void)
{
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        {0.0, "{\"x\":0"},
        {234.5, "{\"x\":234.5"},
        {0.0004, "{\"x\":0"},
        {0.0006, "{\"x\":0.001"},
        {1.05, "{\"x\":1.05"},
        {1.0 / 3.0, "{\"x\":0.333"},
        {-2.25, "{\"x\":-2.25"},
        {-0.5, "{\"x\":-0.5"},
        {156.7, "{\"x\":156.7"},
        {99.9996, "{\"x\":100"},
        {1e12, "{\"x\":1000000000000"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(64);

        buf_add_char(&out, '{');
        member_real(&out, "x", rows[i].value);
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\ngot %s, want %s\n", out.data, rows[i].want);
        CU_ASSERT_STRING_EQUAL(out.data, rows[i].want);
        buf_free(&out);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"members and their commas", test_members_and_their_commas},
        {"real numbers", test_real_numbers},
        CU_TEST_INFO_NULL,
    };

    return unit_run("member", tests);
}
