/*
 * lease.h - this worker's share of the shards.
 *
 * Takes as many shards as is fair among the living workers, renews its
 * leases, gives shards back when there are more workers, and notices what was
 * lost. The time until which transfers may run is counted on our own clock
 * from before the renewal was sent, so it ends before the database's.
 */
#ifndef LEASE_H
#define LEASE_H

#include "db.h"
#include "desk.h"
#include "id.h"
#include "node.h"
#include "payloads.h"
#include "store_shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease {
    struct desk *desk;
    struct payloads *payloads;
    struct node node;
    struct id_source ids;
    bool has_node;
    int lease_s;
    uint64_t tokens[LANE_SHARDS]; /* 0 = not ours */
    bool leaving[LANE_SHARDS];    /* ours until its last job is committed */
    int64_t free_since_us[LANE_SHARDS]; /* nobody has held it; 0 = is held */
    int64_t keep_until_us; /* what nobody else wanted is not given away */
    int64_t next_us;       /* monotonic: when to tick again */
    int64_t offset_us;     /* database clock less our wall clock */
    uint32_t workers;      /* alive, this one included */
    uint64_t takes;        /* how often shards were taken */
    uint64_t taking;       /* token of the last attempt to take some, as long as
                              it has not come to its end; 0 = it has */
    bool ending;           /* nothing is taken any more */
};

void lease_init(struct lease *lease, struct desk *desk,
                struct payloads *payloads, int lease_s);

/* Renews, takes, gives back; sets next_us. What is known of the receivers
   behind new shards is told to the scheduler, so the configuration must have
   been loaded. On an error it is to be called again soon; the leases run on
   meanwhile. */
enum db_result lease_tick(struct lease *lease, struct db *db)
    __attribute__((warn_unused_result));

/* This worker ends: it goes on renewing, but leaves what is free to others. */
void lease_end_taking(struct lease *lease);

/* New jobs of this shard may be taken. */
bool lease_owns(const struct lease *lease, uint32_t shard);
size_t lease_count(const struct lease *lease);
/* Flags for the shards whose jobs may be taken. */
void lease_owned(const struct lease *lease, bool owned[LANE_SHARDS]);

/* At the last tick some shards had no owner: they are taken soon. */
bool lease_sees_free(const struct lease *lease);

/* Inside a transaction, first: writes the fences of the chosen shards. DB_NONE
   if some of them are lost: roll back, then lease_tick() finds out which. */
enum db_result lease_fence(const struct lease *lease, struct db *db,
                           const bool chosen[LANE_SHARDS])
    __attribute__((warn_unused_result));

/* Gives everything back; nothing may be left in memory. */
void lease_release(struct lease *lease, struct db *db);

#endif /* LEASE_H */
