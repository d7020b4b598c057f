/*
 * test_record_text.c - unit tests for core/mirror/record_text.c
 */
#include "record_text.h"

#include "json.h"
#include "unit.h"

#include <string.h>

static void
test_records(void)
{
    static const struct {
        const char *claim;
        const char *record;
        const char *want;
    } rows[] = {
        {"texts and numbers, at any depth",
         "{\"name\":\"Ann\",\"tags\":[\"x\",{\"y\":\"z\"}],\"n\":12.50,"
         "\"b\":true,\"q\":null}",
         "7 Ann x z 12.50"},
        {"escapes are decoded", "{\"a\":\"Zo\\u00eb \\\"q\\\"\"}",
         "7 Zo\xc3\xab \"q\""},
        {"what separates lines separates words", "{\"a\":\"x\\ny\\u0000z\"}",
         "7 x y z"},
        {"a list", "[\"a\",[\"b\"]]", "7 a b"},
        {"a text", "\"a\"", "7 a"},
        {"nothing", NULL, "7"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(4096);

        record_text_add(SLICE("7"), slice_of(rows[i].record), &out);
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out.data);
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        buf_free(&out);
    }
}

static void
test_long_records_are_cut_between_characters(void)
{
    struct buf record = BUF_INIT((size_t)1 << 20);
    struct buf out = BUF_INIT((size_t)1 << 20);
    size_t i;

    buf_add_text(&record, "{\"a\":\"");
    for (i = 0; i < RECORD_TEXT_BYTES; i++)
        buf_add_text(&record, "\xc3\xa4");
    buf_add_text(&record, "\",\"b\":\"more\"}");
    record_text_add(SLICE("id"), buf_slice(&record), &out);
    CU_ASSERT(out.len <= RECORD_TEXT_BYTES);
    CU_ASSERT(out.len > RECORD_TEXT_BYTES - 4);
    CU_ASSERT_TRUE(json_is_utf8(buf_slice(&out)));
    buf_free(&record);
    buf_free(&out);
}

static void
test_queries(void)
{
    static const struct {
        const char *claim;
        const char *words;
        const char *want; /* NULL: nothing is left */
    } rows[] = {
        {"all words", "quick brown", "+\"quick\" +\"brown\""},
        {"a beginning", "bro*", "+bro*"},
        {"signs of the query language mean nothing",
         "+foo -bar \"x\" (baz) @4 ~no >yes%",
         "+\"foo\" +\"bar\" +\"baz\" +\"yes\""},
        {"an address is its words", "ann@example.com", "+\"ann\" +\"example\""},
        {"short words are left out", "ab abc a", "+\"abc\""},
        {"characters count, not bytes",
         "\xc3\xa4\xc3\xb6 \xc3\xa4\xc3\xb6\xc3\xbc",
         "+\"\xc3\xa4\xc3\xb6\xc3\xbc\""},
        {"stop words are left out, in any case", "The quick www", "+\"quick\""},
        {"a beginning may be a stop word", "the*", "+the*"},
        {"nothing but short and common words", "the a b", NULL},
        {"nothing", "", NULL},
        {"nothing but signs", "***", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(4096);
        bool some = record_text_query(slice_of(rows[i].words), &out);
        const char *want = rows[i].want == NULL ? "" : rows[i].want;

        if (!slice_is(buf_slice(&out), want))
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    buf_slice(&out).ptr);
        CU_ASSERT_EQUAL(some, rows[i].want != NULL);
        CU_ASSERT(slice_is(buf_slice(&out), want));
        buf_free(&out);
    }
}

static void
test_queries_are_bounded(void)
{
    struct buf words = BUF_INIT(65536), out = BUF_INIT(65536);
    int i;

    for (i = 0; i < 1000; i++)
        buf_add_text(&words, "word ");
    CU_ASSERT_TRUE(record_text_query(buf_slice(&words), &out));
    CU_ASSERT(out.len < RECORD_QUERY_WORDS * sizeof("+\"word\" "));
    buf_clear(&words);
    buf_clear(&out);
    for (i = 0; i < 85; i++)
        buf_add_char(&words, 'w');
    CU_ASSERT_FALSE(record_text_query(buf_slice(&words), &out));
    buf_free(&words);
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"records", test_records},
        {"long records are cut between characters",
         test_long_records_are_cut_between_characters},
        {"queries", test_queries},
        {"queries are bounded", test_queries_are_bounded},
        CU_TEST_INFO_NULL,
    };

    return unit_run("record_text", tests);
}
