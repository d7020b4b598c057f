/*
 * watch_book.c - see watch_book.h.
 */
#include "watch_book.h"

#include "alloc.h"
#include "clock.h"
#include "inbound_watch.h"
#include "store_names.h"

#include <pthread.h>
#include <stdlib.h>

#define OLD_US (60 * CLOCK_US_PER_S)

struct watch_book {
    pthread_mutex_t lock;
    struct inbound_names *names; /* NULL: never read */
    bool used;
    bool missed;
    int64_t read_mono_us;
};

struct watch_book *
watch_book_new(void)
{
    struct watch_book *book = xcalloc(1, sizeof(*book));

    pthread_mutex_init(&book->lock, NULL);
    return book;
}

void
watch_book_free(struct watch_book *book)
{
    if (book == NULL)
        return;
    inbound_names_free(book->names);
    pthread_mutex_destroy(&book->lock);
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
    pthread_mutex_lock(&book->lock);
    book->used = true;
    ignored = inbound_ignored(source, in, book->names);
    if (ignored == NULL &&
        inbound_unnamed(source, in, book->names, id, &entity))
        book->missed = true;
    pthread_mutex_unlock(&book->lock);
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
    bool due;

    pthread_mutex_lock(&book->lock);
    due = book->missed || (book->used && book->names != NULL &&
                           clock_mono_us() - book->read_mono_us > OLD_US);
    book->missed = false;
    book->used = book->used && !due;
    pthread_mutex_unlock(&book->lock);
    return due;
}

/* Takes the names; gives back those to be freed. */
static struct inbound_names *
replace(struct watch_book *book, struct inbound_names *names)
{
    struct inbound_names *old;

    pthread_mutex_lock(&book->lock);
    old = book->names;
    book->names = names;
    book->read_mono_us = clock_mono_us();
    pthread_mutex_unlock(&book->lock);
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
