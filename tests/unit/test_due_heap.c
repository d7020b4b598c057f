/*
 * test_due_heap.c - unit tests for worker/schedule/due_heap.c
 */
#include "due_heap.h"
#include "unit.h"

#include <stdbool.h>

#define MANY 500

static uint32_t seed;

/* Numbers without a pattern, the same at every run. */
static uint32_t
next_number(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void
test_order(void)
{
    struct due_heap heap = {NULL, 0, 0};
    struct due dues[MANY] = {{0, 0}};
    int64_t last = -1;
    size_t i, n = 0;

    seed = 1;
    for (i = 0; i < MANY; i++)
        due_set(&heap, &dues[i], next_number() % 100);
    while (due_top(&heap) != NULL) {
        struct due *due = due_top(&heap);

        CU_ASSERT(due->at_us >= last);
        last = due->at_us;
        due_remove(&heap, due);
        CU_ASSERT_EQUAL(due->place, 0);
        n++;
    }
    CU_ASSERT_EQUAL(n, MANY);
    due_heap_free(&heap);
}

/* Against the obvious: after every change the top is the least of those in. */
static void
test_changes(void)
{
    struct due_heap heap = {NULL, 0, 0};
    struct due dues[MANY] = {{0, 0}};
    size_t i, step;

    seed = 7;
    for (step = 0; step < 5000; step++) {
        struct due *due = &dues[next_number() % MANY];
        struct due *least = NULL;

        if (next_number() % 3 == 0)
            due_remove(&heap, due);
        else
            due_set(&heap, due, next_number() % 1000);
        for (i = 0; i < MANY; i++) {
            if (dues[i].place > 0 &&
                (least == NULL || dues[i].at_us < least->at_us))
                least = &dues[i];
        }
        CU_ASSERT_EQUAL(due_top(&heap) == NULL, least == NULL);
        if (least != NULL && due_top(&heap) != NULL)
            CU_ASSERT_EQUAL(due_top(&heap)->at_us, least->at_us);
    }
    due_heap_free(&heap);
}

static void
test_edges(void)
{
    struct due_heap heap = {NULL, 0, 0};
    struct due due = {0, 0};

    CU_ASSERT_PTR_NULL(due_top(&heap));
    due_remove(&heap, &due); /* is in no heap: harmless */
    due_set(&heap, &due, 5);
    due_set(&heap, &due, 9); /* moves, is not added twice */
    CU_ASSERT_EQUAL(heap.count, 1);
    CU_ASSERT_EQUAL(due_top(&heap)->at_us, 9);
    due_remove(&heap, &due);
    CU_ASSERT_PTR_NULL(due_top(&heap));
    due_heap_free(&heap);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"comes out in order", test_order},
        {"changes keep the order", test_changes},
        {"empty, and one entry twice", test_edges},
        CU_TEST_INFO_NULL,
    };

    return unit_run("due_heap", tests);
}
