/*
 * store_source_rejection.h - the SQL that shows what was refused: requests to a
 * source, and rows of `outbox`.
 */
#ifndef STORE_SOURCE_REJECTION_H
#define STORE_SOURCE_REJECTION_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_REJECTION "rej"

enum rejection_scope {
    REJECTION_SOURCE, /* of source_id */
    REJECTION_OUTBOX, /* rows of `outbox` */
    REJECTION_ANY
};

struct rejection_filter {
    enum rejection_scope scope;
    uint32_t source_id;
    struct slice reason; /* absent = any */
    unsigned status;     /* 0 = any */
    uint64_t before_id;  /* page after that one; 0 = from the newest on */
    size_t limit;
};

struct rejection_row {
    uint64_t id;
    char *source; /* its name; NULL: none, or one that is gone */
    unsigned status;
    char reason[101];
    char *detail;         /* or NULL */
    char *remote_address; /* or NULL */
    int64_t created_at_us;
};

struct rejection_list {
    struct rejection_row *rows; /* newest first */
    size_t count;
    uint64_t next; /* cursor of the next page; 0 = this is the last */
};

enum db_result store_source_rejection_list(
    struct db *db, const struct rejection_filter *filter,
    struct rejection_list *list) __attribute__((warn_unused_result));
void rejection_list_free(struct rejection_list *list);

/* {"id","status","reason","detail","remote_address","created_at"} */
void rejection_print(const struct rejection_row *row, struct buf *out);

#endif /* STORE_SOURCE_REJECTION_H */
