/*
 * store_application.h - applications: make, list, and find by name or app_ id.
 */
#ifndef STORE_APPLICATION_H
#define STORE_APPLICATION_H

#include "db.h"
#include "slice.h"

#include <stdint.h>

/* DB_DUPLICATE: the name is taken. */
enum db_result store_application_insert(struct db *db, struct slice name,
                                        uint32_t *id)
    __attribute__((warn_unused_result));

/* Calls `each` for every application, in the order of their ids. */
enum db_result
store_application_list(struct db *db,
                       void (*each)(void *arg, uint32_t id, struct slice name,
                                    int64_t created_at_us),
                       void *arg) __attribute__((warn_unused_result));

/* text: "app_..." or a name. DB_NONE: there is no such application. */
enum db_result store_application_find(struct db *db, struct slice text,
                                      uint32_t *id)
    __attribute__((warn_unused_result));

#endif /* STORE_APPLICATION_H */
