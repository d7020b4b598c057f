/*
 * test_event.c - unit tests for core/ingest/event.c
 */
#include "event.h"

#include "encode.h"
#include "unit.h"

struct tuple {
    const char *kind;
    uint32_t owner_id;
    struct slice value;
};

static struct new_event
hashed(struct tuple tuple)
{
    struct new_event event = {.has_dedupe = false};

    event_dedupe_hash(&event, tuple.kind, tuple.owner_id, tuple.value);
    return event;
}

/* Tuples that would be the same bytes if the parts were only joined, or if
   their lengths could be taken for content. */
static void
test_different_tuples_differ(void)
{
    static const struct tuple tuples[] = {
        {"event", 1, {"abc", 3}},
        {"even", 1, {"tabc", 4}},
        {"eventa", 1, {"bc", 2}},
        {"event", 2, {"abc", 3}},
        {"event", 0, {"abc", 3}},
        {"event", 1, {"abc\0", 4}},
        {"event", 1, {"\0abc", 4}},
        {"event", 1, {"\0\0\0\3abc", 7}},
        {"event", 256, {"abc", 3}},
        {"event", 1, {"ab", 2}},
        {"", 1, {"abc", 3}},
        {"", 1, {"eventabc", 8}},
        {"event", 0x61626364, {"abc", 3}},
        {"eventabcd", 0, {"abc", 3}},
    };
    const size_t count = sizeof(tuples) / sizeof(tuples[0]);
    size_t i, j;

    for (i = 0; i < count; i++) {
        struct new_event a = hashed(tuples[i]);

        CU_ASSERT_TRUE(a.has_dedupe);
        for (j = 0; j < count; j++) {
            struct new_event b = hashed(tuples[j]);
            bool same = memcmp(a.dedupe_hash, b.dedupe_hash,
                               sizeof(a.dedupe_hash)) == 0;

            if (same != (i == j))
                fprintf(stderr, "\ntuples %zu and %zu\n", i, j);
            CU_ASSERT_EQUAL(same, i == j);
        }
    }
}

/* Keys in the database outlive the program: the bytes must never change. */
static void
test_the_layout_is_fixed(void)
{
    const struct tuple tuple = {"trigger", 1, {"order-42", 8}};
    struct new_event event = hashed(tuple);
    char hex[65];

    encode_hex(event.dedupe_hash, sizeof(event.dedupe_hash), hex);
    CU_ASSERT_STRING_EQUAL(hex, "96c31baa55502161b07158477fec21e2"
                                "51310fec5748456865a22d9d258e1f97");
}

static void
test_no_value_means_no_dedupe(void)
{
    const struct tuple empty = {"event", 1, {"", 0}};
    const struct tuple absent = {"event", 1, {NULL, 0}};

    CU_ASSERT_FALSE(hashed(empty).has_dedupe);
    CU_ASSERT_FALSE(hashed(absent).has_dedupe);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"different tuples differ", test_different_tuples_differ},
        {"the layout is fixed", test_the_layout_is_fixed},
        {"no value means no dedupe", test_no_value_means_no_dedupe},
        CU_TEST_INFO_NULL,
    };

    return unit_run("event", tests);
}
