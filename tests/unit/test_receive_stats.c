/*
 * test_receive_stats.c - tests for fcgi/receive/receive_stats.c: who waits for
 * a database that hangs, and who does not.
 */
#include "receive_stats.h"

#include "asker.h"
#include "proxied.h"
#include "testdb.h"
#include "unit.h"

#include <time.h>

#define ASKED "SELECT s.name" /* how the statement begins */

static struct {
    struct settings settings;
    struct app app;
} t;

static void
set_up(void)
{
    char proxy[96];
    char *impatient[] = {(char[]){"db_timeout_s=3"}, proxy};

    snprintf(proxy, sizeof(proxy), "db_socket=%s", dbproxy.path);
    CU_ASSERT_FATAL(testdb_load(&t.settings, impatient, 2));
    t.app = (struct app){.settings = &t.settings};
    t.app.pool = db_pool_new(&t.settings, 8);
}

static void
tear_down(void)
{
    db_pool_free(t.app.pool);
    settings_free(&t.settings);
}

/* The status of an answer; *body is what it says. */
static int
get(struct buf *body)
{
    struct request request;
    struct reply reply;
    struct exchange exchange = {
        .app = &t.app, .request = &request, .reply = &reply, .may_wait = true};
    int status;

    request_init(&request, 0);
    reply_init(&reply);
    receive_stats_routes[0].handle(&exchange);
    status = reply.status;
    buf_add_slice(body, buf_slice(&reply.body));
    reply_free(&reply);
    request_free(&request);
    return status;
}

static void
ask(struct asker *asker)
{
    struct buf body = BUF_INIT(100000);
    int *status = asker->what;

    *status = get(&body);
    buf_free(&body);
}

/* How many ask the database. */
static uint64_t
asked_now(void)
{
    return testdb_u64(asker_stall_state.db,
                      "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                      "WHERE DB = DATABASE() AND INFO LIKE '" ASKED "%'");
}

/* Nothing is known yet, and nothing is to be had: they hear so together, not
   each after a time-out of its own. */
static void
test_a_failure_is_shared(void)
{
    enum { ASKERS = 4 };
    struct asker askers[ASKERS];
    int status[ASKERS];
    size_t i;

    set_up();
    asker_stall("rollup_sources");
    for (i = 0; i < ASKERS; i++)
        asker_start(&askers[i], ask, &status[i]);
    CU_ASSERT(waits_for(asker_stall_state.db, ASKED));
    CU_ASSERT_EQUAL(asked_now(), 1);
    dbproxy_catch(ASKED);
    for (i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        CU_ASSERT_EQUAL(status[i], 503);
    }
    CU_ASSERT_PTR_NOT_NULL(atomic_load(&dbproxy.catch_text)); /* not again */
    asker_go_on();
    asker_end_stall();
    tear_down();
}

/* One reads for all who ask meanwhile. */
static void
test_an_answer_is_shared(void)
{
    enum { ASKERS = 4 };
    struct asker askers[ASKERS];
    int status[ASKERS];
    size_t i;

    set_up();
    asker_stall("rollup_sources");
    for (i = 0; i < ASKERS; i++)
        asker_start(&askers[i], ask, &status[i]);
    CU_ASSERT(waits_for(asker_stall_state.db, ASKED));
    for (i = 0; i < ASKERS; i++)
        CU_ASSERT(!atomic_load(&askers[i].done));
    CU_ASSERT_EQUAL(asked_now(), 1);
    asker_go_on();
    for (i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        CU_ASSERT_EQUAL(status[i], 200);
    }
    asker_end_stall();
    tear_down();
}

static void
test_an_old_answer_is_good_meanwhile(void)
{
    struct buf before = BUF_INIT(100000), meanwhile = BUF_INIT(100000);
    const struct timespec until_old = {.tv_sec = 1, .tv_nsec = 100000000};
    struct asker reader;
    int status;

    set_up();
    CU_ASSERT_EQUAL(get(&before), 200);
    nanosleep(&until_old, NULL);
    asker_stall("rollup_sources");
    asker_start(&reader, ask, &status);
    CU_ASSERT(waits_for(asker_stall_state.db, ASKED));
    CU_ASSERT_EQUAL(get(&meanwhile), 200);
    CU_ASSERT(!atomic_load(&reader.done));
    CU_ASSERT(slice_equal(buf_slice(&before), buf_slice(&meanwhile)));
    asker_go_on();
    pthread_join(reader.thread, NULL);
    CU_ASSERT_EQUAL(status, 200);
    asker_end_stall();
    buf_free(&before);
    buf_free(&meanwhile);
    tear_down();
}

int
main(void)
{
    /* In this order: what was read once is kept. */
    CU_TestInfo tests[] = {
        {"a failure is shared", test_a_failure_is_shared},
        {"an answer is shared", test_an_answer_is_shared},
        {"an old answer is good meanwhile",
         test_an_old_answer_is_good_meanwhile},
        CU_TEST_INFO_NULL,
    };

    return proxied_run("receive_stats", tests);
}
