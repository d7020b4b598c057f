/*
 * test_store_stats.c - unit tests for the arithmetic of core/store/counts/store_stats.c
 */
#include "unit.h"

#include "store_stats.h"

static bool
near(double a, double b)
{
    return a - b < 0.001 && b - a < 0.001;
}

static void
test_percentiles(void)
{
    static const struct {
        const char *claim;
        uint64_t bucket[STATS_BUCKETS];
        double share, want;
    } rows[] = {
        {"nothing counted is 0", {0}, 0.5, 0.0},
        {"half of one bucket is its middle", {10}, 0.5, 2.5},
        {"all of one bucket is its upper bound", {10}, 1.0, 5.0},
        {"a bucket starts at the bound before it", {0, 10}, 0.5, 7.5},
        {"the rank falls into the second of two", {90, 10}, 0.95, 7.5},
        {"empty buckets between are stepped over", {50, 0, 0, 50}, 0.75, 37.5},
        {"exactly at the edge stays below", {50, 50}, 0.5, 5.0},
        {"the open bucket counts as its lower bound",
         {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7},
         0.5,
         60000.0},
        {"the last closed bucket", {[12] = 4}, 0.5, 45000.0},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double got = stats_percentile(rows[i].bucket, rows[i].share);

        if (!near(got, rows[i].want))
            fprintf(stderr, "\n%s: got %f, want %f\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_TRUE(near(got, rows[i].want));
    }
}

static void
test_bodies(void)
{
    struct overview_stats overview = {
        .webhooks_active = 5,
        .webhooks_total = 8,
        .day = {.attempts = 1300,
                .succeeded = 1200,
                .failed = 34,
                .duration_ms = 203710},
        .queue_pending = 3,
        .queue_retrying = 2,
    };
    struct subscription_stats stats = {.attempts = 10,
                                       .attempts_failed = 2,
                                       .succeeded = 8,
                                       .failed = 1,
                                       .duration_ms = 2345,
                                       .bucket = {[5] = 10},
                                       .filtered = 7};
    struct buf out = BUF_INIT(4096);

    subscription_stats_print(&stats, &out);
    CU_ASSERT_STRING_EQUAL(
        out.data, "{\"total_attempts\":10,\"successful\":8,\"failed\":2,"
                  "\"avg_duration_ms\":234.5,\"p50_ms\":175,\"p95_ms\":242.5,"
                  "\"p99_ms\":248.5,\"deliveries\":{\"successful\":8,"
                  "\"failed\":1},\"filtered\":7}");
    buf_clear(&out);
    overview_stats_print(&overview, &out);
    CU_ASSERT_STRING_EQUAL(
        out.data, "{\"webhooks\":{\"active\":5,\"total\":8},"
                  "\"deliveries_24h\":{\"total\":1234,\"successful\":1200,"
                  "\"failed\":34,\"avg_duration_ms\":156.7},"
                  "\"queue\":{\"pending\":3,\"retrying\":2,\"capped\":false}}");
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"percentiles", test_percentiles},
        {"bodies", test_bodies},
        CU_TEST_INFO_NULL,
    };

    return unit_run("store_stats", tests);
}
