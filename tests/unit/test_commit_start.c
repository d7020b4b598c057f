/*
 * test_commit_start.c - unit tests for the half of core/ingest/commit.c that does not
 * wait: events are handed in, and somebody else is told what became of them.
 */
#include "commit_fixture.h"
#include "unit.h"

#include <semaphore.h>

#define MANY 1500

struct handed_in {
    struct commit_request request;
    struct new_event event;
    char external[32];
    atomic_uint told;
};

static sem_t told; /* once for each request */

static void
tell(struct commit_request *request)
{
    struct handed_in *one = request->arg;

    atomic_fetch_add(&one->told, 1);
    sem_post(&told);
}

static struct handed_in *
hand_in(size_t count)
{
    struct handed_in *all = xcalloc(count, sizeof(*all));
    size_t i;

    for (i = 0; i < count; i++) {
        snprintf(all[i].external, sizeof(all[i].external), "later-%zu", i);
        all[i].event = make_event("a.b", ROUTE_PROCESS);
        all[i].event.external_id = slice_of(all[i].external);
        all[i].request = (struct commit_request){
            .events = &all[i].event, .count = 1, .done = tell, .arg = &all[i]};
        commit_start(t.committer, &all[i].request);
    }
    return all;
}

static size_t
count_told(const struct handed_in *all, size_t handed, enum db_result result)
{
    size_t i, found = 0;

    for (i = 0; i < handed; i++)
        found +=
            atomic_load(&all[i].told) == 1 && all[i].request.result == result;
    return found;
}

/* Handing in takes no time, whatever the database does. */
static void
test_nobody_waits(void)
{
    struct handed_in *all;
    size_t i;

    set_up();
    sem_init(&told, 0, 0);
    testdb_exec(t.db, "LOCK TABLES events WRITE");
    all = hand_in(MANY);
    CU_ASSERT_EQUAL(count_told(all, MANY, DB_OK), 0);
    testdb_exec(t.db, "UNLOCK TABLES");
    for (i = 0; i < MANY; i++)
        sem_wait(&told);
    CU_ASSERT_EQUAL(count_told(all, MANY, DB_OK), MANY);
    CU_ASSERT_EQUAL(count("events", "external_id LIKE 'later-%'"), MANY);
    for (i = 0; i < MANY; i++)
        CU_ASSERT_NOT_EQUAL(all[i].event.id, 0);
    free(all);
    sem_destroy(&told);
    tear_down();
}

static void
test_the_end_waits_for_all(void)
{
    struct handed_in *all;

    set_up();
    sem_init(&told, 0, 0);
    all = hand_in(MANY);
    commit_free(t.committer);
    CU_ASSERT_EQUAL(count_told(all, MANY, DB_OK), MANY);
    CU_ASSERT_EQUAL(count("events", "external_id LIKE 'later-%'"), MANY);
    free(all);
    sem_destroy(&told);
    t.committer = NULL;
    tear_down();
}

/* Once it is known that the database is away, it is not asked each time. */
static void
test_away(void)
{
    struct handed_in *all;
    size_t i;

    set_up();
    sem_init(&told, 0, 0);
    dbproxy_stop();
    all = hand_in(MANY);
    for (i = 0; i < MANY; i++)
        sem_wait(&told);
    CU_ASSERT_EQUAL(count_told(all, MANY, DB_AWAY), MANY);
    CU_ASSERT_EQUAL(count("events", "1"), 0);
    free(all);
    sem_destroy(&told);
    dbproxy_start();
    tear_down();
}

static void
test_nothing_is_done_at_once(void)
{
    struct handed_in one = {.told = 0};

    set_up();
    sem_init(&told, 0, 0);
    one.request = (struct commit_request){.done = tell, .arg = &one};
    commit_start(t.committer, &one.request);
    CU_ASSERT_EQUAL(atomic_load(&one.told), 1);
    CU_ASSERT_EQUAL(one.request.result, DB_OK);
    sem_destroy(&told);
    tear_down();
}

static int
run(void)
{
    CU_TestInfo tests[] = {
        {"nobody waits", test_nobody_waits},
        {"the end waits for all", test_the_end_waits_for_all},
        {"away", test_away},
        {"nothing is done at once", test_nothing_is_done_at_once},
        CU_TEST_INFO_NULL,
    };

    return unit_run("commit_start", tests);
}

int
main(void)
{
    return commit_fixture_run(run);
}
