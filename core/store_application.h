/*
 * store_application.h - which application a name or an app_ id means.
 */
#ifndef STORE_APPLICATION_H
#define STORE_APPLICATION_H

#include "db.h"
#include "slice.h"

#include <stdint.h>

/* text: "app_..." or a name. DB_NONE: there is no such application. */
enum db_result store_application_find(struct db *db, struct slice text,
                                      uint32_t *id)
    __attribute__((warn_unused_result));

#endif /* STORE_APPLICATION_H */
