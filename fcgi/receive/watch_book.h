/*
 * watch_book.h - which events a source does not watch, by what is known of the
 * names of its databases.
 *
 * The worker asks a source for names and writes them down (store_names.h); here
 * they are only read, by housekeeping, when an event has come whose database
 * nobody here knows. Until then such an event passes: the worker will tell.
 *
 * Thread-safe; the lock is not held while the database is asked.
 */
#ifndef WATCH_BOOK_H
#define WATCH_BOOK_H

#include "db.h"
#include "inbound.h"

struct watch_book; /* opaque */

struct watch_book *watch_book_new(void);
void watch_book_free(struct watch_book *book); /* may be NULL */

/* As inbound_ignored(). */
const char *watch_book_ignored(struct watch_book *book,
                               const struct source *source,
                               const struct inbound *in);

/* Housekeeping, once a second: reads the names if somebody has missed one, or
   if they are used and a minute old. */
void watch_book_keep(struct watch_book *book, struct db_pool *pool);

#endif /* WATCH_BOOK_H */
