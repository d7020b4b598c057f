/*
 * test_threshold.c - limits of the numbers that the gateway watches.
 */
#include "threshold.h"
#include "unit.h"

static void
good_texts(void)
{
    struct thresholds thresholds;
    struct buf why = BUF_INIT(512);

    CU_ASSERT_TRUE(thresholds_parse(SLICE(""), &thresholds, &why));
    CU_ASSERT_EQUAL(thresholds.count, 0);
    CU_ASSERT_TRUE(thresholds_parse(
        SLICE(" pending:10000,oldest_due_s: 60 ,failure_rate:0.2, "
              "process_queue:1000"),
        &thresholds, &why));
    CU_ASSERT_EQUAL(thresholds.count, 4);
    CU_ASSERT_DOUBLE_EQUAL(thresholds.limit[METRIC_PENDING], 10000, 0);
    CU_ASSERT_DOUBLE_EQUAL(thresholds.limit[METRIC_OLDEST_DUE], 60, 0);
    CU_ASSERT_DOUBLE_EQUAL(thresholds.limit[METRIC_FAILURE_RATE], 0.2, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(thresholds.limit[METRIC_PROCESS_QUEUE], 1000, 0);
    CU_ASSERT_EQUAL(why.len, 0);
}

static void
bad_texts(void)
{
    static const char *const texts[] = {
        "pending",
        "pending:",
        "pending:0",
        "pending:-1",
        "pending:1e3",
        "pending:1000001",
        "pending:1 2",
        "load:5",
        "Pending:5",
        "pending:5,,",
        ",pending:5",
        "pending:nan",
        ":5",
        "pending:5;a:6",
        "pending:0x10",
        "pending:.",
        "pending:5,pending:6",
    };
    struct thresholds thresholds = {.count = 77};
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf why = BUF_INIT(512);

        if (thresholds_parse(slice_of(texts[i]), &thresholds, &why))
            fprintf(stderr, "\n%s was taken\n", texts[i]);
        CU_ASSERT(why.len > 0);
        buf_free(&why);
    }
    CU_ASSERT_EQUAL(thresholds.count, 77);
}

static void
back_only_well_below_the_limit(void)
{
    CU_ASSERT_FALSE(threshold_is_above(100, 99, false));
    CU_ASSERT_TRUE(threshold_is_above(100, 100, false));
    CU_ASSERT_TRUE(threshold_is_above(100, 99, true));
    CU_ASSERT_TRUE(threshold_is_above(100, 80, true));
    CU_ASSERT_FALSE(threshold_is_above(100, 79, true));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"limits are read", good_texts},
        {"what is none is refused", bad_texts},
        {"it is over only well below the limit",
         back_only_well_below_the_limit},
        CU_TEST_INFO_NULL,
    };

    return unit_run("threshold", tests);
}
