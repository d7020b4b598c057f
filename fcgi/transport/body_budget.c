/*
 * body_budget.c - memory for the bodies of requests; see body_budget.h.
 */
#include "body_budget.h"

#include <assert.h>

void
body_budget_init(struct body_budget *budget, size_t max)
{
    budget->max = max;
    atomic_init(&budget->used, 0);
}

bool
body_budget_take(struct body_budget *budget, size_t bytes)
{
    size_t used = atomic_load(&budget->used);

    do {
        if (bytes > budget->max - used)
            return false;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, used + bytes));
    return true;
}

void
body_budget_give(struct body_budget *budget, size_t bytes)
{
    size_t used = atomic_fetch_sub(&budget->used, bytes);

    assert(bytes <= used);
    (void)used;
}
