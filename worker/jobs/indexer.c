/*
 * indexer.c - see indexer.h.
 *
 * Marks are times, so they are looked for a little before the greatest that was
 * seen: one that was made before may be committed after. That spares the
 * deleted entries of the index, which lie at its start until they are purged;
 * once a minute all of it is looked at, for what was committed still later.
 */
#include "indexer.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "record_files.h"
#include "store_record_index.h"

#include <stdlib.h>

#define LOGGER "postern.worker"
#define SOON_US (200 * CLOCK_US_PER_MS) /* after records were written */
#define REST_US (5 * CLOCK_US_PER_S) /* other workers write records as well */
#define OVERLAP_US (10 * CLOCK_US_PER_S)
#define FULL_US (60 * CLOCK_US_PER_S)
#define BROKEN_US (60 * CLOCK_US_PER_S)
#define BUSY_SHARE 10
#define IDLE_SHARE 2

struct indexer {
    struct db *db;
    struct lease *lease;
    struct record_files *files;
    bool ours;        /* when it was last asked */
    bool clean;       /* the last look found no mark */
    bool broken;      /* and this one could not be worked off */
    uint64_t last;    /* the greatest mark seen */
    int64_t full_us;  /* monotonic: when to begin at the start again */
    int64_t look_us;  /* when to look for marks */
    int64_t pause_us; /* until then the last piece is paid for */
    int64_t wake_us;  /* how long a look waits when nothing happens */
};

struct indexer *
indexer_new(const struct settings *settings, struct db *db, struct lease *lease)
{
    struct indexer *indexer = xcalloc(1, sizeof(*indexer));

    indexer->db = db;
    indexer->lease = lease;
    indexer->files = record_files_new(settings, db, lease);
    return indexer;
}

void
indexer_free(struct indexer *indexer)
{
    if (indexer == NULL)
        return;
    record_files_free(indexer->files);
    free(indexer);
}

void
indexer_wake(struct indexer *indexer)
{
    int64_t soon_us = clock_mono_us() + SOON_US;

    if (indexer->broken)
        return;
    indexer->clean = false;
    indexer->wake_us = SOON_US;
    if (indexer->look_us > soon_us)
        indexer->look_us = soon_us;
}

static void
start(struct indexer *indexer)
{
    indexer->last = 0;
    indexer->full_us = 0;
    indexer->look_us = 0;
    indexer->clean = false;
    indexer->broken = false;
    indexer->wake_us = SOON_US;
    record_files_restart(indexer->files);
}

int64_t
indexer_due(struct indexer *indexer)
{
    bool ours = lease_owns(indexer->lease, 0);
    int64_t due_us = record_files_due(indexer->files);

    if (ours && !indexer->ours) {
        start(indexer);
        due_us = 0;
    }
    indexer->ours = ours;
    if (!ours)
        return INT64_MAX;
    if (indexer->look_us < due_us)
        due_us = indexer->look_us;
    return due_us < indexer->pause_us ? indexer->pause_us : due_us;
}

bool
indexer_is_idle(const struct indexer *indexer)
{
    return !indexer->ours || indexer->broken ||
           (indexer->clean && record_files_is_idle(indexer->files));
}

static uint64_t
mark_before(const struct indexer *indexer, bool full)
{
    if (full || indexer->last < OVERLAP_US)
        return 0;
    return indexer->last - OVERLAP_US;
}

static enum db_result
carry(struct indexer *indexer, uint64_t after, struct record_indexed *done)
{
    const bool chosen[LANE_SHARDS] = {[0] = true};
    enum db_result result = db_begin(indexer->db);

    if (result == DB_OK)
        result = lease_fence(indexer->lease, indexer->db, chosen);
    if (result == DB_OK)
        result = store_record_index(indexer->db, after, done);
    if (result == DB_OK)
        return db_commit(indexer->db);
    db_rollback(indexer->db);
    return result;
}

/* Goes on at once until nothing is marked; then the pauses grow. */
static void
plan(struct indexer *indexer, const struct record_indexed *done, bool full,
     int64_t now_us)
{
    bool more = done->count == RECORD_INDEX_PIECE;

    if (done->last > indexer->last)
        indexer->last = done->last;
    if (full && !more)
        indexer->full_us = now_us + FULL_US;
    indexer->broken = false;
    indexer->clean = done->count == 0;
    if (done->count > 0)
        record_files_wake(indexer->files);
    if (done->count > 0)
        indexer->wake_us = SOON_US;
    else if (indexer->wake_us < REST_US)
        indexer->wake_us *= 2;
    indexer->look_us = more ? now_us : now_us + indexer->wake_us;
}

static enum db_result
look(struct indexer *indexer, int64_t now_us)
{
    struct record_indexed done = {.count = 0};
    bool full = now_us >= indexer->full_us;
    uint64_t after = mark_before(indexer, full);
    enum db_result result = store_record_is_marked(indexer->db, after);

    if (result == DB_OK)
        result = carry(indexer, after, &done);
    else if (result == DB_NONE)
        result = DB_OK;
    if (result == DB_OK)
        plan(indexer, &done, full, now_us);
    return result;
}

static void
give_up(struct indexer *indexer)
{
    indexer->broken = true;
    indexer->pause_us = clock_mono_us() + BROKEN_US;
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("error", db_error_text(indexer->db))),
              "Changed records cannot be carried into search; trying again");
}

enum db_result
indexer_run(struct indexer *indexer, bool busy)
{
    int64_t began_us = clock_mono_us(), share = busy ? BUSY_SHARE : IDLE_SHARE;
    enum db_result result;

    if (began_us >= indexer->look_us)
        result = look(indexer, began_us);
    else
        result = record_files_run(indexer->files);
    indexer->pause_us =
        clock_mono_us() + (clock_mono_us() - began_us) * (share - 1);
    if (result == DB_NONE) /* finds out that the shard is lost */
        return lease_tick(indexer->lease, indexer->db);
    /* What a lost COMMIT has done is found by the marks. */
    if (result == DB_UNKNOWN || result == DB_DUPLICATE)
        return DB_AGAIN;
    if (result != DB_BROKEN)
        return result;
    give_up(indexer);
    return DB_OK;
}
