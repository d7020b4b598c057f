/*
 * replay_choose.h - which deliveries the next step of a replay makes: reads a
 * chunk of deliveries or events from its cursor on and leaves out what its
 * subscription has got, is getting, or cannot get any more.
 */
#ifndef REPLAY_CHOOSE_H
#define REPLAY_CHOOSE_H

#include "catalog.h"
#include "db.h"
#include "replay_look.h"
#include "store_replay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One delivery to be made. */
struct replay_pick {
    uint64_t event_id;
    uint64_t retry_of; /* 0 = none */
    uint64_t lane;
    bool fifo;
};

struct replay_ask {
    const struct catalog_snapshot *snapshot;
    const struct replay *replay; /* cursors, and whose it is */
    size_t rows;                 /* to be looked at */
    size_t most;                 /* picks */
    int64_t oldest_us; /* missing: what was delivered before is not known */
    size_t payloads;   /* bodies in memory at the same time; > 0 */
};

struct replay_choice {
    struct replay_pick picks[REPLAY_CHUNK];
    size_t count;
    uint64_t skipped;
    /* Where the next step begins, if there is one. */
    uint32_t cursor_owner;
    uint64_t cursor_id;
    bool end;
    bool busy; /* too much waits for the subscription: not now */
};

/* *choice is written in any case; it is valid after DB_OK. */
enum db_result replay_choose(struct db *db, const struct replay_ask *ask,
                             struct replay_choice *choice)
    __attribute__((warn_unused_result));

/* replay_choose_events.c: for REPLAY_MISSING. */
enum db_result replay_choose_events(struct db *db, const struct replay_ask *ask,
                                    const struct subscription *subscription,
                                    const struct replay_waiting *waiting,
                                    struct replay_choice *choice)
    __attribute__((warn_unused_result));

void replay_add_pick(struct replay_choice *choice,
                     const struct subscription *subscription,
                     const struct replay_event *event, uint64_t retry_of);

#endif /* REPLAY_CHOOSE_H */
