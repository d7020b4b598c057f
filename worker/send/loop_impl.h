/*
 * loop_impl.h - the inside of the delivery loop, which its files share: sockets,
 * time and the thread (loop.c), and the transfers (loop_transfers.c). Nothing
 * else includes it.
 */
#ifndef LOOP_IMPL_H
#define LOOP_IMPL_H

#include "carrier.h"
#include "loop.h"

#include <pthread.h>

#define LOOP_NEVER INT64_MAX

struct loop {
    struct desk *desk;
    struct catalog *catalog;
    struct carrier carrier;
    int64_t deadline_us;
    int epoll_fd;
    int64_t timer_us; /* when libcurl wants to be called; LOOP_NEVER */
    int64_t rest_us;  /* when to close all connections; LOOP_NEVER */
    int64_t again_us; /* when the desk may have something; LOOP_NEVER */
    struct transfer *active;
    struct task_list done;
    bool sent; /* the desk has been told of a request on its way */
    pthread_t thread;
};

/* Begins the transfer of a task, or gives the task its result at once.
   left_ms: what it may take because of the deadline, 0 = no matter. */
void loop_begin_transfer(struct loop *loop, struct task *task,
                         const struct catalog_snapshot *snapshot,
                         int64_t left_ms);
/* Ends those that libcurl is done with. */
void loop_reap(struct loop *loop);
/* Stops all transfers, or those of orphans only; how many. */
size_t loop_cut(struct loop *loop, bool orphans_only);

#endif /* LOOP_IMPL_H */
