/*
 * test_store_receive_stats.c - tests for the statistics of the receivers: what
 * a real database counts, and the body that is printed from it.
 */
#include "store_receive_stats.h"

#include "testdb.h"
#include "unit.h"

static struct db *db;

static void
assert_print(const char *claim, const struct receive_source_stats *sources,
             size_t count, const char *want)
{
    struct buf out = BUF_INIT(4096);
    bool same;

    receive_stats_print(sources, count, &out);
    same = slice_is(buf_slice(&out), want);
    if (!same)
        fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", claim, out.data, want);
    CU_ASSERT(same);
    buf_free(&out);
}

/* The documented example: 1523 + 12 = 456 + 892 + 187 = 789 + 746. */
static void
test_example(void)
{
    static const struct receive_source_stats sources[] = {
        {.name = "notion",
         .action = {[INBOUND_INSERT] = {.processed = 250, .retries = 3},
                    [INBOUND_UPDATE] = {.processed = 400, .failed = 6},
                    [INBOUND_DELETE] = {.processed = 90}}},
        {.name = "supabase",
         .action = {[INBOUND_INSERT] = {.processed = 200,
                                        .failed = 6,
                                        .retries = 5,
                                        .duration_us = 359190000},
                    [INBOUND_UPDATE] = {.processed = 486},
                    [INBOUND_DELETE] = {.processed = 97}}},
    };

    assert_print("the documented example", sources, 2,
                 "{\"total_processed\":1523,\"total_failed\":12,"
                 "\"total_retries\":8,\"success_rate\":0.992,"
                 "\"average_processing_time_seconds\":0.234,"
                 "\"events_by_type\":{\"insert\":456,\"update\":892,"
                 "\"delete\":187},\"events_by_source\":{\"supabase\":789,"
                 "\"notion\":746}}");
}

static void
test_nothing_yet(void)
{
    static const struct receive_source_stats sources[] = {
        {.name = "notion"}, {.name = "silent"}, {.name = "supabase"}};
    static const char want[] =
        "{\"total_processed\":0,\"total_failed\":0,\"total_retries\":0,"
        "\"success_rate\":1.0,\"average_processing_time_seconds\":0.0,"
        "\"events_by_type\":{\"insert\":0,\"update\":0,\"delete\":0},"
        "\"events_by_source\":{\"supabase\":0,\"notion\":0}}";

    assert_print("sources without events", sources, 3, want);
    assert_print("no sources at all", NULL, 0, want);
}

static void
test_others(void)
{
    static const struct receive_source_stats sources[] = {
        {.name = "github",
         .action = {[INBOUND_OTHER] = {.processed = 1,
                                       .failed = 1,
                                       .duration_us = 1000000}}},
    };

    assert_print("other actions and sources, and a short fraction", sources, 1,
                 "{\"total_processed\":1,\"total_failed\":1,"
                 "\"total_retries\":0,\"success_rate\":0.5,"
                 "\"average_processing_time_seconds\":0.5,"
                 "\"events_by_type\":{\"insert\":0,\"update\":0,\"delete\":0,"
                 "\"other\":2},\"events_by_source\":{\"supabase\":0,"
                 "\"notion\":0,\"github\":2}}");
}

/* Hours, slots and the folded past add up; other sources stay apart. */
static void
test_reads(void)
{
    struct receive_source_stats *sources = NULL;
    struct buf out = BUF_INIT(4096);
    size_t count = 0;

    testdb_exec(db, "INSERT INTO sources (id, application_id, name, provider,"
                    " config_version) VALUES (3, 1, 'github', 'github', 1)");
    testdb_exec(
        db,
        "INSERT INTO rollup_sources (hour, source_id, action, slot, processed,"
        " failed, retries, duration_us) VALUES"
        " ('1971-01-01', 1, 'insert', 0, 10, 1, 2, 1000000),"
        " ('2026-01-01 15:00:00', 1, 'insert', 0, 1, 0, 0, 500000),"
        " ('2026-01-01 15:00:00', 1, 'insert', 7, 1, 0, 0, 500000),"
        " ('2026-01-01 15:00:00', 1, 'delete', 7, 0, 1, 3, 0),"
        " ('2026-01-01 15:00:00', 3, 'other', 0, 5, 0, 0, 0)");
    CU_ASSERT_EQUAL_FATAL(store_receive_stats(db, &sources, &count), DB_OK);
    CU_ASSERT_EQUAL(count, 3);
    receive_stats_print(sources, count, &out);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"total_processed\":17,\"total_failed\":2,"
                           "\"total_retries\":5,\"success_rate\":0.895,"
                           "\"average_processing_time_seconds\":0.105,"
                           "\"events_by_type\":{\"insert\":13,\"update\":0,"
                           "\"delete\":1,\"other\":5},\"events_by_source\":{"
                           "\"supabase\":14,\"notion\":0,\"github\":5}}");
    free(sources);
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the documented example", test_example},
        {"nothing yet", test_nothing_yet},
        {"others", test_others},
        {"reads", test_reads},
        CU_TEST_INFO_NULL,
    };
    int end = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        end = unit_run("store_receive_stats", tests);
        db_free(db);
    }
    testdb_stop();
    return end;
}
