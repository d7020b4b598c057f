/*
 * catalog.c - the configuration in memory: snapshots, and how they follow the
 * database.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "store_catalog.h"

#include <pthread.h>
#include <stdlib.h>

struct catalog_snapshot {
    atomic_uint refs;
    uint64_t version;
    struct catalog_table *tables[ROW_KINDS];
    struct catalog_index *index;
    struct tally *tally; /* the catalog's */
};

struct catalog {
    struct catalog_means means;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool running;          /* somebody refreshes */
    uint64_t started;      /* refreshes begun so far */
    enum db_result result; /* of the last one */
    struct catalog_snapshot *current;
    struct tally *tally;
};

static struct catalog_snapshot *
make_empty(struct tally *tally)
{
    static const struct catalog_table no_rows;
    static const struct catalog_changes no_changes;
    struct catalog_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    int kind;

    atomic_init(&snapshot->refs, 1);
    snapshot->tally = tally;
    for (kind = 0; kind < ROW_KINDS; kind++)
        snapshot->tables[kind] =
            catalog_table_merge(&no_rows, (enum row_kind)kind, &no_changes);
    snapshot->index = catalog_index_merge(NULL, &no_changes);
    return snapshot;
}

struct catalog *
catalog_new(const struct sealer *sealer)
{
    struct catalog *catalog = xcalloc(1, sizeof(*catalog));

    catalog->means.sealer = sealer;
    pthread_mutex_init(&catalog->lock, NULL);
    pthread_cond_init(&catalog->finished, NULL);
    catalog->tally = catalog_tally_new();
    catalog->current = make_empty(catalog->tally);
    return catalog;
}

void
catalog_use_settings(struct catalog *catalog, const struct settings *settings)
{
    catalog->means.settings = settings;
}

void
catalog_free(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    catalog_release(catalog->current);
    catalog_tally_free(catalog->tally);
    pthread_cond_destroy(&catalog->finished);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

/* The next snapshot: what has not changed is shared with the old one. */
static struct catalog_snapshot *
advance(const struct catalog_snapshot *old, uint64_t version,
        const struct catalog_changes changes[ROW_KINDS])
{
    struct catalog_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    int kind;

    atomic_init(&snapshot->refs, 1);
    snapshot->version = version;
    snapshot->tally = old->tally;
    for (kind = 0; kind < ROW_KINDS; kind++)
        snapshot->tables[kind] =
            changes[kind].count == 0
                ? catalog_table_keep(old->tables[kind])
                : catalog_table_merge(old->tables[kind], (enum row_kind)kind,
                                      &changes[kind]);
    snapshot->index =
        changes[ROW_SUBSCRIPTION].count == 0
            ? catalog_index_keep(old->index)
            : catalog_index_merge(old->index, &changes[ROW_SUBSCRIPTION]);
    return snapshot;
}

/*
 * Only one thread at a time is here, so nobody else replaces `current`. The
 * version is read before the rows: rows of a later version may come along, and
 * come again the next time.
 */
static enum db_result
load(struct catalog *catalog, struct db *db)
{
    struct catalog_snapshot *old = catalog->current, *next, *base = old;
    struct catalog_changes changes[ROW_KINDS] = {{NULL, 0}};
    enum db_result result;
    uint64_t version;
    int kind;

    result = store_catalog_version(db, &version);
    if (result != DB_OK || version == old->version)
        return result;
    if (version < old->version)
        base = make_empty(old->tally); /* the database was restored: all anew */
    for (kind = 0; kind < ROW_KINDS && result == DB_OK; kind++)
        result = catalog_row_read(db, &catalog->means, (enum row_kind)kind,
                                  base->version, &changes[kind]);
    if (result == DB_OK) {
        next = advance(base, version, changes);
        pthread_mutex_lock(&catalog->lock);
        catalog->current = next;
        pthread_mutex_unlock(&catalog->lock);
        catalog_release(old);
    }
    if (base != old)
        catalog_release(base);
    for (kind = 0; kind < ROW_KINDS; kind++)
        catalog_changes_free(&changes[kind]);
    return result;
}

enum db_result
catalog_refresh(struct catalog *catalog, struct db *db)
{
    enum db_result result;
    uint64_t seen;

    pthread_mutex_lock(&catalog->lock);
    /* Only a refresh that begins after this call sees all that came before
       it: one that is under way does not count. */
    seen = catalog->started;
    while (catalog->running)
        pthread_cond_wait(&catalog->finished, &catalog->lock);
    if (catalog->started > seen) {
        result = catalog->result;
        pthread_mutex_unlock(&catalog->lock);
        return result;
    }
    catalog->running = true;
    catalog->started++;
    pthread_mutex_unlock(&catalog->lock);

    result = load(catalog, db);

    pthread_mutex_lock(&catalog->lock);
    catalog->running = false;
    catalog->result = result;
    pthread_cond_broadcast(&catalog->finished);
    pthread_mutex_unlock(&catalog->lock);
    return result;
}

const struct catalog_snapshot *
catalog_take(struct catalog *catalog)
{
    struct catalog_snapshot *snapshot;

    pthread_mutex_lock(&catalog->lock);
    snapshot = catalog->current;
    catalog_keep(snapshot);
    pthread_mutex_unlock(&catalog->lock);
    return snapshot;
}

/* Readers hold snapshots as const; the count of readers is not part of what
   they read. */
static struct catalog_snapshot *
writable(const struct catalog_snapshot *snapshot)
{
    return (struct catalog_snapshot *)(uintptr_t)snapshot;
}

void
catalog_keep(const struct catalog_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&writable(snapshot)->refs, 1,
                              memory_order_relaxed);
}

void
catalog_release(const struct catalog_snapshot *held)
{
    struct catalog_snapshot *snapshot = writable(held);
    int kind;

    if (held == NULL ||
        atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) > 1)
        return;
    catalog_index_release(snapshot->index);
    for (kind = 0; kind < ROW_KINDS; kind++)
        catalog_table_release(snapshot->tables[kind]);
    free(snapshot);
}

uint64_t
catalog_version(const struct catalog_snapshot *snapshot)
{
    return snapshot->version;
}

const struct subscription *
catalog_subscription(const struct catalog_snapshot *snapshot, uint32_t id)
{
    const struct catalog_row *row =
        catalog_table_by_id(snapshot->tables[ROW_SUBSCRIPTION], id);

    return row == NULL ? NULL : &row->subscription;
}

const struct source *
catalog_source(const struct catalog_snapshot *snapshot, uint32_t id)
{
    const struct catalog_row *row =
        catalog_table_by_id(snapshot->tables[ROW_SOURCE], id);

    return row == NULL ? NULL : &row->source;
}

const struct source *
catalog_source_at(const struct catalog_snapshot *snapshot, size_t index)
{
    const struct catalog_table *table = snapshot->tables[ROW_SOURCE];

    return table == NULL || index >= table->count ? NULL
                                                  : &table->rows[index]->source;
}

const struct source *
catalog_source_named(const struct catalog_snapshot *snapshot, struct slice name)
{
    const struct catalog_row *row =
        catalog_table_by_key(snapshot->tables[ROW_SOURCE], name);

    return row == NULL ? NULL : &row->source;
}

const struct token *
catalog_token(const struct catalog_snapshot *snapshot, const uint8_t hash[32])
{
    const struct catalog_row *row =
        catalog_table_by_key(snapshot->tables[ROW_TOKEN], slice_make(hash, 32));

    return row == NULL ? NULL : &row->token;
}

bool
catalog_check_data(const struct catalog_snapshot *snapshot, struct slice type,
                   struct slice data, const char *field,
                   struct problems *problems)
{
    const struct catalog_table *table = snapshot->tables[ROW_EVENT_TYPE];
    const struct catalog_row *row;

    if (table->count == 0)
        return true;
    row = catalog_table_by_key(table, type);
    return row == NULL ||
           catalog_event_type_check(&row->event_type, data, field, problems);
}

size_t
catalog_match(const struct catalog_snapshot *snapshot, uint32_t application_id,
              struct slice type, const struct slice *channels,
              size_t channel_count, struct taker *takers, size_t max)
{
    return catalog_index_match(snapshot->index, application_id, type, channels,
                               channel_count, takers, max);
}

size_t
catalog_filter(const struct catalog_snapshot *snapshot, struct slice type,
               struct slice data, struct slice metadata, struct taker *takers,
               size_t count)
{
    const struct catalog_event event = {type, data, metadata};

    return catalog_filter_takers(snapshot->tables[ROW_SUBSCRIPTION],
                                 snapshot->tally, &event, takers, count);
}

bool
catalog_has_filtered(struct catalog *catalog)
{
    return catalog_tally_any(catalog->tally);
}

size_t
catalog_take_filtered(struct catalog *catalog, struct filtered_count *counts,
                      size_t max)
{
    return catalog_tally_take(catalog->tally, counts, max);
}
