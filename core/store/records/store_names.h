/*
 * store_names.h - names of databases that a source's API was asked for: table
 * `source_names`.
 */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "db.h"
#include "slice.h"

#include <stddef.h>
#include <stdint.h>

struct source_name {
    uint32_t source_id;
    struct slice entity_id; /* as inbound_id_clean() leaves it */
    struct slice name;      /* absent: the source has no such thing */
};

/* Hands over all of them, in any order; slices live during the call. */
enum db_result store_names_read(struct db *db,
                                void (*found)(void *arg,
                                              const struct source_name *name),
                                void *arg) __attribute__((warn_unused_result));

enum db_result store_names_write(struct db *db, const struct source_name *names,
                                 size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_NAMES_H */
