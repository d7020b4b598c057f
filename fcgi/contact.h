/*
 * contact.h - what this process needs from the database before it can serve:
 * a schema that fits, a node number for ids, and the catalog.
 *
 * The database may be away when the process starts. Then it keeps going,
 * answers 503, and makes up for everything at the first contact. Afterwards
 * the catalog is kept fresh while requests come.
 *
 * Thread-safe.
 */
#ifndef CONTACT_H
#define CONTACT_H

#include "app.h"

#include <stdbool.h>

struct contact; /* opaque */

/* What a look into the database brought. */
enum contact_news {
    CONTACT_SAME,   /* nothing newer: the catalog in hand is right */
    CONTACT_NEWER,  /* exchange->catalog has changed: ask it again */
    CONTACT_UNKNOWN /* could not ask: 503, not a refusal */
};

enum contact_state {
    CONTACT_READY,
    CONTACT_AWAY,   /* no database at the moment: 503 */
    CONTACT_DENIED, /* it does not let us in: wrong password, no such
                       database, TLS refused */
    CONTACT_REFUSED /* it is not for us: older schema, max_allowed_packet too
                       small for max_body */
};

/* lease_node: take a row of `nodes` (not under plain CGI, where the id source
   has been given a random number). */
struct contact *contact_new(bool lease_node);
void contact_free(struct contact *contact); /* may be NULL */

/*
 * Makes first contact unless that is done: cheap when it is, but that a catalog
 * more than a second old is refreshed first. Not more than one try a second,
 * whoever asks. Not ready: *why is one line for a person; with
 * why NULL it goes to the log.
 */
enum contact_state contact_make(struct app *app, struct buf *why);

/* contact_make() would ask nobody. */
bool contact_is_fresh(const struct app *app);

/* Housekeeping, once a second: refreshes the catalog if requests have come. A
   request after a pause refreshes it itself, so a change of configuration is
   seen within a second or so. */
void contact_keep(struct app *app);

/* Renews the node lease when it is due; gives it back at the end. */
void contact_renew(struct app *app);
void contact_release(struct app *app);

/*
 * For a request that the catalog in hand would refuse (unknown source, wrong
 * signature, unknown token): looks whether there is a newer one. At most a few
 * look-ups a second in the whole process, so that a flood of bad requests does
 * not become a flood of queries; beyond that the answer is CONTACT_SAME.
 * Where the exchange may not wait: CONTACT_UNKNOWN, and it must_wait; but of
 * those only a few a second as well, the others are answered as above.
 */
enum contact_news contact_refresh(struct exchange *exchange)
    __attribute__((warn_unused_result));

#endif /* CONTACT_H */
