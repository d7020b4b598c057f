/*
 * contact.c - see contact.h.
 */
#include "contact.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.http"
#define TRY_EVERY_US CLOCK_US_PER_S
#define FRESH_US (CLOCK_US_PER_S / 2)       /* housekeeping leaves it alone */
#define STALE_US (CLOCK_US_PER_S / 10 * 11) /* a request refreshes it itself */
#define LOOKS_PER_S 8
#define SENT_PER_S 64   /* requests that may find the news of those looks */
#define LOOKS_AT_ONCE 2 /* they hold threads while the database hangs */
#define SLOW_US (CLOCK_US_PER_S) /* a look that takes longer is bad news */
#define WHY_MAX_BYTES 512
#define PACKET_SPARE_BYTES 65536 /* of a statement, beside one event */

struct contact {
    pthread_mutex_t lock; /* not held while the database is asked */
    atomic_bool made;
    atomic_int_fast64_t refreshed_mono_us; /* the last try */
    bool lease_node;
    bool leased;     /* whoever is trying, and the end of the process */
    bool trying;     /* somebody is at the first contact */
    bool refreshing; /* somebody is at the catalog */
    bool tried;
    int64_t tried_mono_us;
    enum contact_state state; /* what the last try found */
    char why[WHY_MAX_BYTES];
    int64_t looks_since_mono_us; /* contact_refresh() counts from here */
    unsigned looks;
    unsigned sent;             /* ... of requests that may not wait */
    unsigned looking;          /* ... are under way */
    int64_t look_from_mono_us; /* when the last of them began */
    enum db_result looked;     /* how the last of them ended */
    uint_fast64_t requests_seen;
};

struct contact *
contact_new(bool lease_node)
{
    struct contact *contact = xcalloc(1, sizeof(*contact));

    pthread_mutex_init(&contact->lock, NULL);
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
        return state_of(result);
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
    struct buf why = BUF_INIT(WHY_MAX_BYTES - 1);
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

static enum db_result
refresh(struct app *app)
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
    contact->refreshing = contact->refreshing || begun;
    pthread_mutex_unlock(&contact->lock);
    return begun;
}

/* Who comes while somebody is at it goes on with what there is. A failure is
   not told: who needs the database will find out. */
static void
refresh_if_older(struct app *app, int64_t age_us)
{
    struct contact *contact = app->contact;

    if (!begin_refresh(contact, age_us))
        return;
    (void)!refresh(app);
    atomic_store(&contact->refreshed_mono_us, clock_mono_us());
    pthread_mutex_lock(&contact->lock);
    contact->refreshing = false;
    pthread_mutex_unlock(&contact->lock);
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

/* Lock held. A new second has new looks. */
static void
count_from_now(struct contact *contact, int64_t now_us)
{
    if (now_us - contact->looks_since_mono_us <= CLOCK_US_PER_S)
        return;
    contact->looks_since_mono_us = now_us;
    contact->looks = contact->sent = 0;
}

/* Lock held. False: *known is the answer. */
static bool
begin_look(struct contact *contact, enum db_result *known)
{
    int64_t now_us = clock_mono_us();

    *known = contact->looked;
    if (contact->looking >= LOOKS_AT_ONCE) {
        if (now_us - contact->look_from_mono_us > SLOW_US)
            *known = DB_AWAY;
        return false;
    }
    count_from_now(contact, now_us);
    if (contact->looks >= LOOKS_PER_S)
        return false;
    contact->looks++;
    contact->looking++;
    contact->look_from_mono_us = now_us;
    return true;
}

/* May a request go where it can wait, to look, or to see what others have
   found? Of a flood only the first: all of them would fill the room for those
   who have to wait, to be told there what can be said at once. False: *known
   is the answer. */
static bool
may_be_sent(struct contact *contact, enum db_result *known)
{
    bool fits;

    pthread_mutex_lock(&contact->lock);
    *known = contact->looked;
    count_from_now(contact, clock_mono_us());
    fits = contact->sent < SENT_PER_S;
    contact->sent += fits;
    pthread_mutex_unlock(&contact->lock);
    return fits;
}

/* DB_OK also when it is not time for another look and the last one was fine. */
static enum db_result
look(struct app *app)
{
    struct contact *contact = app->contact;
    enum db_result result;
    bool begun;

    pthread_mutex_lock(&contact->lock);
    begun = begin_look(contact, &result);
    pthread_mutex_unlock(&contact->lock);
    if (!begun)
        return result;
    result = refresh(app);
    pthread_mutex_lock(&contact->lock);
    contact->looking--;
    contact->looked = result;
    pthread_mutex_unlock(&contact->lock);
    return result;
}

enum contact_news
contact_refresh(struct exchange *exchange)
{
    struct app *app = exchange->app;
    const struct catalog_snapshot *newer;
    enum db_result result = DB_OK;

    exchange->must_wait =
        !exchange->may_wait && may_be_sent(app->contact, &result);
    if (exchange->must_wait)
        return CONTACT_UNKNOWN;
    if (exchange->may_wait)
        result = look(app);
    newer = catalog_take(app->catalog);
    if (catalog_version(newer) == catalog_version(exchange->catalog)) {
        catalog_release(newer);
        return result == DB_OK ? CONTACT_SAME : CONTACT_UNKNOWN;
    }
    catalog_release(exchange->catalog);
    exchange->catalog = newer;
    return CONTACT_NEWER;
}
