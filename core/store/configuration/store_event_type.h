/*
 * store_event_type.h - the registered event types: a catalogue for people, and
 * what data of a type has to be. Any other valid type works in subscriptions
 * and triggers too.
 *
 * They belong to all applications. A type that was removed stays as a row, so
 * that everybody who follows the configuration learns of it.
 */
#ifndef STORE_EVENT_TYPE_H
#define STORE_EVENT_TYPE_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENT_TYPE_NO_CATEGORY "Other"

struct event_type_row {
    char *name;
    char *category;
    char *description;
    struct slice example; /* JSON or absent, owned; and so is the next */
    struct slice schema;
    bool validate; /* data that does not satisfy the schema is refused */
    bool archived; /* out of sight */
    int64_t created_at_us;
    int64_t updated_at_us;
};

/* What is to be written; unset fields stay as they are. */
struct event_type_change {
    struct slice category, description; /* absent: stays */
    bool sets_example, sets_schema, sets_versions, sets_flags;
    bool sets_validate, sets_archived, sets_deprecated;
    struct slice example, schema; /* JSON; absent = none */
    /* In the manner of Svix's API: a schema for each version, of which `schema`
       is the newest. Absent = none; `schema` alone takes it away. */
    struct slice versions;
    struct slice flags; /* JSON; absent = none */
    bool validate, archived, deprecated;
};

/*
 * Appends
 *   {"event_types":[{"name","description","category"},...],
 *    "categories":{"Email":["email.received",...],...}}
 * in the order of the catalogue.
 */
enum db_result store_event_type_print(struct db *db, struct buf *out)
    __attribute__((warn_unused_result));

enum db_result store_event_type_get(struct db *db, struct slice name,
                                    struct event_type_row *row)
    __attribute__((warn_unused_result));

/* Calls show() for each, in the order of the catalogue, without example and
   schema. */
enum db_result
store_event_type_each(struct db *db, bool with_archived,
                      void (*show)(void *arg, const struct event_type_row *row),
                      void *arg) __attribute__((warn_unused_result));

void event_type_row_free(struct event_type_row *row);

/* Appends the object of the API. whole: with example and schema. */
void event_type_row_print(const struct event_type_row *row, bool whole,
                          struct buf *out);

/* DB_DUPLICATE: there is one of that name. */
enum db_result store_event_type_insert(struct db *db, struct slice name,
                                       const struct event_type_change *change)
    __attribute__((warn_unused_result));

enum db_result store_event_type_update(struct db *db, struct slice name,
                                       const struct event_type_change *change)
    __attribute__((warn_unused_result));

/* For good; who only wants it out of sight sets `archived`. */
enum db_result store_event_type_delete(struct db *db, struct slice name)
    __attribute__((warn_unused_result));

#endif /* STORE_EVENT_TYPE_H */
