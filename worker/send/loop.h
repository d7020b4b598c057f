/*
 * loop.h - the delivery loop: one thread with epoll and a libcurl multi
 * handle that runs the tasks it takes from the desk.
 */
#ifndef LOOP_H
#define LOOP_H

#include "buf.h"
#include "catalog.h"
#include "desk.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/*
 * Starts the thread. deadline_us: monotonic time when this process must be
 * done, 0 = none; no request is started that would not fit before it. NULL:
 * *why says what is wrong. All arguments outlive the loop.
 */
struct loop *loop_start(const struct settings *settings, struct desk *desk,
                        struct catalog *catalog, int64_t deadline_us,
                        struct buf *why) __attribute__((warn_unused_result));

/* After the order DESK_QUIT: waits for the thread and frees it. */
void loop_join(struct loop *loop);

#endif /* LOOP_H */
