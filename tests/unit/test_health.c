/*
 * test_health.c - unit tests for fcgi/health.c: the body, from the facts.
 */
#include "health.h"

#include "unit.h"
#include "version.h"

static void
test_bodies(void)
{
    static const struct health well = {
        .queue_size = 3,
        .processed = 10,
        .failed = 2,
        .last_event_us = INT64_C(1767279600000000),
        .worker_alive = true,
        .worker_seen_s = 4,
        .schema = 4,
    };
    static const struct health new_and_alone = {.worker_seen_s = -1,
                                                .schema = 4};
    static const struct {
        const char *claim;
        const struct health *health;
        const char *want;
    } rows[] = {
        {"a worker lives: healthy", &well,
         "{\"status\":\"healthy\",\"queue_size\":3,\"metrics\":{"
         "\"events_received\":15,\"events_processed\":10,\"events_failed\":2,"
         "\"processing_time\":{\"p50_ms\":0,\"p95_ms\":0,\"p99_ms\":0}},"
         "\"last_event\":\"2026-01-01T15:00:00Z\",\"worker\":{\"alive\":true,"
         "\"last_seen_seconds\":4},\"schema\":4,\"version\":\"" POSTERN_VERSION
         "\"}"},
        {"none ever did: degraded", &new_and_alone,
         "{\"status\":\"degraded\",\"queue_size\":0,\"metrics\":{"
         "\"events_received\":0,\"events_processed\":0,\"events_failed\":0,"
         "\"processing_time\":{\"p50_ms\":0,\"p95_ms\":0,\"p99_ms\":0}},"
         "\"last_event\":null,\"worker\":{\"alive\":false,"
         "\"last_seen_seconds\":null},\"schema\":4,\"version\":"
         "\"" POSTERN_VERSION "\"}"},
        {"no database: unhealthy", NULL,
         "{\"status\":\"unhealthy\",\"reason\":\"The database is not "
         "available\",\"version\":\"" POSTERN_VERSION "\"}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(4096);
        bool same;

        health_print(rows[i].health, &out);
        same = slice_is(buf_slice(&out), rows[i].want);
        if (!same)
            fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", rows[i].claim,
                    out.data, rows[i].want);
        CU_ASSERT(same);
        buf_free(&out);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"bodies", test_bodies},
        CU_TEST_INFO_NULL,
    };

    return unit_run("health", tests);
}
