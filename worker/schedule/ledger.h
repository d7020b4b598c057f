/*
 * ledger.h - what is known of receivers, between the scheduler and the table
 * lane_state: read when shards are taken, written along with results.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "db.h"
#include "desk.h"
#include "lane.h"
#include "lease.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>

struct ledger;

/* max: tasks in one batch. */
struct ledger *ledger_new(struct desk *desk, size_t max);
void ledger_free(struct ledger *ledger);

/* Notes the states that are to be written along with these tasks' results, and
   forgets what was noted before. */
void ledger_note(struct ledger *ledger, struct task *const *tasks,
                 size_t count);
/* Inside the transaction of those results, whose shards are fenced. */
enum db_result ledger_write(struct ledger *ledger, struct db *db)
    __attribute__((warn_unused_result));
/* What was written, if anything, has been committed. */
void ledger_settle(struct ledger *ledger);

/* Of the states that were noted, those that others should be told of. */
struct ledger_news {
    uint64_t lane; /* the base lane of a subscription */
    bool failing;  /* its breaker has opened; else it answers again */
    int64_t failing_since_us;   /* wall clock */
    int64_t next_attempt_at_us; /* wall clock; failing: nothing is sent before;
                                   0 = not known */
};
/* One after the other; *at is 0 at first. False behind the last. */
bool ledger_news(const struct ledger *ledger, size_t *at,
                 struct ledger_news *news);

/* At the end, before the leases are given back: writes what has not been
   written yet, in transactions of its own. What is lost when it fails, or takes
   longer than a second, is learned anew. */
enum db_result ledger_close(struct desk *desk, struct db *db,
                            const struct lease *lease)
    __attribute__((warn_unused_result));

/* Tells the scheduler about the receivers of these shards, which have just
   become ours. On an error to be called again, before any job is offered. */
enum db_result ledger_load(struct desk *desk, struct db *db,
                           const bool shards[LANE_SHARDS])
    __attribute__((warn_unused_result));

#endif /* LEDGER_H */
