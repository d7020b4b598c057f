/*
 * heads.c - see heads.h.
 */
#include "heads.h"

#include "alloc.h"
#include "clock.h"
#include "store_job.h"
#include "store_unblock.h"

#include <stdlib.h>

#define ROUND_US CLOCK_US_PER_S
#define SHARE 20 /* a part takes a twentieth of the time at most */
#define LONG_US CLOCK_US_PER_MS
#define SHORT_US (LONG_US / 4)
#define MANY_LANES 64 /* with fewer it is not for them that a part is long */
#define PARTS_MAX 16
#define PIECE 1000 /* compared at once */

struct heads {
    struct reader_peers peers;
    struct lane_heads found;
    unsigned parts;     /* of a round; shard i is in part i % parts */
    unsigned part;      /* the next */
    int64_t longest_us; /* of this round's parts, */
    size_t most;        /* and the lanes of the largest */
    int64_t due_us;
};

struct heads *
heads_new(const struct reader_peers *peers)
{
    struct heads *heads = xcalloc(1, sizeof(*heads));

    heads->peers = *peers;
    heads->parts = 1;
    return heads;
}

void
heads_free(struct heads *heads)
{
    if (heads == NULL)
        return;
    lane_heads_free(&heads->found);
    free(heads);
}

int64_t
heads_due(const struct heads *heads)
{
    return heads->due_us;
}

static void
begin_round(struct heads *heads)
{
    heads->part = 0;
    heads->longest_us = 0;
    heads->most = 0;
}

void
heads_hurry(struct heads *heads)
{
    heads->parts = 1;
    begin_round(heads);
    heads->due_us = 0;
}

/* Flags for the shards of this part, and for those of them that are ours. */
static void
choose(const struct heads *heads, bool shards[LANE_SHARDS],
       bool ours[LANE_SHARDS])
{
    unsigned i;

    lease_owned(heads->peers.lease, ours);
    for (i = 0; i < LANE_SHARDS; i++) {
        shards[i] = i % heads->parts == heads->part;
        ours[i] = ours[i] && shards[i];
    }
}

/* Of shards that are others' now nothing is found, and nothing kept. There may
   be very many: the delivery loop gets its turn in between. */
static void
compare(struct heads *heads, const bool shards[LANE_SHARDS],
        const struct scheduler_now *now)
{
    struct desk *desk = heads->peers.desk;
    struct scheduler *scheduler = desk_lock(desk);
    size_t i;

    while (scheduler_begin_heads(scheduler))
        desk_let_in(desk);
    for (i = 0; i < heads->found.count; i++) {
        if (i % PIECE == PIECE - 1)
            desk_let_in(desk);
        scheduler_head(scheduler, &heads->found.rows[i], now);
    }
    while (scheduler_end_heads(scheduler, shards))
        desk_let_in(desk);
    desk_unlock(desk);
}

/* Whom a person has told to go on: their first delivery was cancelled, or is to
   be tried at once. */
static enum db_result
release_blocked(const struct reader_peers *peers)
{
    uint64_t lanes[UNBLOCK_LANES];
    struct scheduler *scheduler;
    enum db_result result;
    size_t i, n;

    n = scheduler_blocked(desk_lock(peers->desk), lanes, UNBLOCK_LANES);
    desk_unlock(peers->desk);
    if (n == 0)
        return DB_OK;
    result = store_unblock_find(peers->db, lanes, n, &n);
    if (result != DB_OK)
        return result;
    scheduler = desk_lock(peers->desk);
    for (i = 0; i < n; i++)
        scheduler_unblock(scheduler, lanes[i]);
    desk_unlock(peers->desk);
    return DB_OK;
}

static enum db_result
look(struct heads *heads)
{
    const struct reader_peers *peers = &heads->peers;
    bool shards[LANE_SHARDS], ours[LANE_SHARDS];
    struct scheduler_now now;
    enum db_result result;

    choose(heads, shards, ours);
    now.now_us = clock_mono_us();
    result = store_job_heads(peers->db, ours, &heads->found);
    if (result == DB_OK && heads->found.count > 0)
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    if (result != DB_OK)
        return result;
    now.database_us = heads->found.now_us;
    compare(heads, shards, &now);
    return heads->part + 1 == heads->parts ? release_blocked(peers) : DB_OK;
}

/* Changes between two rounds only: each of them has looked at every shard. Where
   a few lanes take long, as with a database that is far away, more parts would be
   as long each; and half as many lanes must not be few. */
static unsigned
next_parts(const struct heads *heads)
{
    bool few = heads->most < MANY_LANES / 4;

    if (heads->longest_us > LONG_US && heads->most >= MANY_LANES)
        return heads->parts < PARTS_MAX ? heads->parts * 2 : PARTS_MAX;
    if ((heads->longest_us < SHORT_US || few) && heads->parts > 1)
        return heads->parts / 2;
    return heads->parts;
}

static void
go_on(struct heads *heads, int64_t took_us)
{
    int64_t every_us = ROUND_US / heads->parts;

    heads->due_us = clock_mono_us() +
                    (took_us * SHARE > every_us ? took_us * SHARE : every_us);
    if (took_us > heads->longest_us)
        heads->longest_us = took_us;
    if (heads->found.count > heads->most)
        heads->most = heads->found.count;
    if (++heads->part < heads->parts)
        return;
    heads->parts = next_parts(heads);
    begin_round(heads);
}

enum db_result
heads_look(struct heads *heads, bool *whole)
{
    int64_t began_us = clock_mono_us();
    enum db_result result = look(heads);

    *whole = result == DB_OK && heads->parts == 1;
    if (result == DB_OK)
        go_on(heads, clock_mono_us() - began_us);
    else
        heads->due_us = clock_mono_us() + ROUND_US;
    return result;
}
