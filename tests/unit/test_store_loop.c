/*
 * test_store_loop.c - unit tests for worker/store/store_loop.c: what the store
 * thread has to know before it works, whatever happens to the database.
 */
#include "clock.h"
#include "names.h"
#include "proxied.h"
#include "shutdown.h"
#include "store_loop.h"
#include "unit.h"
#include "worker_fixture.h"

#include <poll.h>

#define WAIT_US (20 * CLOCK_US_PER_S)

static bool
knows_name(void)
{
    struct buf name = BUF_INIT(100);
    bool knows;

    names_print(t.desk.names, 1, SLICE("cafe"), &name);
    knows = slice_is(buf_slice(&name), "Tasks");
    buf_free(&name);
    return knows;
}

/* The thread's own lease, not the fixture's. */
static struct store_loop *
start_thread(void)
{
    const struct store_setup setup = {
        .settings = &proxied,
        .catalog = t.catalog,
        .payloads = t.payloads,
        .follower = &t.follower,
        .desk = &t.desk,
    };
    struct store_loop *loop;

    lease_release(&t.lease, t.db);
    t.desk.names = names_new();
    loop = store_loop_start(&setup);
    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    return loop;
}

static void
end_thread(struct store_loop *loop)
{
    store_loop_stop(loop, true);
    CU_ASSERT_EQUAL(store_loop_join(loop), STORE_STOPPED);
    store_loop_free(loop);
    names_free(t.desk.names);
}

/* Rules call tables by their names: none of them would fire. */
static void
test_names_are_loaded_in_spite_of_a_lost_connection(void)
{
    int64_t until_us = clock_mono_us() + WAIT_US;
    struct store_loop *loop;

    set_up(&proxied);
    testdb_exec(t.late, "INSERT INTO source_names (source_id, entity_id, name)"
                        " VALUES (1, 'cafe', 'Tasks')");
    dbproxy_fail("FROM source_names", DBPROXY_BEFORE, 2);
    loop = start_thread();
    while (!knows_name() && clock_mono_us() < until_us)
        (void)poll(NULL, 0, 10);
    CU_ASSERT_TRUE(knows_name());
    CU_ASSERT_EQUAL(atomic_load(&dbproxy.failures), 0);
    end_thread(loop);
    dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
    testdb_exec(t.late, "DELETE FROM source_names");
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"names are loaded in spite of a lost connection",
         test_names_are_loaded_in_spite_of_a_lost_connection},
        CU_TEST_INFO_NULL,
    };

    shutdown_install();
    return proxied_run("store_loop", tests);
}
