/*
 * store_loop.h - the store thread: all SQL of the worker, in turns.
 *
 * Keeps the leases, brings jobs into the scheduler, writes results, keeps
 * house. Ends when it is told to, when its time is over, or (once) when
 * nothing is due.
 */
#ifndef STORE_LOOP_H
#define STORE_LOOP_H

#include "catalog.h"
#include "desk.h"
#include "follower.h"
#include "payloads.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

enum store_end {
    STORE_STOPPED,      /* as asked, or everything is done */
    STORE_AWAY,         /* a run of limited time found no database */
    STORE_NO_WORK_OURS, /* all shards belong to other workers */
    STORE_REFUSED       /* the database is not one for this program: logged */
};

/* All of them outlive the thread. */
struct store_setup {
    const struct settings *settings;
    struct catalog *catalog;
    struct payloads *payloads;
    struct follower *follower;
    struct desk *desk;
    int64_t deadline_us; /* monotonic; 0 = none */
    bool once;           /* end when nothing is due before the deadline */
};

struct store_loop;

/* Starts the thread; NULL with errno. */
struct store_loop *store_loop_start(const struct store_setup *setup);

/* From another thread. now: do not wait for transfers in flight. */
void store_loop_stop(struct store_loop *loop, bool now);

/* True when the thread has come to its end; the process is then asked to stop
   (shutdown_request()), which wakes whoever waits for signals. */
bool store_loop_ended(const struct store_loop *loop);

/* Waits for the thread to end. */
enum store_end store_loop_join(struct store_loop *loop);

/* After that, and after the delivery loop has ended: gives the leases back and
   frees everything. */
void store_loop_free(struct store_loop *loop);

#endif /* STORE_LOOP_H */
