/*
 * store_shard.h - who owns which lanes: leases on the shards, and the workers
 * that share them.
 *
 * A lease is a random token in the shard's row with a time until when it
 * holds, on the database's clock. Taking one is a compare-and-set; writing
 * under one increments the row's fence, which fails (and conflicts with every
 * other owner, also between nodes of a cluster) when the token has changed.
 * A lease that ran out but whose token is unchanged may still be renewed:
 * nobody else has worked there.
 */
#ifndef STORE_SHARD_H
#define STORE_SHARD_H

#include "db.h"
#include "lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shard_row {
    uint64_t token; /* 0 = free */
    bool held;      /* the lease has not run out */
};

struct shard_view {
    struct shard_row shards[LANE_SHARDS];
    uint32_t workers; /* alive: with a node and without a lease that ran out;
                         at least 1 */
    int64_t now_us;   /* the database's clock */
};

/* All shards and how many workers there are. */
enum db_result store_shard_view(struct db *db, struct shard_view *view)
    __attribute__((warn_unused_result));

/* Takes those of the wanted shards that are free, whose lease ran out, or that
   were taken with that token before; each lease begins anew. What was taken
   shows in the next view. DB_AGAIN, at once, if somebody's
   transaction holds one of the rows. */
enum db_result store_shard_take(struct db *db, const bool wanted[LANE_SHARDS],
                                uint64_t token, uint32_t node, int lease_s)
    __attribute__((warn_unused_result));

/* Prolongs those of the chosen shards that have one of the tokens. */
enum db_result store_shard_renew(struct db *db, const bool chosen[LANE_SHARDS],
                                 const uint64_t *tokens, size_t count,
                                 int lease_s)
    __attribute__((warn_unused_result));

/* Gives back those of the chosen shards that have one of the tokens. */
enum db_result store_shard_release(struct db *db,
                                   const bool chosen[LANE_SHARDS],
                                   const uint64_t *tokens, size_t count)
    __attribute__((warn_unused_result));

/* Inside a transaction, first of all: writes the chosen shards that have one
   of the tokens. *matched less than chosen: some are lost, roll back. */
enum db_result store_shard_fence(struct db *db, const bool chosen[LANE_SHARDS],
                                 const uint64_t *tokens, size_t count,
                                 uint64_t *matched)
    __attribute__((warn_unused_result));

#endif /* STORE_SHARD_H */
