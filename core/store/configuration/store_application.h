/*
 * store_application.h - applications: make, list, and find by name or app_ id.
 */
#ifndef STORE_APPLICATION_H
#define STORE_APPLICATION_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APPLICATION_RETENTION_MAX 3650 /* days */

struct application_row {
    uint32_t id;
    char *name;
    uint32_t retention_days; /* of its events and deliveries; 0 = as is usual */
    int64_t created_at_us;
};

struct application_list {
    struct application_row *rows; /* in the order of their ids */
    size_t count;
    bool more; /* there are others behind the last one read */
};

/* retention_days as in application_row. DB_DUPLICATE: the name is taken. */
enum db_result store_application_insert(struct db *db, struct slice name,
                                        uint32_t retention_days, uint32_t *id)
    __attribute__((warn_unused_result));

/* owner 0: all of them; else that application alone. */
enum db_result store_application_page(struct db *db, uint32_t owner,
                                      uint32_t after_id, size_t limit,
                                      struct application_list *list)
    __attribute__((warn_unused_result));

enum db_result store_application_get(struct db *db, uint32_t owner, uint32_t id,
                                     struct application_row *row)
    __attribute__((warn_unused_result));

/* days 0: as is usual. Takes effect with the next cleanup. DB_NONE: there is no
   such application. */
enum db_result store_application_set_retention(struct db *db, uint32_t id,
                                               uint32_t days)
    __attribute__((warn_unused_result));

void application_row_free(struct application_row *row);
void application_list_free(struct application_list *list);

/* Appends the object that the API shows. */
void application_print(const struct application_row *row, struct buf *out);

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
