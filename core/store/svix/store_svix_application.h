/*
 * store_svix_application.h - applications as Svix's API knows them: with an id
 * of the user's own (uid), a name that need not be unique, and metadata.
 *
 * owner 0 stands for "any" (an administrator looks); else only that application
 * is there.
 */
#ifndef STORE_SVIX_APPLICATION_H
#define STORE_SVIX_APPLICATION_H

#include "buf.h"
#include "db.h"
#include "slice.h"
#include "store_svix_page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svix_application {
    uint32_t id;
    char *name;
    char *uid;              /* or NULL */
    char *metadata;         /* JSON object, or NULL */
    uint32_t throttle_rate; /* 0 = none */
    int64_t created_at_us;
    int64_t updated_at_us;
};

struct svix_application_list {
    struct svix_application *rows;
    size_t count;
    bool more; /* there are others behind the last one read */
};

/* What is to be written; absent texts and unset flags leave a column as it
   is. */
struct svix_application_change {
    struct slice name;
    bool sets_uid, sets_metadata, sets_throttle;
    struct slice uid;      /* absent = none */
    struct slice metadata; /* absent = {} */
    uint32_t throttle_rate;
};

/* text: app_... or a uid. DB_NONE: there is no such application. */
enum db_result store_svix_application_find(struct db *db, uint32_t owner,
                                           struct slice text, uint32_t *id)
    __attribute__((warn_unused_result));

enum db_result store_svix_application_get(struct db *db, uint32_t id,
                                          struct svix_application *row)
    __attribute__((warn_unused_result));

enum db_result store_svix_application_list(struct db *db, uint32_t owner,
                                           const struct svix_page *page,
                                           struct svix_application_list *list)
    __attribute__((warn_unused_result));

/* The name is required. DB_DUPLICATE: the uid is taken. */
enum db_result
store_svix_application_insert(struct db *db,
                              const struct svix_application_change *change,
                              uint32_t *id) __attribute__((warn_unused_result));

enum db_result
store_svix_application_update(struct db *db, uint32_t id,
                              const struct svix_application_change *change)
    __attribute__((warn_unused_result));

/*
 * Removes it with its endpoints and tokens; the row stays, so that history
 * keeps its owner. DB_DUPLICATE: it may not go, because it is the default one
 * or has sources.
 */
enum db_result store_svix_application_delete(struct db *db, uint32_t id)
    __attribute__((warn_unused_result));

void svix_application_free(struct svix_application *row);
void svix_application_list_free(struct svix_application_list *list);

/* Appends ApplicationOut. */
void svix_application_print(const struct svix_application *row,
                            struct buf *out);

#endif /* STORE_SVIX_APPLICATION_H */
