/*
 * watch_book.c - see watch_book.h.
 */
#include "watch_book.h"

#include "alloc.h"
#include "clock.h"
#include "inbound_watch.h"
#include "store_names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define OLD_US (60 * CLOCK_US_PER_S)

struct watch_book {
    pthread_rwlock_t lock;       /* of the names: to look at them takes as long
                                    as to read a body, which many do at once */
    struct inbound_names *names; /* NULL: never read */
    int64_t read_mono_us;        /* of housekeeping alone */
    atomic_bool used;
    atomic_bool missed;
};

struct watch_book *
watch_book_new(void)
{
    struct watch_book *book = xcalloc(1, sizeof(*book));

    pthread_rwlock_init(&book->lock, NULL);
    return book;
}

void
watch_book_free(struct watch_book *book)
{
    if (book == NULL)
        return;
    inbound_names_free(book->names);
    pthread_rwlock_destroy(&book->lock);
    free(book);
}

const char *
watch_book_ignored(struct watch_book *book, const struct source *source,
                   const struct inbound *in)
{
    char id[INBOUND_ID_LEN + 1];
    const char *entity, *ignored;

    if (source->options.watch.count == 0)
        return inbound_ignored(source, in, NULL);
    atomic_store(&book->used, true);
    pthread_rwlock_rdlock(&book->lock);
    ignored = inbound_ignored(source, in, book->names);
    if (ignored == NULL &&
        inbound_unnamed(source, in, book->names, id, &entity))
        atomic_store(&book->missed, true);
    pthread_rwlock_unlock(&book->lock);
    return ignored;
}

static void
take(void *arg, const struct source_name *name)
{
    inbound_names_add(arg, name->source_id, name->entity_id, name->name);
}

static bool
is_due(struct watch_book *book)
{
    bool missed = atomic_exchange(&book->missed, false);

    /* Nobody else writes what is read here. */
    if (!missed && (book->names == NULL || !atomic_load(&book->used) ||
                    clock_mono_us() - book->read_mono_us <= OLD_US))
        return false;
    atomic_store(&book->used, false);
    return true;
}

/* Takes the names; gives back those to be freed. */
static struct inbound_names *
replace(struct watch_book *book, struct inbound_names *names)
{
    struct inbound_names *old;

    pthread_rwlock_wrlock(&book->lock);
    old = book->names;
    book->names = names;
    pthread_rwlock_unlock(&book->lock);
    book->read_mono_us = clock_mono_us();
    return old;
}

void
watch_book_keep(struct watch_book *book, struct db_pool *pool)
{
    struct inbound_names *names;
    struct db *db;

    if (!is_due(book))
        return;
    db = db_pool_take(pool);
    if (db == NULL)
        return; /* the next one who misses a name says so */
    names = inbound_names_new();
    if (store_names_read(db, take, names) == DB_OK)
        names = replace(book, names);
    inbound_names_free(names);
    db_pool_give(pool, db);
}
