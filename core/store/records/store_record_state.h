/*
 * store_record_state.h - what the mirror has of some records, for those who
 * compare.
 */
#ifndef STORE_RECORD_STATE_H
#define STORE_RECORD_STATE_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_state {
    uint32_t source_id;
    struct slice table;
    struct slice record_id;
    struct slice content; /* JSON that it is compared with, minified */

    /* out */
    bool found;
    bool deleted;
    bool same;         /* it holds just these bytes */
    uint64_t event_id; /* that wrote it */
    struct slice data; /* JSON, owned; absent where it is the same, where it is
                          deleted, and where its size alone says that it means
                          something else */
};

/* Reads those records. The records that come over are not larger altogether
   than a few times what they are compared with. After anything but DB_OK
   nothing is owned. */
enum db_result store_record_state(struct db *db, struct record_state *states,
                                  size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_STATE_H */
