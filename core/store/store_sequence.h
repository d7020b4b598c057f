/*
 * store_sequence.h - places in FIFO lanes.
 *
 * The jobs of a FIFO lane run in the order of `jobs.next_retry_at`. A place is
 * a value for that column: a point in time, in microseconds, that no other job
 * of the lane has and that lies after all those given out before, and not
 * before the database's clock. It comes from the lane's row of lane_state,
 * which stays locked until the transaction ends: so the order of the places is
 * the order of the commits, and a reader that finds a job has found all that
 * come before it. On a cluster two nodes that took places in the same lane at
 * the same time wrote the same row, and one of them has to repeat its
 * transaction. A transaction that is repeated takes its places anew.
 *
 * A job that is to wait for a time to come gets that time instead, and no place
 * here: it takes its place among the others when it is due.
 */
#ifndef STORE_SEQUENCE_H
#define STORE_SEQUENCE_H

#include "db.h"
#include "script.h"

#include <stddef.h>
#include <stdint.h>

/* One job that wants a place. */
struct sequence_want {
    uint64_t lane;
    size_t at;        /* the order among those of the lane; the caller's */
    int64_t place_us; /* out */
};

/*
 * Sorts the wants by lane and `at`, and gives each its place: one round trip
 * for a thousand lanes. Lanes are taken in ascending order by everybody, so
 * that no two wait for each other. Inside a transaction, as late as possible:
 * others that want the same lanes wait until it ends.
 */
enum db_result store_sequence_take(struct db *db, struct sequence_want *wants,
                                   size_t count)
    __attribute__((warn_unused_result));

/* The same inside a script; sends what it holds. */
enum db_result store_sequence_take_in(struct script *script,
                                      struct sequence_want *wants, size_t count)
    __attribute__((warn_unused_result));

/*
 * Removes the rows of ordering keys that have been quiet for a day and have no
 * jobs, of those behind *after; looks at a bounded number of rows and sets
 * *after to where it stopped, 0 at the end. Whoever uses such a lane again
 * begins with the present, which is later than any place given out before.
 */
enum db_result store_sequence_sweep(struct db *db, uint64_t *after)
    __attribute__((warn_unused_result));

#endif /* STORE_SEQUENCE_H */
