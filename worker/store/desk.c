/*
 * desk.c - see desk.h.
 */
#include "desk.h"

#include "clock.h"
#include "random.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool
desk_init(struct desk *desk, struct scheduler *scheduler, size_t batch)
{
    int failed;

    *desk = (struct desk){
        .scheduler = scheduler,
        .finished = TASK_LIST_INIT,
        .batch = batch,
        .store_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .loop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    atomic_init(&desk->order, DESK_RUN);
    atomic_init(&desk->lease_until_us, 0);
    atomic_init(&desk->orphans, false);
    failed = pthread_mutex_init(&desk->lock, NULL);
    assert(failed == 0);
    failed = pthread_mutex_init(&desk->door, NULL);
    assert(failed == 0);
    (void)failed;
    if (desk->store_fd < 0 || desk->loop_fd < 0) {
        desk_destroy(desk);
        return false;
    }
    return true;
}

void
desk_destroy(struct desk *desk)
{
    int saved = errno;

    if (desk->store_fd >= 0)
        (void)close(desk->store_fd);
    if (desk->loop_fd >= 0)
        (void)close(desk->loop_fd);
    pthread_mutex_destroy(&desk->door);
    pthread_mutex_destroy(&desk->lock);
    scheduler_free(desk->scheduler);
    errno = saved;
}

struct scheduler *
desk_lock(struct desk *desk)
{
    pthread_mutex_lock(&desk->door);
    pthread_mutex_lock(&desk->lock);
    pthread_mutex_unlock(&desk->door);
    return desk->scheduler;
}

void
desk_unlock(struct desk *desk)
{
    pthread_mutex_unlock(&desk->lock);
}

void
desk_let_in(struct desk *desk)
{
    desk_unlock(desk);
    (void)desk_lock(desk);
}

/* A full counter wakes as well as any other: nothing to do about errors. */
static void
wake(int fd)
{
    uint64_t one = 1;
    ssize_t n;

    do {
        n = write(fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
}

void
desk_wake_loop(struct desk *desk)
{
    wake(desk->loop_fd);
}

void
desk_wake_store(struct desk *desk)
{
    wake(desk->store_fd);
}

void
desk_drain(int fd)
{
    uint64_t count;
    ssize_t n;

    do {
        n = read(fd, &count, sizeof(count));
    } while (n < 0 && errno == EINTR);
}

void
desk_give_order(struct desk *desk, enum desk_order order)
{
    atomic_store(&desk->order, order);
    desk_wake_loop(desk);
}

size_t
desk_exchange(struct desk *desk, struct task_list *done, struct task **next,
              size_t max, int64_t *again_us)
{
    struct scheduler *scheduler = desk_lock(desk);
    int64_t now_us = clock_mono_us();
    size_t n = 0, before, after;
    struct task *task;

    before = desk->finished.count;
    while ((task = task_list_pop(done)) != NULL) {
        scheduler_end(scheduler, task, now_us, random_u32());
        task_list_add(&desk->finished, task);
    }
    while (n < max && (next[n] = scheduler_next(scheduler, now_us)) != NULL)
        n++;
    scheduler_take_expired(scheduler, &desk->finished);
    after = desk->finished.count;
    *again_us = max > 0 ? scheduler_next_start(scheduler) : INT64_MAX;
    desk_unlock(desk);
    /* Once for the first, so that the store's clock starts; once for a full
       batch. What comes between is found when it looks. */
    if ((before == 0 && after > 0) ||
        (before < desk->batch && after >= desk->batch))
        desk_wake_store(desk);
    return n;
}

void
desk_sent(struct desk *desk, struct task *task)
{
    scheduler_sent(desk_lock(desk), task, clock_mono_us());
    desk_unlock(desk);
}

void
desk_collect(struct desk *desk, struct task_list *done)
{
    scheduler_take_expired(desk_lock(desk), done);
    task_list_append(done, &desk->finished);
    desk_unlock(desk);
}
