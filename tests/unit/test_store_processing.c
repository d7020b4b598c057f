/*
 * test_store_processing.c - tests for core/store/store_processing.c against a
 * real database.
 */
#include "store_processing.h"

#include "clock.h"
#include "id.h"
#include "lane.h"
#include "testdb.h"
#include "unit.h"

static struct db *db;
static uint64_t base; /* events are base + 1, ...; jobs base + 100, ... */

static void
clean(void)
{
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM deliveries");
    base = id_floor(clock_wall_us());
}

static void
live(uint64_t job, uint64_t event, enum lane_kind kind, unsigned attempts)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id,kind,shard,lane,event_id,attempts,"
             "next_retry_at) VALUES (%llu,%d,0,%llu,%llu,%u,"
             "'2030-01-01 00:00:00')",
             (unsigned long long)(base + job),
             kind == LANE_SUBSCRIPTION ? 1 : 2,
             (unsigned long long)lane_number(kind, 3),
             (unsigned long long)(base + event), attempts);
    testdb_exec(db, sql);
}

static void
done(uint64_t job, uint64_t event, int kind, const char *status,
     const char *error_class)
{
    char sql[500];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id,done_day,kind,application_id,owner_id,"
             "event_id,event_type,status,attempts,error_class,error_message,"
             "duration_ms,completed_at) VALUES (%llu,UTC_DATE(),%d,1,3,%llu,"
             "'t','%s',2,'%s','why',1,'2026-01-01 12:00:00')",
             (unsigned long long)(base + job), kind,
             (unsigned long long)(base + event), status, error_class);
    testdb_exec(db, sql);
}

static struct processing
of(uint64_t event)
{
    return (struct processing){.event_id = base + event};
}

static void
test_states(void)
{
    struct processing list[6];
    bool complete = false;
    size_t i;

    clean();
    for (i = 0; i < 6; i++)
        list[i] = of(i + 1);
    live(101, 1, LANE_SOURCE, 0);
    live(102, 2, LANE_FETCH, 3);
    live(103, 3, LANE_WAIT, 1);
    live(104, 4, LANE_SUBSCRIPTION, 0); /* a delivery: none of ours */
    done(105, 5, 2, "failed", "gone");
    done(106, 6, 1, "success", "");
    CU_ASSERT_EQUAL_FATAL(store_processing_read(db, list, 6, &complete), DB_OK);
    CU_ASSERT_TRUE(complete);
    CU_ASSERT_EQUAL(list[0].status, DELIVERY_PENDING);
    CU_ASSERT_STRING_EQUAL(list[0].waits_for, "processing");
    CU_ASSERT_EQUAL(list[1].status, DELIVERY_RETRYING);
    CU_ASSERT_EQUAL(list[1].attempts, 3);
    CU_ASSERT_STRING_EQUAL(list[1].waits_for, "source");
    CU_ASSERT(list[1].next_us > 0);
    CU_ASSERT_STRING_EQUAL(list[2].waits_for, "deliveries");
    CU_ASSERT_FALSE(list[3].known);
    CU_ASSERT_EQUAL(list[4].status, DELIVERY_FAILED);
    CU_ASSERT_PTR_NULL(list[4].waits_for);
    CU_ASSERT_STRING_EQUAL(list[4].error_class, "gone");
    CU_ASSERT_STRING_EQUAL(list[4].error_message, "why");
    CU_ASSERT_EQUAL(list[4].ended_us, INT64_C(1767268800000000));
    CU_ASSERT_FALSE(list[5].known);
    for (i = 0; i < 6; i++)
        processing_free(&list[i]);
}

static void
test_the_latest_job_counts(void)
{
    struct processing list[2];
    bool complete;

    clean();
    list[0] = of(1);
    list[1] = of(2);
    done(101, 1, 2, "failed", "gone"); /* was repeated by its sender: */
    live(102, 1, LANE_SOURCE, 0);
    done(103, 2, 2, "failed", "gone");
    done(104, 2, 2, "success", "");
    CU_ASSERT_EQUAL_FATAL(store_processing_read(db, list, 2, &complete), DB_OK);
    CU_ASSERT_EQUAL(list[0].status, DELIVERY_PENDING);
    CU_ASSERT_PTR_NULL(list[0].error_class);
    CU_ASSERT_EQUAL(list[1].status, DELIVERY_SUCCESS);
    processing_free(&list[0]);
    processing_free(&list[1]);
    CU_ASSERT_EQUAL(store_processing_read(db, list, 0, &complete), DB_OK);
    CU_ASSERT_TRUE(complete);
}

static void
test_as_json(void)
{
    struct processing one = {.known = false};
    struct buf out = BUF_INIT(1024);

    processing_print(&one, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "null");
    buf_clear(&out);
    one.known = true;
    one.status = DELIVERY_RETRYING;
    one.waits_for = "source";
    one.attempts = 2;
    processing_print(&one, &out);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"status\":\"retrying\",\"waits_for\":\"source\","
                           "\"attempts\":2,\"error_class\":null,\"error\":null,"
                           "\"next_at\":null,\"completed_at\":null}");
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"states", test_states},
        {"the latest job counts", test_the_latest_job_counts},
        {"as JSON", test_as_json},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_processing", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
