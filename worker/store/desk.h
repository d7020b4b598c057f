/*
 * desk.h - where the store thread and the delivery loop meet.
 *
 * One lock around the scheduler and the list of finished tasks, an eventfd to
 * wake each side, and the orders that the loop obeys. The loop takes its next
 * tasks itself, so deliveries go on while the store thread waits for the
 * database.
 */
#ifndef DESK_H
#define DESK_H

#include "scheduler.h"
#include "task.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct names;

enum desk_order {
    DESK_RUN,
    DESK_FINISH, /* start nothing, let transfers end */
    DESK_ABORT,  /* stop all transfers: their jobs are still to be done */
    DESK_QUIT    /* and leave the thread */
};

struct desk {
    pthread_mutex_t lock;
    pthread_mutex_t door;        /* held while waiting for the lock */
    struct scheduler *scheduler; /* under the lock */
    struct task_list finished;   /* under the lock */
    size_t batch; /* finished tasks that are worth waking the store for */
    int store_fd; /* eventfd: something finished */
    int loop_fd;  /* eventfd: work, or other orders */
    _Atomic enum desk_order order;
    _Atomic int64_t
        lease_until_us;   /* clock_boot_us(): no transfer outlives it */
    _Atomic bool orphans; /* some running tasks are orphans: stop them */
    struct names *names;  /* what both look up (names.h), or NULL */
};

/* Takes the scheduler over. False: errno says why. */
bool desk_init(struct desk *desk, struct scheduler *scheduler, size_t batch)
    __attribute__((warn_unused_result));
void desk_destroy(struct desk *desk); /* frees the scheduler as well */

/* The scheduler, which is the caller's until desk_unlock(). */
struct scheduler *desk_lock(struct desk *desk);
void desk_unlock(struct desk *desk);
/* In the midst of long work under the lock: who waits for it has it first. */
void desk_let_in(struct desk *desk);

void desk_wake_loop(struct desk *desk);
void desk_wake_store(struct desk *desk);
/* Empties an eventfd that has become readable. */
void desk_drain(int fd);

void desk_give_order(struct desk *desk, enum desk_order order);

/*
 * The loop hands over what is done (the list is empty afterwards) and gets up
 * to max tasks to run; with max = 0 none. *again_us: when to ask again although
 * nothing has happened meanwhile, INT64_MAX = not.
 */
size_t desk_exchange(struct desk *desk, struct task_list *done,
                     struct task **next, size_t max, int64_t *again_us);

/* What a task sends is on its way; of tasks that are paced. */
void desk_sent(struct desk *desk, struct task *task);

/* The store takes what has finished, appended to its list. */
void desk_collect(struct desk *desk, struct task_list *done);

#endif /* DESK_H */
