/*
 * store_turn.c - what the store thread does in one turn, and when the next is
 * due; see store_loop.h.
 */
#include "log.h"
#include "names.h"
#include "store_filtered.h"
#include "store_state.h"

#define LOGGER "postern.worker"
#define NEVER INT64_MAX
#define TAIL_GAP_US (2 * CLOCK_US_PER_MS) /* between looks, however it rings */
#define TAIL_SHARE 4 /* a look takes a fourth of the time at most */
#define TAIL_BUSY_US (50 * CLOCK_US_PER_MS) /* while there is work in memory */
#define TAIL_PAGES 4                        /* in one turn */
#define LANES_US CLOCK_US_PER_MS /* no further read of lanes in one turn */

static enum db_result
keep_lease(struct store_loop *loop, int64_t now_us)
{
    enum db_result result = DB_OK;
    size_t shards;

    /* Before the first shards come: it says what their lanes are. */
    if (loop->setup.follower->snapshot == NULL)
        result = follower_refresh(loop->setup.follower, loop->db,
                                  loop->setup.desk, loop->setup.payloads);
    if (result == DB_OK && now_us >= loop->lease.next_us)
        result = lease_tick(&loop->lease, loop->db);
    shards = lease_count(&loop->lease);
    if (loop->lease.takes != loop->takes) {
        heads_hurry(loop->heads); /* what waits there is not known yet */
        loop->tests = true;
        if (result == DB_OK)
            result = names_load(loop->setup.desk->names, loop->db);
        if (result == DB_OK)
            loop->takes = loop->lease.takes;
    }
    if (shards == 0 && loop->shards > 0)
        loop->no_shards_since_us = now_us;
    loop->shards = shards;
    if (result == DB_OK && !loop->ready) {
        loop->ready = true;
        log_info(LOGGER, LOG_FIELDS(LOG_INT("shards", shards)),
                 "Worker is ready");
    }
    return result;
}

static int64_t
tail_due(struct store_loop *loop)
{
    if (loop->shards == 0)
        return NEVER;
    if (loop->rang)
        return loop->tail_next_us;
    if (store_counts(loop).tasks > store_parked(loop))
        return loop->tail_us + TAIL_BUSY_US;
    return reader_tail_due(loop->reader);
}

static enum db_result
look_at_tail(struct store_loop *loop, int64_t now_us)
{
    enum db_result result = DB_OK;
    int64_t took_us;
    bool more = true;
    int pages;

    if (now_us < tail_due(loop))
        return DB_OK;
    loop->tail_us = now_us;
    for (pages = 0; pages < TAIL_PAGES && more && result == DB_OK; pages++)
        result = reader_tail(loop->reader, &more);
    loop->rang = result != DB_OK || more;
    took_us = clock_mono_us() - now_us;
    loop->tail_next_us =
        now_us + (took_us * TAIL_SHARE > TAIL_GAP_US ? took_us * TAIL_SHARE
                                                     : TAIL_GAP_US);
    return result;
}

static enum db_result
look_for_tests(struct store_loop *loop)
{
    enum db_result result = DB_OK;

    if (loop->tests)
        result = reader_tests(loop->reader);
    if (result == DB_OK)
        loop->tests = false;
    return result;
}

static enum db_result
look_at_heads(struct store_loop *loop, int64_t now_us)
{
    enum db_result result;
    bool whole;

    if (loop->shards == 0 || now_us < heads_due(loop->heads))
        return DB_OK;
    result = heads_look(loop->heads, &whole);
    if (whole && store_counts(loop).tasks == store_parked(loop))
        loop->fresh_us = now_us;
    return result;
}

static enum db_result
read_lanes(struct store_loop *loop)
{
    enum db_result result = DB_OK;
    int64_t until_us = clock_mono_us() + LANES_US;
    size_t read = 1;

    scheduler_tick(desk_lock(loop->setup.desk), clock_mono_us());
    desk_unlock(loop->setup.desk);
    do {
        result = reader_lanes(loop->reader, &read);
    } while (result == DB_OK && read > 0 && clock_mono_us() < until_us);
    loop->hungry = read > 0;
    return result;
}

static enum db_result
move_outbox(struct store_loop *loop, int64_t now_us)
{
    enum db_result result;
    bool moved;

    if (now_us < outbox_due(loop->outbox))
        return DB_OK;
    result = outbox_run(loop->outbox, &moved);
    loop->rang = loop->rang || moved;
    return result;
}

static enum db_result
follow_mirror(struct store_loop *loop, int64_t now_us)
{
    if (now_us < indexer_due(loop->indexer))
        return DB_OK;
    return indexer_run(loop->indexer,
                       store_counts(loop).tasks > store_parked(loop));
}

static enum db_result
plan_polls(struct store_loop *loop, int64_t now_us)
{
    enum db_result result;

    if (now_us < loop->poll_plan.next_us || !lease_owns(&loop->lease, 0))
        return DB_OK;
    /* Where nothing else happens nobody else asks for news. */
    result = follower_refresh(loop->setup.follower, loop->db, loop->setup.desk,
                              loop->setup.payloads);
    if (result == DB_OK)
        result = poll_plan_run(&loop->poll_plan, loop->db, &loop->lease,
                               loop->setup.follower, loop->doorbell);
    return result;
}

/* What filters kept back, once a second at most. */
static enum db_result
count_filtered(struct store_loop *loop, int64_t now_us)
{
    struct catalog *catalog = loop->setup.follower->catalog;

    if (now_us < loop->filtered_us || !catalog_has_filtered(catalog))
        return DB_OK;
    loop->filtered_us = now_us + CLOCK_US_PER_S;
    return store_filtered_write(loop->db, catalog, loop->lease.node.number);
}

static enum db_result
tell_of_itself(struct store_loop *loop, int64_t now_us)
{
    enum db_result result;
    bool made;

    if (!loop->ready || now_us < monitor_due(loop->monitor))
        return DB_OK;
    result = monitor_run(loop->monitor, &made);
    loop->rang = loop->rang || made;
    return result;
}

static enum db_result
keep_house(struct store_loop *loop, int64_t now_us)
{
    if (now_us < loop->housekeeping.next_us || !lease_owns(&loop->lease, 0))
        return DB_OK;
    return housekeeping_run(&loop->housekeeping, loop->db);
}

static enum db_result
write_results(struct store_loop *loop, int64_t now_us)
{
    flush_collect(loop->flush);
    store_free_dropped(loop);
    if (now_us < flush_due(loop->flush))
        return DB_OK;
    indexer_wake(loop->indexer);
    return flush_run(loop->flush);
}

enum db_result
store_turn(struct store_loop *loop)
{
    int64_t now_us = clock_mono_us();
    enum db_result result = keep_lease(loop, now_us);

    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = look_at_tail(loop, now_us);
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = look_for_tests(loop);
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = read_lanes(loop);
    if (result == DB_OK && loop->setup.follower->snapshot != NULL)
        result = write_results(loop, now_us);
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = fanout_run(loop->fanout);
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = replayer_run(loop->replayer);
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = look_at_heads(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = move_outbox(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = follow_mirror(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = plan_polls(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = count_filtered(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = tell_of_itself(loop, clock_mono_us());
    if (result == DB_OK && loop->phase == PHASE_RUN)
        result = keep_house(loop, clock_mono_us());
    return result;
}

int64_t
store_next_turn(struct store_loop *loop)
{
    int64_t until = loop->lease.next_us;

    until = store_earlier(until, flush_due(loop->flush));
    if (loop->phase == PHASE_RUN) {
        until = store_earlier(until, tail_due(loop));
        until = store_earlier(until, outbox_due(loop->outbox));
        until = store_earlier(until, fanout_due(loop->fanout));
        until = store_earlier(until, replayer_due(loop->replayer));
        until = store_earlier(until, indexer_due(loop->indexer));
        until = store_earlier(until, monitor_due(loop->monitor));
        if (loop->hungry)
            until = 0;
        if (loop->shards > 0)
            until = store_earlier(until, heads_due(loop->heads));
        until = store_earlier(until,
                              scheduler_next_due(desk_lock(loop->setup.desk)));
        desk_unlock(loop->setup.desk);
        if (lease_owns(&loop->lease, 0)) {
            until = store_earlier(until, loop->housekeeping.next_us);
            until = store_earlier(until, loop->poll_plan.next_us);
        }
    } else {
        until = store_earlier(until, loop->phase_until_us);
    }
    if (until < loop->away_until_us)
        until = loop->away_until_us;
    if (loop->setup.deadline_us > 0 && loop->phase == PHASE_RUN)
        until =
            store_earlier(until, loop->setup.deadline_us - STORE_LAST_START_US);
    return store_earlier(until, loop->next_status_us);
}
