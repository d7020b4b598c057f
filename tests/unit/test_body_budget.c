/*
 * test_body_budget.c - unit tests for fcgi/transport/body_budget.c
 */
#include "body_budget.h"

#include "unit.h"

#include <pthread.h>
#include <stdint.h>

#define THREADS 4
#define ROUNDS 20000

static struct body_budget budget;

static void
test_bounds(void)
{
    body_budget_init(&budget, 100);
    CU_ASSERT(!body_budget_take(&budget, 101));
    CU_ASSERT(body_budget_take(&budget, 60));
    CU_ASSERT(!body_budget_take(&budget, 41));
    CU_ASSERT(!body_budget_take(&budget, SIZE_MAX));
    CU_ASSERT(body_budget_take(&budget, 40));
    CU_ASSERT(body_budget_take(&budget, 0));
    CU_ASSERT(!body_budget_take(&budget, 1));
    body_budget_give(&budget, 60);
    CU_ASSERT(body_budget_take(&budget, 59));
    CU_ASSERT_EQUAL(atomic_load(&budget.used), 99);
}

/* Each wants 30 of 100: never more than three have it. */
static void *
take_and_give(void *arg)
{
    unsigned *refused = arg;
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        if (!body_budget_take(&budget, 30)) {
            ++*refused;
            continue;
        }
        CU_ASSERT(atomic_load(&budget.used) <= 90);
        body_budget_give(&budget, 30);
    }
    return NULL;
}

static void
test_threads(void)
{
    unsigned refused[THREADS] = {0}, i;
    pthread_t threads[THREADS];

    body_budget_init(&budget, 100);
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_and_give, &refused[i]);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(atomic_load(&budget.used), 0);
    CU_ASSERT(body_budget_take(&budget, 100));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"bounds", test_bounds},
        {"threads", test_threads},
        CU_TEST_INFO_NULL,
    };

    return unit_run("body_budget", tests);
}
