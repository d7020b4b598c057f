/*
 * ledger.c - see ledger.h.
 */
#include "ledger.h"

#include "alloc.h"
#include "clock.h"
#include "map.h"
#include "store_lane.h"

#include <assert.h>
#include <stdlib.h>

#define PAGE 2000              /* rows read at once */
#define LAST_ROWS 500          /* written at once at the end, */
#define LAST_US CLOCK_US_PER_S /* for so long at most */

struct ledger {
    struct desk *desk;
    struct lane_save *saves;
    struct lane_row *rows;
    size_t count;
    size_t max;
    bool written;
};

struct ledger *
ledger_new(struct desk *desk, size_t max)
{
    struct ledger *ledger = xcalloc(1, sizeof(*ledger));

    ledger->desk = desk;
    ledger->max = max;
    ledger->saves = xcalloc(max, sizeof(*ledger->saves));
    ledger->rows = xcalloc(max, sizeof(*ledger->rows));
    return ledger;
}

void
ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    free(ledger->saves);
    free(ledger->rows);
    free(ledger);
}

static struct lane_row
row_of(const struct lane_save *save)
{
    static const enum lane_breaker breakers[] = {
        [BREAKER_CLOSED] = LANE_CLOSED,
        [BREAKER_OPEN] = LANE_OPEN,
        [BREAKER_HALF_OPEN] = LANE_HALF_OPEN,
    };
    const struct endpoint_state *state = &save->state;

    return (struct lane_row){
        .lane = save->lane,
        .window = state->window,
        .breaker = breakers[state->breaker],
        .breaker_trips = state->trips,
        .breaker_until_us = state->open_until_wall_us,
        .failing_since_us = state->failing_since_wall_us,
        .last_success_us = state->last_good_wall_us,
        .blocked_until_us = state->blocked_until_wall_us,
        .fifo = save->fifo,
    };
}

static struct endpoint_state
state_of(const struct lane_row *row)
{
    static const enum breaker breakers[] = {
        [LANE_CLOSED] = BREAKER_CLOSED,
        [LANE_OPEN] = BREAKER_OPEN,
        [LANE_HALF_OPEN] = BREAKER_HALF_OPEN,
    };

    return (struct endpoint_state){
        .window = row->window,
        .breaker = breakers[row->breaker],
        .trips = row->breaker_trips,
        .open_until_wall_us = row->breaker_until_us,
        .failing_since_wall_us = row->failing_since_us,
        .last_good_wall_us = row->last_success_us,
        .blocked_until_wall_us = row->fifo ? 0 : row->blocked_until_us,
    };
}

void
ledger_note(struct ledger *ledger, struct task *const *tasks, size_t count)
{
    const struct scheduler *scheduler;
    struct map noted = MAP_INIT;
    int64_t now_us = clock_mono_us();
    size_t i;

    assert(count <= ledger->max);
    ledger->count = 0;
    ledger->written = false;
    scheduler = desk_lock(ledger->desk);
    for (i = 0; i < count; i++) {
        struct lane_save *save = &ledger->saves[ledger->count];

        if (!scheduler_save(scheduler, tasks[i]->job.lane, now_us, save) ||
            map_put(&noted, save->lane, tasks[i]) != NULL)
            continue;
        ledger->rows[ledger->count++] = row_of(save);
    }
    desk_unlock(ledger->desk);
    map_free(&noted);
}

enum db_result
ledger_write(struct ledger *ledger, struct db *db)
{
    ledger->written = true;
    return store_lane_save(db, ledger->rows, ledger->count);
}

/* When it may be asked again: its breaker, or what it has asked for. */
static int64_t
next_attempt_us(const struct endpoint_state *state)
{
    return state->open_until_wall_us > state->blocked_until_wall_us
               ? state->open_until_wall_us
               : state->blocked_until_wall_us;
}

bool
ledger_news(const struct ledger *ledger, size_t *at, struct ledger_news *news)
{
    while (*at < ledger->count) {
        const struct lane_save *save = &ledger->saves[(*at)++];
        int64_t failing_us = endpoint_tellable(&save->state);
        int64_t told_us = save->state.told_since_wall_us;

        if ((failing_us != 0) == (told_us != 0) ||
            lane_kind_of(save->lane) != LANE_SUBSCRIPTION)
            continue;
        *news = (struct ledger_news){
            .lane = save->lane,
            .failing = failing_us != 0,
            .failing_since_us = failing_us != 0 ? failing_us : told_us,
            .next_attempt_at_us = next_attempt_us(&save->state),
        };
        return true;
    }
    return false;
}

void
ledger_settle(struct ledger *ledger)
{
    struct scheduler *scheduler;
    int64_t now_us = clock_mono_us();
    size_t i;

    if (ledger->count == 0 || !ledger->written)
        return;
    scheduler = desk_lock(ledger->desk);
    for (i = 0; i < ledger->count; i++)
        scheduler_saved(scheduler, &ledger->saves[i], now_us);
    desk_unlock(ledger->desk);
    ledger->count = 0;
}

/* Those of shards that are ours. */
static enum db_result
write_last(struct db *db, const struct lease *lease,
           const struct lane_save *saves, size_t count)
{
    bool chosen[LANE_SHARDS] = {false};
    struct lane_row rows[LAST_ROWS];
    enum db_result result;
    size_t n = 0, i;

    for (i = 0; i < count; i++) {
        uint32_t shard = lane_shard(saves[i].lane);

        if (!lease_owns(lease, shard))
            continue;
        chosen[shard] = true;
        rows[n++] = row_of(&saves[i]);
    }
    if (n == 0)
        return DB_OK;
    result = db_begin(db);
    if (result == DB_OK)
        result = lease_fence(lease, db, chosen);
    if (result == DB_OK)
        result = store_lane_save(db, rows, n);
    if (result == DB_OK)
        result = db_commit(db);
    if (result != DB_OK)
        db_rollback(db);
    return result;
}

enum db_result
ledger_close(struct desk *desk, struct db *db, const struct lease *lease)
{
    struct lane_save *saves = xcalloc(LAST_ROWS, sizeof(*saves));
    int64_t until_us = clock_mono_us() + LAST_US;
    enum db_result result = DB_OK;
    size_t at = 0, n = LAST_ROWS;

    while (result == DB_OK && n == LAST_ROWS && clock_mono_us() < until_us) {
        n = scheduler_save_rest(desk_lock(desk), &at, clock_mono_us(), saves,
                                LAST_ROWS);
        desk_unlock(desk);
        result = write_last(db, lease, saves, n);
    }
    free(saves);
    return result;
}

static void
tell(struct desk *desk, const struct lane_rows *rows,
     const bool shards[LANE_SHARDS], int64_t mono_us)
{
    const struct scheduler_now now = {rows->now_us, mono_us};
    struct scheduler *scheduler = desk_lock(desk);
    size_t i;

    for (i = 0; i < rows->count; i++) {
        struct endpoint_state state = state_of(&rows->rows[i]);

        if (shards[lane_shard(rows->rows[i].lane)])
            scheduler_load(scheduler, rows->rows[i].lane, &state, &now);
    }
    desk_unlock(desk);
}

enum db_result
ledger_load(struct desk *desk, struct db *db, const bool shards[LANE_SHARDS])
{
    struct lane_rows rows = {.rows = NULL};
    enum db_result result;
    uint32_t after_id = 0;

    do {
        int64_t mono_us = clock_mono_us();

        result = store_lane_load(db, after_id, PAGE, &rows);
        if (result != DB_OK || rows.count == 0)
            break;
        tell(desk, &rows, shards, mono_us);
        after_id = lane_owner_id(rows.rows[rows.count - 1].lane);
    } while (rows.count == PAGE);
    if (result == DB_OK) {
        int64_t mono_us = clock_mono_us();

        result = store_lane_load_sources(db, &rows);
        if (result == DB_OK && rows.count > 0)
            tell(desk, &rows, shards, mono_us);
    }
    lane_rows_free(&rows);
    return result;
}
