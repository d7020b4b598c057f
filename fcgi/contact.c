/*
 * contact.c - see contact.h.
 */
#include "contact_impl.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOGGER "postern.http"
#define TRY_EVERY_US CLOCK_US_PER_S
#define FRESH_US (CLOCK_US_PER_S / 2)       /* housekeeping leaves it alone */
#define STALE_US (CLOCK_US_PER_S / 10 * 11) /* a request refreshes it itself */
#define PACKET_SPARE_BYTES 65536 /* of a statement, beside one event */

struct contact *
contact_new(bool lease_node)
{
    struct contact *contact = xcalloc(1, sizeof(*contact));
    pthread_condattr_t monotonic;

    pthread_mutex_init(&contact->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&contact->refreshed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    contact->state = CONTACT_AWAY;
    contact->looked = DB_OK;
    contact->lease_node = lease_node;
    return contact;
}

void
contact_free(struct contact *contact)
{
    if (contact == NULL)
        return;
    pthread_cond_destroy(&contact->refreshed);
    pthread_mutex_destroy(&contact->lock);
    free(contact);
}

/* Never waits. */
static bool
is_made(const struct app *app)
{
    return atomic_load(&app->contact->made);
}

static enum contact_state
state_of(enum db_result result)
{
    if (result == DB_OK)
        return CONTACT_READY;
    return result == DB_BROKEN ? CONTACT_REFUSED : CONTACT_AWAY;
}

/* Every byte of an event may need an escape in the statement that stores it. */
static bool
packet_fits(const struct settings *settings, size_t packet, struct buf *why)
{
    size_t need = 2 * (size_t)settings->max_body + PACKET_SPARE_BYTES;

    if (packet >= need)
        return true;
    buf_addf(why,
             "max_body = %lld needs max_allowed_packet = %zu or more in the "
             "database server, which has %zu: raise it, or lower max_body",
             (long long)settings->max_body, need, packet);
    return false;
}

/* All that has to succeed once, in order. */
static enum contact_state
introduce(struct app *app, struct db *db, struct buf *why)
{
    struct contact *contact = app->contact;
    enum db_result result = db_connect(db);

    if (result != DB_OK) {
        buf_add_text(why, db_error_text(db));
        return result == DB_BROKEN ? CONTACT_DENIED : CONTACT_AWAY;
    }
    if (!packet_fits(app->settings, db_max_packet(db), why))
        return CONTACT_REFUSED;
    result = schema_check(db, why);
    if (result == DB_OK && contact->lease_node && !contact->leased) {
        result = node_lease(db, NODE_RESPONDER, &app->node, &app->ids);
        contact->leased = result == DB_OK;
    }
    if (result == DB_OK)
        result = catalog_refresh(app->catalog, db);
    if (result != DB_OK && why->len == 0)
        buf_add_text(why, db_error_text(db));
    return state_of(result);
}

/* A line when the trouble begins or changes, not one for every try. */
static void
tell(struct contact *contact, struct slice why, bool quiet)
{
    if (why.len == 0)
        why = SLICE("no database connection to be had");
    if (contact->tried && slice_is(why, contact->why))
        return;
    snprintf(contact->why, sizeof(contact->why), "%.*s", (int)why.len, why.ptr);
    if (!quiet)
        log_error(LOGGER, NULL, "%s: %s",
                  contact->state == CONTACT_AWAY
                      ? "The database is away"
                      : "The database cannot be used",
                  contact->why);
}

/* Lock held: keeps what the try has brought. */
static void
note_try(struct contact *contact, enum contact_state state, struct slice why,
         bool quiet)
{
    bool was_missed = contact->tried && contact->state != CONTACT_READY;

    contact->state = state;
    if (state != CONTACT_READY) {
        tell(contact, why, quiet);
    } else {
        atomic_store(&contact->made, true);
        if (was_missed)
            log_warning(LOGGER, NULL, "The database is back");
    }
    contact->tried = true;
    contact->tried_mono_us = clock_mono_us();
    atomic_store(&contact->refreshed_mono_us, contact->tried_mono_us);
}

/* Lock held, and let go while the database is asked: who comes meanwhile gets
   what is known already. */
static void
try_contact(struct app *app, bool quiet)
{
    struct contact *contact = app->contact;
    struct buf why = BUF_INIT(CONTACT_WHY_MAX - 1);
    enum contact_state state = CONTACT_AWAY;
    struct db *db;

    contact->trying = true;
    pthread_mutex_unlock(&contact->lock);
    db = db_pool_take(app->pool);
    if (db != NULL) {
        state = introduce(app, db, &why);
        db_pool_give(app->pool, db);
    }
    pthread_mutex_lock(&contact->lock);
    note_try(contact, state, buf_slice(&why), quiet);
    contact->trying = false;
    buf_free(&why);
}

enum db_result
contact_read_catalog(struct app *app)
{
    struct db *db = db_pool_take(app->pool);
    enum db_result result;

    if (db == NULL)
        return DB_AWAY;
    result = catalog_refresh(app->catalog, db);
    db_pool_give(app->pool, db);
    return result;
}

static bool
older_than(const struct contact *contact, int64_t age_us)
{
    return clock_mono_us() - atomic_load(&contact->refreshed_mono_us) > age_us;
}

/* False: it is young enough, or somebody is at it. */
static bool
begin_refresh(struct contact *contact, int64_t age_us)
{
    bool begun;

    if (!older_than(contact, age_us))
        return false;
    pthread_mutex_lock(&contact->lock);
    begun = !contact->refreshing && older_than(contact, age_us);
    if (begun) {
        contact->refreshing = true;
        contact->refresh_from_mono_us = clock_mono_us();
    }
    pthread_mutex_unlock(&contact->lock);
    return begun;
}

/* A failure is not told: who needs the database will find out. */
static void
refresh_if_older(struct app *app, int64_t age_us)
{
    struct contact *contact = app->contact;

    if (!begin_refresh(contact, age_us))
        return;
    (void)!contact_read_catalog(app);
    atomic_store(&contact->refreshed_mono_us, clock_mono_us());
    pthread_mutex_lock(&contact->lock);
    contact->refreshing = false;
    pthread_cond_broadcast(&contact->refreshed);
    pthread_mutex_unlock(&contact->lock);
}

/* Lock held, and let go meanwhile. After a pause the catalog may be as old as
   the pause: what was deleted or revoked meanwhile must not count for those who
   come while the first one is looking. They wait for him, but a database that
   hangs holds nobody. */
static void
await_refresh(struct contact *contact)
{
    const int64_t until_us = contact->refresh_from_mono_us + CONTACT_SLOW_US;
    const struct timespec until = {
        .tv_sec = until_us / CLOCK_US_PER_S,
        .tv_nsec = until_us % CLOCK_US_PER_S * 1000,
    };

    while (contact->refreshing && older_than(contact, STALE_US) &&
           clock_mono_us() < until_us)
        pthread_cond_timedwait(&contact->refreshed, &contact->lock, &until);
}

bool
contact_is_fresh(const struct app *app)
{
    return is_made(app) && !older_than(app->contact, STALE_US);
}

enum contact_state
contact_make(struct app *app, struct buf *why)
{
    struct contact *contact = app->contact;
    enum contact_state state;

    if (is_made(app)) {
        refresh_if_older(app, STALE_US);
        if (older_than(contact, STALE_US)) {
            pthread_mutex_lock(&contact->lock);
            await_refresh(contact);
            pthread_mutex_unlock(&contact->lock);
        }
        return CONTACT_READY;
    }
    pthread_mutex_lock(&contact->lock);
    if (!contact->trying &&
        (!contact->tried ||
         (contact->state != CONTACT_READY &&
          clock_mono_us() - contact->tried_mono_us > TRY_EVERY_US)))
        try_contact(app, why != NULL);
    state = contact->state;
    if (state != CONTACT_READY && why != NULL)
        buf_add_text(why, contact->why);
    pthread_mutex_unlock(&contact->lock);
    return state;
}

void
contact_keep(struct app *app)
{
    struct contact *contact = app->contact;
    uint_fast64_t requests = atomic_load(&app->requests);

    if (requests == contact->requests_seen || !is_made(app))
        return;
    contact->requests_seen = requests;
    refresh_if_older(app, FRESH_US);
}

void
contact_renew(struct app *app)
{
    struct db *db;

    if (!is_made(app) || !app->contact->lease_node)
        return;
    db = db_pool_take(app->pool);
    if (db == NULL)
        return;
    if (node_renew(db, &app->node, &app->ids) == DB_BROKEN)
        log_error(LOGGER, NULL, "The node number cannot be renewed: %s",
                  db_error_text(db));
    db_pool_give(app->pool, db);
}

void
contact_release(struct app *app)
{
    struct db *db;

    if (!app->contact->leased)
        return;
    db = db_pool_take(app->pool);
    if (db == NULL)
        return;
    node_release(db, &app->node);
    db_pool_give(app->pool, db);
    app->contact->leased = false;
}
