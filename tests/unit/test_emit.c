/*
 * test_emit.c - tests for worker/jobs/emit.c against a real database.
 */
#include "emit_fixture.h"

static struct emission
task_event(uint64_t waiter_id)
{
    return (struct emission){
        .application_id = 1,
        .source_id = 7,
        .type = SLICE("task.done"),
        .data = SLICE("{\"a\":1}"),
        .channel = SLICE("source:crm"),
        .waiter_id = waiter_id,
    };
}

static void
test_events_get_their_jobs(void)
{
    struct emission emission = task_event(0);

    begin();
    emit_add(emit, &emission);
    emission.type = SLICE("nobody.wants");
    emit_add(emit, &emission);
    write_all();
    expect_cell("both are events",
                "SELECT GROUP_CONCAT(CONCAT_WS(' ',type,application_id,"
                "source_id,verified,test,channels) ORDER BY type) FROM events",
                "nobody.wants 1 0 1 0 [\"source:crm\"],"
                "task.done 1 0 1 0 [\"source:crm\"]");
    expect_cell("one has a subscription",
                "SELECT GROUP_CONCAT(CONCAT_WS(' ',j.kind,j.lane>>32,e.type))"
                " FROM jobs j JOIN events e ON e.id=j.event_id",
                "1 2 task.done");
    CU_ASSERT_EQUAL(emit_tell(emit, t.doorbell), 2);
    end();
}

static void
test_what_was_given_may_go(void)
{
    char type[] = "task.done", data[] = "{\"a\":1}", channel[] = "c";
    struct emission emission = {.application_id = 1,
                                .type = slice_of(type),
                                .data = slice_of(data),
                                .channel = slice_of(channel)};

    begin();
    emit_add(emit, &emission);
    memset(type, 'x', sizeof(type) - 1);
    memset(data, 'x', sizeof(data) - 1);
    memset(channel, 'x', sizeof(channel) - 1);
    expect_events("copied", "task.done {\"a\":1}");
    end();
}

static void
test_a_batch_that_is_repeated(void)
{
    const struct emission emission = task_event(0);

    begin();
    emit_add(emit, &emission);
    CU_ASSERT_EQUAL_FATAL(db_begin(t.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(emit_write(emit, t.db, db_now_us(t.db)), DB_OK);
    db_rollback(t.db);
    expect_cell("nothing is left", "SELECT COUNT(*) FROM events", "0");
    emit_begin(emit, t.follower.snapshot);
    emit_add(emit, &emission);
    expect_events("once", "task.done {\"a\":1}");
    CU_ASSERT_EQUAL(emit_tell(emit, t.doorbell), 0); /* begun anew */
    write_all(); /* nothing to write is fine */
    end();
}

static void
test_who_wants_it(void)
{
    struct emission emission = {.application_id = 1,
                                .type = SLICE("cache.invalidated"),
                                .channel = SLICE("source:crm")};

    begin();
    CU_ASSERT_TRUE(emit_is_wanted(emit, &emission));
    emission.channel = SLICE("source:shop");
    CU_ASSERT_FALSE(emit_is_wanted(emit, &emission));
    /* Who wants everything is no reason. */
    emission.application_id = 2;
    CU_ASSERT_FALSE(emit_is_wanted(emit, &emission));
    emission.type = SLICE("other");
    emission.application_id = 1;
    CU_ASSERT_FALSE(emit_is_wanted(emit, &emission));
    end();
}

static void
test_who_waits(void)
{
    struct emission emission = task_event(50);

    begin();
    emit_add(emit, &emission);
    emission = task_event(51);
    emission.type = SLICE("nobody.wants");
    emit_add(emit, &emission);
    emission = task_event(0);
    emit_add(emit, &emission);
    write_all();
    CU_ASSERT_TRUE(emit_has_waiter(emit, 50));
    CU_ASSERT_FALSE(
        emit_has_waiter(emit, 51)); /* there is nothing to wait for */
    CU_ASSERT_FALSE(emit_has_waiter(emit, 52));
    expect_cell("the delivery is written down",
                "SELECT COUNT(*) FROM process_waits w JOIN jobs j"
                " ON j.id=w.delivery_id WHERE w.job_id=50",
                "1");
    expect_cell("and no other", "SELECT COUNT(*) FROM process_waits", "1");
    end();
}

static void
test_a_refresh_is_an_inbound_event(void)
{
    const struct emission emission = {
        .application_id = 1,
        .source_id = 7,
        .type = SLICE("task.refresh"), /* which a subscription matches */
        .data = SLICE("{}"),
        .metadata = SLICE("{\"refresh\":true}"),
        .refresh = true,
    };

    begin();
    emit_add(emit, &emission);
    write_all();
    expect_cell("the source's",
                "SELECT CONCAT_WS(' ',source_id,metadata,channels IS NULL)"
                " FROM events",
                "7 {\"refresh\":true} 1");
    expect_cell("one process job in the source's lane",
                "SELECT GROUP_CONCAT(CONCAT_WS(' ',kind,lane>>32,lane&7))"
                " FROM jobs",
                "2 7 1");
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"events get their jobs", test_events_get_their_jobs},
        {"what was given may go", test_what_was_given_may_go},
        {"a batch that is repeated", test_a_batch_that_is_repeated},
        {"who wants it", test_who_wants_it},
        {"who waits", test_who_waits},
        {"a refresh is an inbound event", test_a_refresh_is_an_inbound_event},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate())
        code = unit_run("emit", tests);
    testdb_stop();
    return code;
}
