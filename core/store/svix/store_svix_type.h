/*
 * store_svix_type.h - event types as Svix's API knows them: with a schema for
 * each version, archived and deprecated ones, and groups.
 *
 * They belong to all applications. Those of the catalogue stand here too.
 */
#ifndef STORE_SVIX_TYPE_H
#define STORE_SVIX_TYPE_H

#include "buf.h"
#include "db.h"
#include "slice.h"
#include "store_event_type.h"
#include "store_svix_page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svix_type {
    char *name;
    char *description;
    char *group; /* or NULL */
    bool archived;
    bool deprecated;
    char *schemas;        /* JSON object, or NULL */
    char *feature_flags;  /* JSON array, or NULL */
    struct slice example; /* JSON or absent; owned */
    int64_t created_at_us;
    int64_t updated_at_us;
};

struct svix_type_list {
    struct svix_type *rows;
    size_t count;
    bool more; /* there are others behind the last one read */
};

/* What is to be written; unset fields stay as they are. */
struct svix_type_change {
    struct slice description; /* absent: stays */
    bool sets_group, sets_schemas, sets_flags, sets_archived, sets_deprecated;
    struct slice group;   /* absent = none */
    struct slice schemas; /* JSON; absent = none */
    struct slice flags;   /* JSON; absent = none */
    bool archived;
    bool deprecated;
};

enum db_result store_svix_type_get(struct db *db, struct slice name,
                                   struct svix_type *type)
    __attribute__((warn_unused_result));

enum db_result store_svix_type_list(struct db *db, bool with_archived,
                                    const struct svix_page *page,
                                    struct svix_type_list *list)
    __attribute__((warn_unused_result));

/* The same for the store (store_event_type.h); of the schemas the newest is the
   one that counts. */
struct event_type_change
svix_type_change_of(const struct svix_type_change *change);

void svix_type_free(struct svix_type *type);
void svix_type_list_free(struct svix_type_list *list);

/* Appends EventTypeOut. content: else without the schemas. */
void svix_type_print(const struct svix_type *type, bool content,
                     struct buf *out);

#endif /* STORE_SVIX_TYPE_H */
