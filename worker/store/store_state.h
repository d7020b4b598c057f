/*
 * store_state.h - the inside of the store thread, which its files share: the
 * start (store_start.c), the thread (store_loop.c), its turns (store_turn.c) and
 * the end (store_end.c). Nothing else includes it.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "clock.h"
#include "doorbell.h"
#include "fanout.h"
#include "flush.h"
#include "heads.h"
#include "housekeeping.h"
#include "indexer.h"
#include "lease.h"
#include "monitor.h"
#include "outbox.h"
#include "poll_plan.h"
#include "reader.h"
#include "replay.h"
#include "store_loop.h"
#include "thrift.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORE_LAST_START_US CLOCK_US_PER_S /* no new work before a deadline */

enum phase {
    PHASE_RUN,
    PHASE_FINISH, /* nothing new; transfers in flight may end */
    PHASE_CUT,    /* they have been stopped */
    PHASE_OVER
};

struct store_loop {
    struct store_setup setup;
    struct db *db;
    struct lease lease;
    struct reader *reader;
    struct heads *heads;
    struct fanout *fanout;
    struct replayer *replayer;
    struct flush *flush;
    struct notices *notices;
    struct monitor *monitor;
    struct outbox *outbox;
    struct indexer *indexer;
    struct housekeeping housekeeping;
    int64_t filtered_us; /* monotonic: when filters' counts may be written */
    struct poll_plan poll_plan;
    struct thrift thrift;
    struct doorbell *doorbell;
    int doorbell_fd; /* or -1 */
    pthread_t thread;
    _Atomic int asked; /* 1 stop, 2 stop now */
    _Atomic bool ended;
    enum store_end end;

    enum phase phase;
    int64_t phase_until_us;
    int64_t away_until_us; /* no SQL before */
    int64_t next_warning_us;
    int64_t next_status_us;
    int64_t tail_us;      /* when the tail was looked at */
    int64_t tail_next_us; /* and may be again, if it rings */
    int64_t fresh_us;     /* when all heads were, with nothing known since */
    int64_t no_shards_since_us;
    size_t shards;  /* owned when last looked at */
    uint64_t takes; /* how often shards had been taken then */
    bool tests;     /* are to be looked for */
    bool rang;      /* the tail has something new */
    bool hungry;    /* the last turn did not read all lanes that want it */
    bool ready;
};

static inline int64_t
store_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct scheduler_counts store_counts(struct store_loop *loop);

/* Jobs in memory that the database refuses for now: they are tried again from
   time to time, and not waited for. */
size_t store_parked(const struct store_loop *loop);

/* Says that the database fails, once a minute, and lets it rest. */
void store_rest(struct store_loop *loop, enum db_result result);

/* Everything that is due, most urgent first, as long as the database plays
   along. */
enum db_result store_turn(struct store_loop *loop)
    __attribute__((warn_unused_result));
/* When that is to be called again; monotonic. */
int64_t store_next_turn(struct store_loop *loop);

/* Waits for the doorbell, for results, for other orders, or until then. */
void store_wait_until(struct store_loop *loop, int64_t until_us);

/* Makes and frees what the thread works with. */
void store_open(struct store_loop *loop);
void store_close(struct store_loop *loop);

/* Waits for a database that is one for this program; STORE_STOPPED means that
   there is one, or that the thread was asked to stop. */
enum store_end store_get_ready(struct store_loop *loop);

/* Moves on from one phase to the next when it is time. */
void store_advance(struct store_loop *loop);

/* Forgets all jobs that wait: they stay in the database. */
void store_drop_waiting(struct store_loop *loop);

/* Frees what the scheduler has dropped. */
void store_free_dropped(struct store_loop *loop);

#endif /* STORE_STATE_H */
