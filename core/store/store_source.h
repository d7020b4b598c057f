/*
 * store_source.h - sources in the database: show them, set their secrets.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include "db.h"
#include "seal.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_SECRETS_MAX 5 /* live secrets of one source */

struct source_row {
    uint32_t id;
    uint32_t application_id;
    char name[65];
    char provider[33];
    size_t secrets;  /* how many live ones */
    bool unreadable; /* sealed with another key, or damaged */
    uint32_t max_attempts;
    uint32_t retry_delay_s;
    uint32_t concurrency;
    bool relay_received; /* relays on receipt, not after processing */
    int64_t updated_at_us;
};

struct source_list {
    struct source_row *rows; /* by id */
    size_t count;
};

enum db_result store_source_list(struct db *db, const struct sealer *sealer,
                                 struct source_list *list)
    __attribute__((warn_unused_result));
void source_list_free(struct source_list *list);

enum db_result store_source_get(struct db *db, const struct sealer *sealer,
                                struct slice name, struct source_row *row)
    __attribute__((warn_unused_result));

/* What to change; nothing happens for members that are not set. */
struct source_change {
    struct slice secret; /* absent = unchanged */
    bool keep_others;    /* the new secret joins the present ones, in front */
    bool clear_secrets;
    uint32_t max_attempts;  /* 0 = unchanged */
    uint32_t retry_delay_s; /* 0 = unchanged */
    uint32_t concurrency;   /* 0 = unchanged */
    struct slice relay;     /* "processed", "received"; absent = unchanged */
};

/* DB_NONE: no such source. With keep_others and unreadable present secrets:
   DB_BROKEN, nothing changed. */
enum db_result store_source_change(struct db *db, const struct sealer *sealer,
                                   struct slice name,
                                   const struct source_change *change)
    __attribute__((warn_unused_result));

#endif /* STORE_SOURCE_H */
