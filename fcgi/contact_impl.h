/*
 * contact_impl.h - what the files behind contact.h share; nobody else includes
 * it.
 *
 *   contact.c       the first contact, and how the catalog is kept fresh
 *   contact_look.c  looks at a newer one, for requests that need it
 */
#ifndef CONTACT_IMPL_H
#define CONTACT_IMPL_H

#include "clock.h"
#include "contact.h"

#include <pthread.h>

#define CONTACT_WHY_MAX 512            /* bytes */
#define CONTACT_SLOW_US CLOCK_US_PER_S /* what takes longer is bad news */

struct contact {
    pthread_mutex_t lock; /* not held while the database is asked */
    atomic_bool made;
    atomic_int_fast64_t refreshed_mono_us; /* the last try */
    bool lease_node;
    bool leased;     /* whoever is trying, and the end of the process */
    bool trying;     /* somebody is at the first contact */
    bool refreshing; /* somebody is at the catalog */
    int64_t refresh_from_mono_us; /* since then */
    pthread_cond_t refreshed;     /* he is done */
    bool tried;
    int64_t tried_mono_us;
    enum contact_state state; /* what the last try found */
    char why[CONTACT_WHY_MAX];
    int64_t looks_since_mono_us; /* contact_refresh() counts from here */
    unsigned looks;
    unsigned sent;             /* ... of requests that may not wait */
    unsigned looking;          /* ... are under way */
    int64_t look_from_mono_us; /* when the last of them began */
    enum db_result looked;     /* how the last of them ended */
    uint_fast64_t requests_seen;
};

/* Brings the catalog up to date, however long that takes. */
enum db_result contact_read_catalog(struct app *app)
    __attribute__((warn_unused_result));

#endif /* CONTACT_IMPL_H */
