/*
 * test_buf.c - unit tests for base/buf.c
 */
#include "buf.h"

#include "unit.h"

#include <string.h>

static void
test_pieces_add_up(void)
{
    struct buf buf = BUF_INIT(1000);

    buf_add(&buf, "a\0b", 3);
    buf_add_text(&buf, "-text-");
    buf_add_slice(&buf, SLICE("slice"));
    buf_add_slice(&buf, SLICE_NONE);
    buf_add_char(&buf, '!');
    buf_addf(&buf, "%s=%d", "x", 42);
    CU_ASSERT(buf_ok(&buf));
    CU_ASSERT_EQUAL(buf.len, 3 + 6 + 5 + 1 + 4);
    CU_ASSERT_EQUAL(memcmp(buf.data, "a\0b-text-slice!x=42", 20), 0);
    buf_free(&buf);
    CU_ASSERT_PTR_NULL(buf.data);
    CU_ASSERT_EQUAL(buf.max, 1000);
}

static void
test_numbers(void)
{
    struct buf buf = BUF_INIT(200);

    buf_add_u64(&buf, 0);
    buf_add_char(&buf, ' ');
    buf_add_u64(&buf, UINT64_MAX);
    buf_add_char(&buf, ' ');
    buf_add_i64(&buf, INT64_MIN);
    buf_add_char(&buf, ' ');
    buf_add_i64(&buf, INT64_MAX);
    buf_add_char(&buf, ' ');
    buf_add_i64(&buf, -7);
    CU_ASSERT_STRING_EQUAL(buf.data,
                           "0 18446744073709551615 -9223372036854775808 "
                           "9223372036854775807 -7");
    buf_free(&buf);
}

static void
test_the_bound_holds(void)
{
    struct buf buf = BUF_INIT(8);

    buf_add_text(&buf, "12345678");
    CU_ASSERT(buf_ok(&buf));
    buf_add_char(&buf, '9');
    CU_ASSERT(!buf_ok(&buf));
    CU_ASSERT_STRING_EQUAL(buf.data, "12345678");
    CU_ASSERT(buf.cap <= 9);
    buf_free(&buf);
}

static void
test_nothing_follows_a_refusal(void)
{
    struct buf buf = BUF_INIT(8);

    buf_add_text(&buf, "123");
    buf_add_text(&buf, "456789");
    CU_ASSERT_STRING_EQUAL(buf.data, "123");
    buf_add_char(&buf, 'x');
    buf_addf(&buf, "%d", 1);
    buf_add_u64(&buf, 1);
    CU_ASSERT_PTR_NULL(buf_reserve(&buf, 0));
    CU_ASSERT_STRING_EQUAL(buf.data, "123");
    buf_clear(&buf);
    CU_ASSERT(buf_ok(&buf));
    buf_add_text(&buf, "again");
    CU_ASSERT_STRING_EQUAL(buf.data, "again");
    buf_free(&buf);
}

static void
test_format_past_the_bound_adds_nothing(void)
{
    struct buf buf = BUF_INIT(100);

    buf_add_text(&buf, "kept");
    buf_addf(&buf, "%0100d", 1);
    CU_ASSERT(!buf_ok(&buf));
    CU_ASSERT_EQUAL(buf.len, 4);
    CU_ASSERT_STRING_EQUAL(buf.data, "kept");
    buf_free(&buf);

    buf_init(&buf, 100);
    buf_addf(&buf, "%0100d", 1);
    CU_ASSERT(buf_ok(&buf));
    CU_ASSERT_EQUAL(strlen(buf.data), 100);
    buf_free(&buf);
}

static void
test_no_length_wraps_around(void)
{
    struct buf buf = BUF_INIT(SIZE_MAX);

    buf_add_text(&buf, "abc");
    CU_ASSERT_PTR_NULL(buf_reserve(&buf, SIZE_MAX));
    CU_ASSERT(!buf_ok(&buf));
    buf_clear(&buf);
    buf_add_text(&buf, "abc");
    CU_ASSERT_PTR_NULL(buf_reserve(&buf, SIZE_MAX - 3));
    CU_ASSERT_STRING_EQUAL(buf.data, "abc");
    buf_free(&buf);
}

static void
test_reserve_and_advance(void)
{
    struct buf buf = BUF_INIT(10);
    char *room = buf_reserve(&buf, 10);

    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memcpy(room, "0123456789", 10);
    buf_advance(&buf, 4);
    CU_ASSERT_STRING_EQUAL(buf.data, "0123");
    CU_ASSERT_PTR_NULL(buf_reserve(&buf, 7));
    buf_free(&buf);
}

static void
test_take_moves_the_text(void)
{
    struct buf buf = BUF_INIT(100);
    char *none = buf_take(&buf), *text;

    CU_ASSERT_STRING_EQUAL(none, "");
    buf_add_text(&buf, "mine");
    text = buf_take(&buf);
    CU_ASSERT_STRING_EQUAL(text, "mine");
    CU_ASSERT_EQUAL(buf.len, 0);
    CU_ASSERT_PTR_NULL(buf.data);
    buf_add_text(&buf, "new");
    CU_ASSERT_STRING_EQUAL(text, "mine");
    CU_ASSERT(slice_is(buf_slice(&buf), "new"));
    free(none);
    free(text);
    buf_free(&buf);
    CU_ASSERT(slice_is(buf_slice(&buf), ""));
}

static void
test_growing_byte_by_byte(void)
{
    struct buf buf = BUF_INIT(100000);
    size_t i;

    for (i = 0; i < 100000; i++)
        buf_add_char(&buf, (char)('a' + i % 26));
    CU_ASSERT(buf_ok(&buf));
    CU_ASSERT_EQUAL(strlen(buf.data), 100000);
    CU_ASSERT_EQUAL(buf.data[99999], 'a' + 99999 % 26);
    CU_ASSERT_EQUAL(buf.cap, 100001);
    buf_free(&buf);
}

static void
test_wipe_leaves_an_empty_buffer(void)
{
    struct buf buf = BUF_INIT(100);

    buf_wipe(&buf);
    buf_add_text(&buf, "secret");
    buf_wipe(&buf);
    CU_ASSERT_PTR_NULL(buf.data);
    CU_ASSERT_EQUAL(buf.len, 0);
    buf_add_text(&buf, "next");
    CU_ASSERT(buf_ok(&buf));
    CU_ASSERT_STRING_EQUAL(buf.data, "next");
    buf_free(&buf);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"pieces add up", test_pieces_add_up},
        {"numbers", test_numbers},
        {"the bound holds", test_the_bound_holds},
        {"nothing follows a refusal", test_nothing_follows_a_refusal},
        {"a format past the bound adds nothing",
         test_format_past_the_bound_adds_nothing},
        {"no length wraps around", test_no_length_wraps_around},
        {"reserve and advance", test_reserve_and_advance},
        {"take moves the text", test_take_moves_the_text},
        {"growing byte by byte", test_growing_byte_by_byte},
        {"wipe leaves an empty buffer", test_wipe_leaves_an_empty_buffer},
        CU_TEST_INFO_NULL,
    };

    return unit_run("buf", tests);
}
