/*
 * test_payloads.c - unit tests for worker/store/payloads.c against a real
 * database: which events are in memory, and how many.
 *
 * Whether one is there shows once its row is gone: then it is served, or not.
 */
#include "payloads.h"

#include "alloc.h"
#include "testdb.h"
#include "unit.h"

#define EVENTS 20
#define BYTES 40000           /* of each payload; a little more in memory */
#define MEMORY (10 * BYTES)   /* idle: two events, read at once: five */
#define NOWHERE (EVENTS + 10) /* there is no such event */

static struct db *db;
static struct payloads *payloads;

static void
begin(size_t bytes, size_t event_bytes)
{
    db = db_new(&testdb_settings);
    payloads = payloads_new(bytes, event_bytes);
    testdb_execf(db,
                 "INSERT INTO events (id,application_id,type,verified,payload)"
                 " SELECT seq,seq+100,'a.b',1,REPEAT(CHAR(seq+64),%d)"
                 " FROM seq_1_to_%d",
                 BYTES, EVENTS);
}

static void
forget_rows(void)
{
    testdb_exec(db, "DELETE FROM events");
}

static void
end(void)
{
    payloads_free(payloads);
    forget_rows();
    db_free(db);
}

static struct task *
make_task(uint64_t event_id)
{
    struct task *task = xcalloc(1, sizeof(*task));

    task->job.event_id = event_id;
    return task;
}

/* A task with its event. */
static struct task *
take(uint64_t event_id)
{
    struct task *task = make_task(event_id);
    size_t served = 0;

    CU_ASSERT_EQUAL_FATAL(payloads_serve(payloads, db, &task, 1, &served),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(served, 1);
    return task;
}

static void
give(struct task *task)
{
    payloads_free_task(payloads, task);
}

static void
give_all(struct task **tasks, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        give(tasks[i]);
}

/* After forget_rows(). */
static bool
is_in_memory(uint64_t event_id)
{
    struct task *task = take(event_id);
    bool is = task->event != NULL;

    give(task);
    return is;
}

static bool
is_whole(const struct event *event, uint64_t id)
{
    size_t i;

    if (event == NULL || event->id != id || event->application_id != id + 100 ||
        !slice_is(event->type, "a.b") || event->payload.len != BYTES)
        return false;
    for (i = 0; i < BYTES; i++) {
        if (event->payload.ptr[i] != (char)(id + 64))
            return false;
    }
    return true;
}

static void
test_idle_events_stay_within_a_quarter(void)
{
    begin(MEMORY, BYTES);
    give(take(1));
    give(take(2));
    give(take(1)); /* so 2 was not used for longest */
    give(take(3));
    forget_rows();
    CU_ASSERT_TRUE(is_in_memory(1));
    CU_ASSERT_FALSE(is_in_memory(2));
    CU_ASSERT_TRUE(is_in_memory(3));
    end();
}

static void
test_the_longest_unused_goes_first(void)
{
    uint64_t id;

    begin(MEMORY, BYTES);
    for (id = 1; id <= EVENTS; id++)
        give(take(id));
    forget_rows();
    for (id = 1; id <= EVENTS; id++)
        CU_ASSERT_EQUAL(is_in_memory(id), id > EVENTS - 2);
    end();
}

static void
test_pinned_events_stay(void)
{
    struct task *tasks[4], *other = make_task(1);
    size_t i;

    begin(MEMORY, BYTES);
    for (i = 0; i < 4; i++)
        tasks[i] = take(i + 1);
    other->event = tasks[0]->event;
    payloads_pin(payloads, other->event);
    give(tasks[0]); /* event 1 has another owner */
    tasks[0] = other;
    payloads_shrink(payloads);
    forget_rows();
    for (i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(is_whole(tasks[i]->event, i + 1));
        CU_ASSERT_TRUE(is_in_memory(i + 1));
    }
    give_all(tasks, 4);
    CU_ASSERT_FALSE(is_in_memory(1));
    CU_ASSERT_FALSE(is_in_memory(2));
    CU_ASSERT_TRUE(is_in_memory(3));
    CU_ASSERT_TRUE(is_in_memory(4));
    end();
}

static void
test_shrinking_forgets_what_is_idle(void)
{
    struct task *pinned;

    begin(MEMORY, BYTES);
    give(take(1));
    pinned = take(2);
    payloads_shrink(payloads);
    give(take(3)); /* it goes on */
    forget_rows();
    CU_ASSERT_FALSE(is_in_memory(1));
    CU_ASSERT_TRUE(is_in_memory(2));
    CU_ASSERT_TRUE(is_in_memory(3));
    give(pinned);
    payloads_shrink(payloads);
    CU_ASSERT_FALSE(is_in_memory(2));
    CU_ASSERT_FALSE(is_in_memory(3));
    end();
}

static void
test_nothing_more_is_read_into_full_memory(void)
{
    struct task *tasks[EVENTS];
    size_t i, served;

    begin(MEMORY, BYTES);
    for (i = 0; i < EVENTS; i++)
        tasks[i] = make_task(i + 1);
    CU_ASSERT_TRUE(payloads_have_room(payloads));
    CU_ASSERT_EQUAL(payloads_serve(payloads, db, tasks, EVENTS, &served),
                    DB_OK);
    CU_ASSERT_EQUAL_FATAL(served, 10);
    CU_ASSERT_FALSE(payloads_have_room(payloads));
    for (i = 0; i < EVENTS; i++) {
        CU_ASSERT_EQUAL(is_whole(tasks[i]->event, i + 1), i < 10);
        CU_ASSERT_EQUAL(tasks[i]->event_bytes > BYTES, i < 10);
    }
    CU_ASSERT_EQUAL(
        payloads_serve(payloads, db, tasks + 10, EVENTS - 10, &served), DB_OK);
    CU_ASSERT_EQUAL(served, 0);
    give_all(tasks, 3);
    CU_ASSERT_TRUE(payloads_have_room(payloads));
    CU_ASSERT_EQUAL(
        payloads_serve(payloads, db, tasks + 10, EVENTS - 10, &served), DB_OK);
    CU_ASSERT_EQUAL(served, 5); /* as many as are read at once */
    CU_ASSERT_FALSE(payloads_have_room(payloads));
    give_all(tasks + 3, EVENTS - 3);
    CU_ASSERT_TRUE(payloads_have_room(payloads));
    end();
}

static void
test_one_copy_serves_all(void)
{
    struct task *tasks[EVENTS];
    uint64_t before;
    size_t i, served;

    begin(2 * BYTES, BYTES); /* room for two */
    for (i = 0; i < EVENTS; i++)
        tasks[i] = make_task(1);
    CU_ASSERT_EQUAL_FATAL(db_connect(db), DB_OK);
    before = db_statements(db);
    CU_ASSERT_EQUAL(payloads_serve(payloads, db, tasks, EVENTS, &served),
                    DB_OK);
    CU_ASSERT_EQUAL(served, EVENTS);
    CU_ASSERT_EQUAL(db_statements(db), before + 1);
    CU_ASSERT_TRUE(payloads_have_room(payloads));
    for (i = 0; i < EVENTS; i++)
        CU_ASSERT_PTR_EQUAL(tasks[i]->event, tasks[0]->event);
    CU_ASSERT_TRUE(is_whole(tasks[0]->event, 1));
    give_all(tasks, EVENTS);
    end();
}

static void
test_an_event_that_does_not_exist(void)
{
    struct task *task;

    begin(MEMORY, BYTES);
    task = take(NOWHERE);
    CU_ASSERT_PTR_NULL(task->event);
    CU_ASSERT_EQUAL(task->event_bytes, 0);
    give(task);
    end();
}

/* The first has come, where the second may be cannot be asked. */
static void
test_a_failure_pins_nothing(void)
{
    struct task *tasks[2] = {make_task(1), make_task(NOWHERE)};
    size_t served;

    begin(BYTES, BYTES / 4); /* no room beside one; two are read at once */
    testdb_exec(db, "RENAME TABLE events_kept TO events_gone");
    CU_ASSERT_EQUAL(payloads_serve(payloads, db, tasks, 2, &served), DB_BROKEN);
    testdb_exec(db, "RENAME TABLE events_gone TO events_kept");
    CU_ASSERT_EQUAL(served, 0);
    CU_ASSERT_PTR_NULL(tasks[0]->event);
    CU_ASSERT_TRUE(payloads_have_room(payloads));
    CU_ASSERT_EQUAL(payloads_serve(payloads, db, tasks, 2, &served), DB_OK);
    CU_ASSERT_EQUAL(served, 2);
    CU_ASSERT_TRUE(is_whole(tasks[0]->event, 1));
    CU_ASSERT_PTR_NULL(tasks[1]->event);
    CU_ASSERT_FALSE(payloads_have_room(payloads));
    give_all(tasks, 2);
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"idle events stay within a quarter",
         test_idle_events_stay_within_a_quarter},
        {"the longest unused goes first", test_the_longest_unused_goes_first},
        {"pinned events stay", test_pinned_events_stay},
        {"shrinking forgets what is idle", test_shrinking_forgets_what_is_idle},
        {"nothing more is read into full memory",
         test_nothing_more_is_read_into_full_memory},
        {"one copy serves all", test_one_copy_serves_all},
        {"an event that does not exist", test_an_event_that_does_not_exist},
        {"a failure pins nothing", test_a_failure_pins_nothing},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate())
        rc = unit_run("payloads", tests);
    testdb_stop();
    return rc;
}
