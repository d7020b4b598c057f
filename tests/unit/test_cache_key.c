/*
 * test_cache_key.c - unit tests for core/source/cache_key.c
 */
#include "cache_key.h"

#include "unit.h"

#include <string.h>

static const char record[] =
    "{\"id\":42,\"email\":\"zo\\u00eb@example.com\",\"vip\":true,"
    "\"big\":9007199254740993,\"none\":null,\"list\":[1],"
    "\"properties\":{\"Slug\":\"a/b\"}}";

static void
test_templates(void)
{
    static const struct {
        const char *claim;
        const char *template;
        const char *want; /* NULL: no key */
    } rows[] = {
        {"the usual one", CACHE_KEY_DEFAULT, "crm:users:42"},
        {"a text of the record, decoded", "user:{record.email}",
         "user:zo\xc3\xab@example.com"},
        {"a number keeps its digits", "{record.big}", "9007199254740993"},
        {"true", "vip={record.vip}", "vip=true"},
        {"a member of a member", "/{record.properties.Slug}", "/a/b"},
        {"a text without anything to fill in", "everything", "everything"},
        {"a brace", "{{{id}}", "{42}"},
        {"a member that is not there", "{record.name}", NULL},
        {"a member that is null", "{record.none}", NULL},
        {"a list", "{record.list}", NULL},
        {"an object", "{record.properties}", NULL},
    };
    const struct cache_key_values values = {SLICE("crm"),
                                            SLICE("users"),
                                            SLICE("42"),
                                            {record, sizeof(record) - 1}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(4096);
        bool added;

        buf_add_text(&out, ">");
        added = cache_key_add(rows[i].template, &values, &out);
        if (added != (rows[i].want != NULL) ||
            strcmp(out.data + 1, added ? rows[i].want : "") != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out.data);
        CU_ASSERT_EQUAL(added, rows[i].want != NULL);
        CU_ASSERT_STRING_EQUAL(out.data + 1, added ? rows[i].want : "");
        buf_free(&out);
    }
}

static void
test_a_deleted_record_has_no_members(void)
{
    const struct cache_key_values values = {SLICE("s"), SLICE("t"), SLICE("1"),
                                            SLICE_NONE};
    struct buf out = BUF_INIT(100);

    CU_ASSERT_FALSE(cache_key_add("{record.id}", &values, &out));
    CU_ASSERT_EQUAL(out.len, 0);
    CU_ASSERT_TRUE(cache_key_add("{source}/{table}/{id}", &values, &out));
    CU_ASSERT_STRING_EQUAL(out.data, "s/t/1");
    buf_free(&out);
}

static void
test_keys_are_bounded(void)
{
    struct buf big = BUF_INIT(CACHE_KEY_MAX + 100), out = BUF_INIT(4096);
    struct cache_key_values values = {SLICE("s"), SLICE("t"), SLICE("1"),
                                      SLICE_NONE};
    size_t i;

    buf_add_text(&big, "{\"a\":\"");
    for (i = 0; i < CACHE_KEY_MAX; i++)
        buf_add_char(&big, 'x');
    buf_add_text(&big, "\"}");
    values.record = buf_slice(&big);
    CU_ASSERT_TRUE(cache_key_add("{record.a}", &values, &out));
    CU_ASSERT_EQUAL(out.len, CACHE_KEY_MAX);
    buf_clear(&out);
    CU_ASSERT_FALSE(cache_key_add("a{record.a}", &values, &out));
    CU_ASSERT_EQUAL(out.len, 0);
    buf_free(&big);
    buf_free(&out);
}

static void
test_faults(void)
{
    static char long_one[600];

    memset(long_one, 'a', sizeof(long_one) - 1);
    CU_ASSERT_PTR_NULL(cache_key_fault(CACHE_KEY_DEFAULT));
    CU_ASSERT_PTR_NULL(cache_key_fault("x {{ } {record.a.b}"));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault(""));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault("{id"));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault("{ID}"));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault("{}"));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault("{record.}"));
    CU_ASSERT_PTR_NOT_NULL(cache_key_fault(long_one));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"templates", test_templates},
        {"a deleted record has no members",
         test_a_deleted_record_has_no_members},
        {"keys are bounded", test_keys_are_bounded},
        {"faults", test_faults},
        CU_TEST_INFO_NULL,
    };

    return unit_run("cache_key", tests);
}
