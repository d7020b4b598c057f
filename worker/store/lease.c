/*
 * lease.c - see lease.h.
 */
#include "lease.h"

#include "clock.h"
#include "ledger.h"
#include "log.h"
#include "random.h"

#include <assert.h>
#include <string.h>

#define LOGGER "postern.worker"
#define ABANDONED_US (3 * CLOCK_US_PER_S) /* free, and nobody takes it */
#define KEEP_US (NODE_WORKER_LEASE_S * CLOCK_US_PER_S)
#define HURRY_US CLOCK_US_PER_S /* between ticks while the share is not ours */
#define CALM_US                                                                \
    (NODE_WORKER_LEASE_S * CLOCK_US_PER_S / 3) /* between others, at most */
#define MARGIN_US (250 * CLOCK_US_PER_MS)      /* to stop transfers in time */

void
lease_init(struct lease *lease, struct desk *desk, struct payloads *payloads,
           int lease_s)
{
    *lease = (struct lease){
        .desk = desk,
        .payloads = payloads,
        .lease_s = lease_s,
        .workers = 1,
    };
}

void
lease_end_taking(struct lease *lease)
{
    lease->ending = true;
}

bool
lease_owns(const struct lease *lease, uint32_t shard)
{
    return lease->tokens[shard] != 0 && !lease->leaving[shard];
}

void
lease_owned(const struct lease *lease, bool owned[LANE_SHARDS])
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        owned[i] = lease_owns(lease, i);
}

size_t
lease_count(const struct lease *lease)
{
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        n += lease_owns(lease, i);
    return n;
}

bool
lease_sees_free(const struct lease *lease)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (lease->free_since_us[i] != 0 && lease->tokens[i] == 0)
            return true;
    }
    return false;
}

/* The distinct tokens of the chosen shards (NULL: of all). */
static size_t
collect_tokens(const struct lease *lease, const bool *chosen,
               uint64_t tokens[LANE_SHARDS])
{
    size_t n = 0, i, k;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (lease->tokens[i] == 0 || (chosen != NULL && !chosen[i]))
            continue;
        for (k = 0; k < n && tokens[k] != lease->tokens[i]; k++)
            continue;
        if (k == n)
            tokens[n++] = lease->tokens[i];
    }
    return n;
}

static void
leave(struct lease *lease, uint32_t shard, bool lost)
{
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_leave_shard(desk_lock(lease->desk), shard, lost, &dropped);
    desk_unlock(lease->desk);
    payloads_free_tasks(lease->payloads, &dropped);
}

static void
notice_losses(struct lease *lease, const struct shard_view *view)
{
    size_t lost = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (lease->tokens[i] == 0 || view->shards[i].token == lease->tokens[i])
            continue;
        lease->tokens[i] = 0;
        lease->leaving[i] = false;
        leave(lease, i, true);
        lost++;
    }
    if (lost == 0)
        return;
    atomic_store(&lease->desk->orphans, true);
    desk_wake_loop(lease->desk);
    log_warning(LOGGER, LOG_FIELDS(LOG_INT("shards", lost)),
                "Lost leases to another worker");
}

/* The node's row also says that this worker is alive. */
static enum db_result
beat(struct lease *lease, struct db *db)
{
    enum db_result result;

    if (lease->has_node)
        return node_renew(db, &lease->node, &lease->ids);
    result = node_lease(db, NODE_WORKER, &lease->node, &lease->ids);
    lease->has_node = result == DB_OK;
    return result;
}

/* Since when each shard has been free, or taken without our knowing all that we
   need to work in it. True if some are. */
static bool
watch_free(struct lease *lease, const struct shard_view *view)
{
    int64_t now_us = clock_mono_us();
    bool some = false;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        const struct shard_row *shard = &view->shards[i];
        bool taken = shard->token != 0 && shard->token == lease->taking;

        if ((shard->held && !taken) || lease->tokens[i] != 0) {
            lease->free_since_us[i] = 0;
            continue;
        }
        some = true;
        if (lease->free_since_us[i] == 0)
            lease->free_since_us[i] = now_us;
    }
    return some;
}

/*
 * Free shards: as many as are missing to a fair share, and beyond that those
 * that nobody takes. Such a shard, and one that was not given back, had an
 * owner that may still count as a living worker although it is dead or
 * stopped: for as long as that lasts nothing is given away.
 */
static size_t
choose(struct lease *lease, const struct shard_view *view, size_t want,
       bool wanted[LANE_SHARDS])
{
    int64_t now_us = clock_mono_us();
    size_t found = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        int64_t since_us = lease->free_since_us[i];
        bool abandoned = since_us != 0 && now_us - since_us >= ABANDONED_US;

        wanted[i] = since_us != 0 && (found < want || abandoned);
        found += wanted[i];
        if (wanted[i] && (found > want || view->shards[i].token != 0))
            lease->keep_until_us = now_us + KEEP_US;
    }
    return found;
}

/* Before any of their jobs is looked at. */
static enum db_result
learn(struct lease *lease, struct db *db, const bool shards[LANE_SHARDS])
{
    struct scheduler *scheduler = desk_lock(lease->desk);
    int64_t now_us = clock_mono_us();
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (shards[i])
            scheduler_take_shard(scheduler, i, now_us);
    }
    desk_unlock(lease->desk);
    return ledger_load(lease->desk, db, shards);
}

static enum db_result
take(struct lease *lease, struct db *db, struct shard_view *view, size_t want)
{
    bool wanted[LANE_SHARDS], got[LANE_SHARDS];
    uint64_t token = lease->taking != 0 ? lease->taking : random_u64() | 1;
    enum db_result result;
    size_t taken = 0;
    uint32_t i;

    if (choose(lease, view, want, wanted) == 0)
        return DB_OK;
    lease->taking = token;
    result =
        store_shard_take(db, wanted, token, lease->node.number, lease->lease_s);
    if (result == DB_OK)
        result = store_shard_view(db, view);
    for (i = 0; result == DB_OK && i < LANE_SHARDS; i++) {
        got[i] = wanted[i] && view->shards[i].token == token;
        taken += got[i];
    }
    if (taken > 0)
        result = learn(lease, db, got);
    if (result != DB_OK)
        return result;
    lease->taking = 0;
    if (taken == 0)
        return DB_OK;
    for (i = 0; i < LANE_SHARDS; i++) {
        if (got[i])
            lease->tokens[i] = token;
    }
    lease->takes++;
    log_info(LOGGER,
             LOG_FIELDS(LOG_INT("shards", lease_count(lease)),
                        LOG_INT("workers", lease->workers)),
             "Took %zu shards", taken);
    return DB_OK;
}

/* Starts to leave so many shards. */
static void
share(struct lease *lease, size_t surplus)
{
    uint32_t i;

    log_info(LOGGER, NULL, "Giving %zu shards to other workers", surplus);
    for (i = LANE_SHARDS; i-- > 0 && surplus > 0;) {
        if (!lease_owns(lease, i))
            continue;
        lease->leaving[i] = true;
        leave(lease, i, false);
        surplus--;
    }
}

/* Gives back those shards that nothing is in memory of any more. */
static enum db_result
hand_over(struct lease *lease, struct db *db)
{
    bool chosen[LANE_SHARDS] = {false};
    uint64_t tokens[LANE_SHARDS];
    const struct scheduler *scheduler;
    enum db_result result;
    size_t n = 0, count;
    uint32_t i;

    scheduler = desk_lock(lease->desk);
    for (i = 0; i < LANE_SHARDS; i++) {
        chosen[i] =
            lease->leaving[i] && scheduler_shard_tasks(scheduler, i) == 0;
        n += chosen[i];
    }
    desk_unlock(lease->desk);
    if (n == 0)
        return DB_OK;
    count = collect_tokens(lease, chosen, tokens);
    result = store_shard_release(db, chosen, tokens, count);
    for (i = 0; result == DB_OK && i < LANE_SHARDS; i++) {
        if (chosen[i]) {
            lease->tokens[i] = 0;
            lease->leaving[i] = false;
        }
    }
    return result;
}

static bool
is_leaving(const struct lease *lease)
{
    uint32_t i;

    for (i = 0; i < LANE_SHARDS && !lease->leaving[i]; i++)
        continue;
    return i < LANE_SHARDS;
}

static enum db_result
balance(struct lease *lease, struct db *db, struct shard_view *view)
{
    size_t fair, count = lease_count(lease);
    bool free = watch_free(lease, view);
    enum db_result result = DB_OK;

    lease->workers = view->workers;
    fair = (LANE_SHARDS + view->workers - 1) / view->workers;
    if (free && !lease->ending)
        result = take(lease, db, view, count < fair ? fair - count : 0);
    else if (!free && count > fair && clock_mono_us() >= lease->keep_until_us)
        share(lease, count - fair);
    if (result == DB_OK)
        result = hand_over(lease, db);
    /* Sooner while there is something to wait for. */
    if (free || is_leaving(lease) || lease_count(lease) * 2 < fair)
        lease->next_us = clock_mono_us() + HURRY_US;
    return result;
}

enum db_result
lease_tick(struct lease *lease, struct db *db)
{
    int64_t lease_us = lease->lease_s * CLOCK_US_PER_S;
    int64_t sent_us = clock_mono_us(), sent_boot_us = clock_boot_us();
    uint64_t tokens[LANE_SHARDS];
    bool ours[LANE_SHARDS];
    struct shard_view view;
    enum db_result result;
    size_t count, i;

    for (i = 0; i < LANE_SHARDS; i++)
        ours[i] = lease->tokens[i] != 0;
    lease->next_us = sent_us + HURRY_US;
    result = beat(lease, db);
    count = collect_tokens(lease, NULL, tokens);
    if (result == DB_OK && count > 0)
        result = store_shard_renew(db, ours, tokens, count, lease->lease_s);
    if (result == DB_OK)
        result = store_shard_view(db, &view);
    if (result != DB_OK)
        return result;
    lease->offset_us = view.now_us - clock_wall_us();
    notice_losses(lease, &view);
    lease->next_us =
        sent_us + (lease_us / 3 < CALM_US ? lease_us / 3 : CALM_US);
    result = balance(lease, db, &view);
    atomic_store(&lease->desk->lease_until_us,
                 sent_boot_us + lease_us - MARGIN_US);
    desk_wake_loop(lease->desk);
    return result;
}

enum db_result
lease_fence(const struct lease *lease, struct db *db,
            const bool chosen[LANE_SHARDS])
{
    uint64_t tokens[LANE_SHARDS], matched = 0;
    enum db_result result;
    size_t count, want = 0;
    uint32_t i;

    for (i = 0; i < LANE_SHARDS; i++)
        want += chosen[i];
    count = collect_tokens(lease, chosen, tokens);
    if (count == 0)
        return DB_NONE;
    result = store_shard_fence(db, chosen, tokens, count, &matched);
    return result == DB_OK && matched != want ? DB_NONE : result;
}

void
lease_release(struct lease *lease, struct db *db)
{
    enum db_result result = DB_OK;
    uint64_t tokens[LANE_SHARDS];
    bool ours[LANE_SHARDS];
    size_t count, i;

    for (i = 0; i < LANE_SHARDS; i++)
        ours[i] = lease->tokens[i] != 0;
    count = collect_tokens(lease, NULL, tokens);
    if (count > 0)
        result = store_shard_release(db, ours, tokens, count);
    if (result != DB_OK)
        log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("error", db_error_text(db))),
                    "Cannot give the leases back; they run out in %d s",
                    lease->lease_s);
    memset(lease->tokens, 0, sizeof(lease->tokens));
    /* Without a database the node's row runs out as well; asking again would
       cost another time-out. */
    if (lease->has_node && result == DB_OK)
        node_release(db, &lease->node);
    lease->has_node = false;
}
