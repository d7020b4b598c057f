/*
 * test_waiting_room.c - unit tests for fcgi/waiting_room.c
 */
#include "waiting_room.h"

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define CALLS 2000

static struct waiting_room *room;
static struct call calls[CALLS];
static atomic_uint taken[CALLS];

static void
test_in_order(void)
{
    size_t i;

    room = waiting_room_new();
    for (i = 0; i < 3; i++)
        waiting_room_enter(room, &calls[i], 0);
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[0]);
    waiting_room_enter(room, &calls[0], 0);
    waiting_room_close(room);
    /* Who is in it comes out still. */
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[1]);
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[2]);
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[0]);
    CU_ASSERT_PTR_NULL(waiting_room_next(room));
    CU_ASSERT_PTR_NULL(waiting_room_next(room));
    waiting_room_free(room);
}

/* Who came too long ago may be sent away, the others stay in order. */
static void
test_expired(void)
{
    size_t i;

    room = waiting_room_new();
    CU_ASSERT_PTR_NULL(waiting_room_expired(room, INT64_MAX));
    for (i = 0; i < 4; i++)
        waiting_room_enter(room, &calls[i], (int64_t)i * 10);
    CU_ASSERT_PTR_NULL(waiting_room_expired(room, 0));
    CU_ASSERT_PTR_EQUAL(waiting_room_expired(room, 20), &calls[0]);
    CU_ASSERT_PTR_EQUAL(waiting_room_expired(room, 20), &calls[1]);
    CU_ASSERT_PTR_NULL(waiting_room_expired(room, 20));
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[2]);
    CU_ASSERT_PTR_EQUAL(waiting_room_expired(room, 31), &calls[3]);
    /* The last one has gone: the next one is found again. */
    waiting_room_enter(room, &calls[0], 40);
    waiting_room_close(room);
    CU_ASSERT_PTR_EQUAL(waiting_room_next(room), &calls[0]);
    CU_ASSERT_PTR_NULL(waiting_room_next(room));
    waiting_room_free(room);
}

static void *
take_calls(void *unused)
{
    struct call *call;

    while ((call = waiting_room_next(room)) != NULL)
        atomic_fetch_add(&taken[call - calls], 1);
    return unused;
}

static void
test_each_call_once(void)
{
    pthread_t threads[THREADS];
    size_t i;

    room = waiting_room_new();
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_calls, NULL);
    for (i = 0; i < CALLS; i++)
        waiting_room_enter(room, &calls[i], 0);
    waiting_room_close(room);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < CALLS; i++)
        CU_ASSERT_EQUAL(atomic_load(&taken[i]), 1);
    waiting_room_free(room);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"in order", test_in_order},
        {"expired", test_expired},
        {"each call once", test_each_call_once},
        CU_TEST_INFO_NULL,
    };

    return unit_run("waiting_room", tests);
}
