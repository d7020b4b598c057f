/*
 * test_clip.c - unit tests for core/outgoing/clip.c
 */
#include "clip.h"

#include "json.h"
#include "unit.h"

#define MAX 4096
#define DOTS "\xe2\x80\xa6"
#define GRIN "\xf0\x9f\x98\x80" /* two UTF-16 units */

static void
test_text(void)
{
    static const struct {
        const char *claim, *text;
        size_t max;
        bool entities;
        const char *want;
        size_t units;
    } rows[] = {
        {"what fits is left alone", "hello", 5, false, "hello", 5},
        {"what does not ends in an ellipsis", "hello", 4, false, "hel" DOTS, 4},
        {"even if nothing else has room", "hello", 1, false, DOTS, 1},
        {"no room, no text", "hello", 0, false, "", 0},
        {"characters are counted, not bytes", "\xc3\xab\xc3\xab", 2, false,
         "\xc3\xab\xc3\xab", 2},
        {"none is cut in two", "\xc3\xab\xc3\xab\xc3\xab", 2, false,
         "\xc3\xab" DOTS, 2},
        {"beyond the basic plane they count twice", GRIN GRIN, 4, false,
         GRIN GRIN, 4},
        {"half of one is none", GRIN GRIN, 3, false, GRIN DOTS, 3},
        {"white space around it goes", " \n hello\t ", 5, false, "hello", 5},
        {"nothing but white space is nothing", " \t\r\n", 9, false, "", 0},
        {"newlines and tabs inside stay", "a\n\tb", 9, false, "a\n\tb", 4},
        {"other control characters do not", "a\x01\rb\x7f", 9, false, "a  b ",
         5},
        {"entities are written out", "a<b>&", 99, true, "a&lt;b&gt;&amp;", 15},
        {"only where they are asked for", "a<b>&", 99, false, "a<b>&", 5},
        {"an entity is not cut in two", "ab&cd", 6, true, "ab" DOTS, 3},
        {"and counts with all its letters", "&&", 9, true, "&amp;" DOTS, 6},
        {"bytes that are no UTF-8", "a\xff\xc3", 9, false,
         "a\xef\xbf\xbd\xef\xbf\xbd", 3},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(MAX);
        size_t units = clip_text(&out, slice_of(rows[i].text), rows[i].max,
                                 rows[i].entities);

        if (!slice_is(buf_slice(&out), rows[i].want) || units != rows[i].units)
            fprintf(stderr, "\n%s: got '%.*s' (%zu)\n", rows[i].claim,
                    (int)out.len, buf_slice(&out).ptr, units);
        CU_ASSERT_TRUE(slice_is(buf_slice(&out), rows[i].want));
        CU_ASSERT_EQUAL(units, rows[i].units);
        CU_ASSERT_TRUE(units <= rows[i].max);
        buf_free(&out);
    }
}

static void
test_members_share_a_budget(void)
{
    struct buf out = BUF_INIT(MAX);
    struct clip clip = {&out, 8, false};

    buf_add_char(&out, '{');
    CU_ASSERT_TRUE(clip_member(&clip, "a", SLICE("hello"), 9));
    CU_ASSERT_EQUAL(clip.left, 3);
    CU_ASSERT_FALSE(clip_member(&clip, "b", SLICE(" "), 9));
    CU_ASSERT_FALSE(clip_member(&clip, "b", SLICE_NONE, 9));
    CU_ASSERT_TRUE(clip_member(&clip, "c", SLICE("hello"), 9));
    CU_ASSERT_EQUAL(clip.left, 0);
    CU_ASSERT_FALSE(clip_member(&clip, "d", SLICE("x"), 9));
    buf_add_char(&out, '}');
    CU_ASSERT_STRING_EQUAL(out.data, "{\"a\":\"hello\",\"c\":\"he" DOTS "\"}");
    buf_free(&out);
}

static void
test_json_values(void)
{
    struct buf out = BUF_INIT(MAX);
    struct clip clip = {&out, 100, false};

    buf_add_char(&out, '{');
    CU_ASSERT_TRUE(clip_json(&clip, "a", SLICE("\"plain\""), 9));
    CU_ASSERT_TRUE(clip_json(&clip, "b", SLICE("\"\\u00e9\\n\\\"q\\\"\""), 9));
    CU_ASSERT_TRUE(clip_json(&clip, "c", SLICE("12.50"), 9));
    CU_ASSERT_TRUE(clip_json(&clip, "d", SLICE("{\"x\":[1]}"), 9));
    CU_ASSERT_FALSE(clip_json(&clip, "e", SLICE("\"\""), 9));
    CU_ASSERT_FALSE(clip_json(&clip, "f", SLICE_NONE, 9));
    buf_add_char(&out, '}');
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"a\":\"plain\",\"b\":\"\xc3\xa9\\n\\\"q\\\"\","
                           "\"c\":\"12.50\",\"d\":\"{\\\"x\\\":[1]}\"}");
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"text", test_text},
        {"members share a budget", test_members_share_a_budget},
        {"JSON values", test_json_values},
        CU_TEST_INFO_NULL,
    };

    return unit_run("clip", tests);
}
