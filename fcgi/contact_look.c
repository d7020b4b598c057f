/*
 * contact_look.c - whether there is a newer catalog than the one in hand:
 * contact_refresh().
 */
#include "contact_impl.h"

#include "clock.h"

#define LOOKS_PER_S 8
#define SENT_PER_S 64   /* requests that may find the news of those looks */
#define LOOKS_AT_ONCE 2 /* they hold threads while the database hangs */

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
        if (now_us - contact->look_from_mono_us > CONTACT_SLOW_US)
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
    result = contact_read_catalog(app);
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
