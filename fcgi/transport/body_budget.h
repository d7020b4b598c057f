/*
 * body_budget.h - memory for the bodies of requests that are under way.
 *
 * A small body is part of its connection (REQUEST_KEPT_BYTES); for larger ones
 * all connections of the process together have so many bytes. Thread-safe.
 */
#ifndef BODY_BUDGET_H
#define BODY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct body_budget {
    size_t max; /* bytes */
    atomic_size_t used;
};

void body_budget_init(struct body_budget *budget, size_t max);

/* False: so many bytes are not left, and none are taken. */
bool body_budget_take(struct body_budget *budget, size_t bytes)
    __attribute__((warn_unused_result));
void body_budget_give(struct body_budget *budget, size_t bytes);

#endif /* BODY_BUDGET_H */
