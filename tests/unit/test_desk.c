/*
 * test_desk.c - unit tests for worker/store/desk.c: two threads at one desk.
 */
#include "desk.h"
#include "unit.h"

#include <errno.h>
#include <sched.h>

static struct desk desk;
static _Atomic int turns; /* of the other thread */

static void
setup(void *arg, uint64_t lane, struct lane_config *out)
{
    (void)arg;
    (void)lane;
    *out = (struct lane_config){.mode = LANE_REMOTE, .window = 1};
}

static void *
take_a_turn(void *arg)
{
    (void)arg;
    (void)desk_lock(&desk);
    atomic_fetch_add(&turns, 1);
    desk_unlock(&desk);
    return NULL;
}

static bool
somebody_waits(void)
{
    if (pthread_mutex_trylock(&desk.door) == EBUSY)
        return true;
    pthread_mutex_unlock(&desk.door);
    return false;
}

/* A plain unlock and lock would mostly come back before the other has woken. */
static void
test_who_waits_is_let_in(void)
{
    static const struct scheduler_limits limits = {
        .slots = 1, .lane_window = 1, .tasks = 1};
    pthread_t other;
    int i;

    CU_ASSERT_FATAL(desk_init(&desk, scheduler_new(&limits, setup, NULL), 1));
    (void)desk_lock(&desk);
    desk_let_in(&desk); /* nobody is there */
    for (i = 1; i <= 1000; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, take_a_turn, NULL),
                              0);
        while (!somebody_waits())
            sched_yield();
        CU_ASSERT_EQUAL(atomic_load(&turns), i - 1);
        desk_let_in(&desk);
        CU_ASSERT_EQUAL(atomic_load(&turns), i);
        CU_ASSERT_EQUAL(pthread_join(other, NULL), 0);
    }
    desk_unlock(&desk);
    desk_destroy(&desk);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"who waits is let in", test_who_waits_is_let_in},
        CU_TEST_INFO_NULL,
    };

    return unit_run("desk", tests);
}
