/*
 * poll_plan.c - see poll_plan.h.
 */
#include "poll_plan.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "poller.h"
#include "store_cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.worker"
#define EVERY_US (5 * CLOCK_US_PER_S)
#define IN_FULL_US (60 * CLOCK_US_PER_S) /* a job may have been lost */

struct change {
    struct cursor_list have;
    const struct catalog_snapshot *snapshot;
    const struct settings *settings;
};

static const struct cursor *
find(const struct cursor_list *have, uint32_t source_id, const char *table)
{
    size_t i;

    for (i = 0; i < have->count; i++) {
        if (have->rows[i].source_id == source_id &&
            strcmp(have->rows[i].table, table) == 0)
            return &have->rows[i];
    }
    return NULL;
}

static bool
is_wanted(const struct change *change, const struct cursor *cursor)
{
    const struct source *source =
        catalog_source(change->snapshot, cursor->source_id);
    size_t i;

    if (source == NULL || !poll_is_wanted(source, change->settings))
        return false;
    for (i = 0; i < source->options.poll_tables.count; i++) {
        if (strcmp(source->options.poll_tables.list[i], cursor->table) == 0)
            return true;
    }
    return false;
}

/* Tables without a job. */
static enum db_result
start_source(const struct change *change, const struct source *source,
             struct db *db, struct lease *lease, size_t *changes)
{
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < source->options.poll_tables.count && result == DB_OK; i++) {
        const char *table = source->options.poll_tables.list[i];
        const struct cursor *have = find(&change->have, source->id, table);
        struct cursor cursor = {.source_id = source->id};

        if (strlen(table) > CURSOR_TABLE_MAX || (have != NULL && have->has_job))
            continue;
        cursor.job_id = id_next(&lease->ids);
        (void)snprintf(cursor.table, sizeof(cursor.table), "%s", table);
        poll_begin(source, db_now_us(db), cursor.position);
        result = store_cursor_start(db, &cursor);
        ++*changes;
    }
    return result;
}

static enum db_result
apply(const struct change *change, struct db *db, struct lease *lease,
      size_t *changes)
{
    const bool chosen[LANE_SHARDS] = {true};
    enum db_result result = lease_fence(lease, db, chosen);
    const struct source *source;
    size_t i;

    *changes = 0;
    for (i = 0; i < change->have.count && result == DB_OK; i++) {
        if (is_wanted(change, &change->have.rows[i]))
            continue;
        result = store_cursor_stop(db, &change->have.rows[i]);
        ++*changes;
    }
    for (i = 0; result == DB_OK; i++) {
        source = catalog_source_at(change->snapshot, i);
        if (source == NULL)
            break;
        if (poll_is_wanted(source, change->settings))
            result = start_source(change, source, db, lease, changes);
    }
    return result;
}

static bool
has_work(const struct change *change)
{
    const struct source *source;
    size_t i;

    for (i = 0; (source = catalog_source_at(change->snapshot, i)) != NULL;
         i++) {
        if (poll_is_wanted(source, change->settings))
            return true;
    }
    return change->have.count > 0;
}

static enum db_result
follow(struct db *db, struct lease *lease, const struct follower *follower,
       size_t *changes)
{
    struct change change = {
        .snapshot = follower->snapshot,
        .settings = follower->settings,
    };
    enum db_result result = store_cursor_list(db, &change.have);

    *changes = 0;
    if (result == DB_OK && has_work(&change)) {
        result = db_begin(db);
        if (result == DB_OK)
            result = apply(&change, db, lease, changes);
        if (result == DB_OK)
            result = *changes > 0 ? db_commit(db) : DB_NONE;
        if (result != DB_OK)
            db_rollback(db);
    }
    cursor_list_free(&change.have);
    /* Nothing to do, or shard 0 is somebody else's. */
    return result == DB_NONE ? DB_OK : result;
}

enum db_result
poll_plan_run(struct poll_plan *plan, struct db *db, struct lease *lease,
              const struct follower *follower, struct doorbell *doorbell)
{
    uint64_t version = catalog_version(follower->snapshot);
    int64_t now_us = clock_mono_us();
    enum db_result result;
    size_t changes = 0;

    plan->next_us = now_us + EVERY_US;
    if (follower->settings == NULL || !lease_owns(lease, 0) ||
        (version == plan->version && now_us < plan->in_full_us))
        return DB_OK;
    result = follow(db, lease, follower, &changes);
    if (result == DB_BROKEN && db_connected(db)) {
        log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("error", db_error_text(db))),
                    "Pollers cannot be started; this is tried again");
        result = DB_OK;
        version = plan->version;
    }
    if (result != DB_OK)
        return result;
    plan->version = version;
    plan->in_full_us = now_us + IN_FULL_US;
    if (changes > 0)
        doorbell_ring(doorbell);
    return DB_OK;
}
