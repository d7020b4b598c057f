/*
 * store_loop.c - see store_loop.h.
 *
 * A turn does whatever is due, most urgent first, and then waits for the
 * doorbell, for results, or for the next thing in time. A database that is
 * away costs a pause; transfers in flight go on and their results wait.
 */
#include "store_loop.h"

#include "alloc.h"
#include "ledger.h"
#include "log.h"
#include "notify.h"
#include "shutdown.h"
#include "store_state.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define AWAY_US CLOCK_US_PER_S
#define WARN_US (60 * CLOCK_US_PER_S)
#define STATUS_US (5 * CLOCK_US_PER_S)

struct scheduler_counts
store_counts(struct store_loop *loop)
{
    struct scheduler_counts counts =
        scheduler_counts(desk_lock(loop->setup.desk));

    desk_unlock(loop->setup.desk);
    return counts;
}

size_t
store_parked(const struct store_loop *loop)
{
    return flush_parked(loop->flush) + fanout_parked(loop->fanout) +
           replayer_parked(loop->replayer);
}

void
store_rest(struct store_loop *loop, enum db_result result)
{
    int64_t now_us = clock_mono_us();

    loop->away_until_us =
        now_us + (result == DB_AGAIN ? AWAY_US / 10 : AWAY_US);
    if (result == DB_AGAIN || now_us < loop->next_warning_us)
        return;
    loop->next_warning_us = now_us + WARN_US;
    log_line(result == DB_BROKEN ? LOG_ERROR : LOG_WARNING, LOGGER,
             LOG_FIELDS(LOG_TEXT("class", db_result_name(result)),
                        LOG_TEXT("error", db_error_text(loop->db))),
             "The database does not answer as it should; trying again");
}

/* --- waiting ------------------------------------------------------------ */

void
store_wait_until(struct store_loop *loop, int64_t until_us)
{
    struct pollfd fds[2] = {
        {.fd = loop->setup.desk->store_fd, .events = POLLIN},
        {.fd = loop->doorbell_fd, .events = POLLIN},
    };
    int64_t wait_us = until_us - clock_mono_us();
    struct timespec wait = {0, 0};

    if (wait_us > 0) {
        wait.tv_sec = wait_us / CLOCK_US_PER_S;
        wait.tv_nsec = (long)(wait_us % CLOCK_US_PER_S) * 1000;
    }
    if (ppoll(fds, 2, &wait, NULL) <= 0)
        return;
    if (fds[0].revents != 0)
        desk_drain(fds[0].fd);
    if (fds[1].revents != 0) {
        doorbell_drain(loop->doorbell_fd);
        loop->rang = true;
    }
}

static void
report(struct store_loop *loop)
{
    struct scheduler_counts counts;
    char text[160];

    if (clock_mono_us() < loop->next_status_us)
        return;
    loop->next_status_us = clock_mono_us() + STATUS_US;
    thrift_look(&loop->thrift, loop->setup.payloads,
                flush_written(loop->flush));
    counts = store_counts(loop);
    (void)snprintf(text, sizeof(text),
                   "WATCHDOG=1\nSTATUS=%zu shards, %zu jobs in memory, "
                   "%zu in flight, %" PRIu64 " done",
                   loop->shards, counts.tasks, counts.running,
                   flush_written(loop->flush));
    notify_send(text);
}

/* --- the thread ----------------------------------------------------------- */

static void
work(struct store_loop *loop)
{
    while (loop->phase != PHASE_OVER) {
        if (clock_mono_us() >= loop->away_until_us) {
            enum db_result result = store_turn(loop);

            if (result != DB_OK)
                store_rest(loop, result);
        } else {
            flush_collect(loop->flush);
        }
        store_advance(loop);
        report(loop);
        if (loop->phase != PHASE_OVER)
            store_wait_until(loop, store_next_turn(loop));
    }
    if (flush_waiting(loop->flush) > 0)
        log_warning(LOGGER,
                    LOG_FIELDS(LOG_INT("results", flush_waiting(loop->flush))),
                    "Results could not be stored; these deliveries will be "
                    "repeated");
}

static void *
run(void *arg)
{
    struct store_loop *loop = arg;

    loop->end = store_get_ready(loop);
    if (loop->end == STORE_STOPPED && atomic_load(&loop->asked) == 0) {
        work(loop);
        if (loop->setup.once && loop->shards == 0)
            loop->end = STORE_NO_WORK_OURS;
    }
    atomic_store(&loop->ended, true);
    shutdown_request();
    return NULL;
}

struct store_loop *
store_loop_start(const struct store_setup *setup)
{
    struct store_loop *loop = xcalloc(1, sizeof(*loop));
    int failed;

    loop->setup = *setup;
    store_open(loop);
    failed = pthread_create(&loop->thread, NULL, run, loop);
    if (failed == 0)
        return loop;
    store_close(loop);
    errno = failed;
    return NULL;
}

void
store_loop_stop(struct store_loop *loop, bool now)
{
    atomic_store(&loop->asked, now ? 2 : 1);
    desk_wake_store(loop->setup.desk);
}

bool
store_loop_ended(const struct store_loop *loop)
{
    return atomic_load(&loop->ended);
}

enum store_end
store_loop_join(struct store_loop *loop)
{
    (void)pthread_join(loop->thread, NULL);
    return loop->end;
}

void
store_loop_free(struct store_loop *loop)
{
    /* What the delivery loop had to cut at the end comes back here. */
    flush_collect(loop->flush);
    store_drop_waiting(loop);
    /* Without a database it would only cost a time-out. */
    if (db_connected(loop->db))
        monitor_end(loop->monitor);
    if (db_connected(loop->db) &&
        ledger_close(loop->setup.desk, loop->db, &loop->lease) != DB_OK)
        log_warning(LOGGER,
                    LOG_FIELDS(LOG_TEXT("error", db_error_text(loop->db))),
                    "What is known of some receivers could not be stored");
    lease_release(&loop->lease, loop->db);
    store_close(loop);
}
