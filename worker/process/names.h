/*
 * names.h - names of databases, for watch lists that have names: what is known
 * of them, shared by the store thread and the delivery loop.
 *
 * An event carries the id of its database alone. A database that is met for the
 * first time is asked for by the event's own job, before the event's record is;
 * from then on its name is known, here and in the table source_names.
 *
 * Thread-safe. NULL stands for an empty book.
 */
#ifndef NAMES_H
#define NAMES_H

#include "catalog.h"
#include "db.h"
#include "inbound.h"
#include "inbound_watch.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct names;

struct names *names_new(void);
void names_free(struct names *names);

/* What others have written down. */
enum db_result names_load(struct names *names, struct db *db)
    __attribute__((warn_unused_result));

/* As inbound_names_add(). */
void names_add(struct names *names, uint32_t source_id, struct slice id,
               struct slice name);

/* As inbound_unnamed(). */
bool names_miss(struct names *names, const struct source *source,
                const struct inbound *in, char id[INBOUND_ID_LEN + 1],
                const char **entity);

/* As inbound_ignored(). */
const char *names_ignore(struct names *names, const struct source *source,
                         const struct inbound *in);

/* Appends the name, if it is known. */
void names_print(struct names *names, uint32_t source_id, struct slice id,
                 struct buf *out);

/* The name that Notion's answer has: its title's plain text. */
void names_add_title(struct slice object, struct buf *out);

#endif /* NAMES_H */
