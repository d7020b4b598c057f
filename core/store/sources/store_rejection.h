/*
 * store_rejection.h - the SQL that notes what was refused, and why.
 */
#ifndef STORE_REJECTION_H
#define STORE_REJECTION_H

#include "db.h"

#include <stddef.h>
#include <stdint.h>

struct rejection {
    uint64_t id;                /* new; has the time when it happened */
    uint32_t source_id;         /* 0: not a request but a row of `outbox` */
    unsigned status;            /* of the answer */
    const char *reason;         /* one word, ASCII */
    const char *detail;         /* at most 500 characters */
    const char *remote_address; /* ASCII, at most 45; NULL = not known */
};

enum db_result store_rejection_add(struct db *db, const struct rejection *list,
                                   size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_REJECTION_H */
