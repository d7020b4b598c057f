/*
 * counting.c - see counting.h.
 */
#include "counting.h"

#include "alloc.h"
#include "log.h"
#include "map.h"
#include "store_receiving.h"
#include "transact.h"

#include <pthread.h>
#include <stdlib.h>

#define LOGGER "webhook_handlers"

struct counting {
    pthread_mutex_t lock;
    struct map counts; /* by source: struct receiving_count */
};

/* The rows of one flush. */
struct rows {
    struct receiving_count *list;
    size_t count;
    uint32_t slot;
};

struct counting *
counting_new(void)
{
    struct counting *counting = xcalloc(1, sizeof(*counting));

    counting->counts = MAP_INIT;
    pthread_mutex_init(&counting->lock, NULL);
    return counting;
}

static void
free_counts(struct map *counts)
{
    void *value;
    uint64_t key;
    size_t at = 0;

    while (map_next(counts, &at, &key, &value))
        free(value);
    map_free(counts);
}

void
counting_free(struct counting *counting)
{
    if (counting == NULL)
        return;
    free_counts(&counting->counts);
    pthread_mutex_destroy(&counting->lock);
    free(counting);
}

/* Lock held. */
static struct receiving_count *
find(struct counting *counting, uint32_t source_id)
{
    struct receiving_count *count = map_get(&counting->counts, source_id);

    if (count != NULL)
        return count;
    count = xcalloc(1, sizeof(*count));
    count->source_id = source_id;
    (void)map_put(&counting->counts, source_id, count);
    return count;
}

void
counting_add(struct counting *counting, uint32_t source_id, enum counted what)
{
    struct receiving_count *count;

    pthread_mutex_lock(&counting->lock);
    count = find(counting, source_id);
    switch (what) {
    case COUNTED_REJECTED:
        count->rejected++;
        break;
    case COUNTED_IGNORED:
        count->ignored++;
        break;
    case COUNTED_REPEATED:
        count->repeated++;
        break;
    }
    pthread_mutex_unlock(&counting->lock);
}

static int
compare_rows(const void *left, const void *right)
{
    const struct receiving_count *a = left, *b = right;

    return (a->source_id > b->source_id) - (a->source_id < b->source_id);
}

/* Sorted: two who write at once lock in the same order. */
static void
take_all(struct counting *counting, struct rows *rows)
{
    struct map taken;
    void *value;
    uint64_t key;
    size_t at = 0;

    pthread_mutex_lock(&counting->lock);
    taken = counting->counts;
    counting->counts = MAP_INIT;
    pthread_mutex_unlock(&counting->lock);
    rows->list = xcalloc(taken.used + 1, sizeof(rows->list[0]));
    while (map_next(&taken, &at, &key, &value))
        rows->list[rows->count++] = *(const struct receiving_count *)value;
    free_counts(&taken);
    qsort(rows->list, rows->count, sizeof(rows->list[0]), compare_rows);
}

static void
put_back(struct counting *counting, const struct rows *rows)
{
    size_t i;

    pthread_mutex_lock(&counting->lock);
    for (i = 0; i < rows->count; i++) {
        struct receiving_count *count = find(counting, rows->list[i].source_id);

        count->rejected += rows->list[i].rejected;
        count->ignored += rows->list[i].ignored;
        count->repeated += rows->list[i].repeated;
    }
    pthread_mutex_unlock(&counting->lock);
}

static enum db_result
write_rows(struct db *db, void *arg)
{
    const struct rows *rows = arg;

    return store_receiving_add(db, rows->list, rows->count, rows->slot);
}

void
counting_flush(struct counting *counting, struct db_pool *pool, uint32_t slot)
{
    struct rows rows = {.slot = slot};
    enum db_result result = DB_AWAY;
    struct db *db = NULL;

    take_all(counting, &rows);
    if (rows.count > 0)
        db = db_pool_take(pool);
    if (db != NULL)
        result = transact(db, write_rows, &rows);
    if (result == DB_AWAY)
        put_back(counting, &rows);
    else if (result != DB_OK)
        log_error(LOGGER, LOG_FIELDS(LOG_INT("rows", rows.count)),
                  "Requests could not be counted: %s", db_error_text(db));
    if (db != NULL)
        db_pool_give(pool, db);
    free(rows.list);
}
