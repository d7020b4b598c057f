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

    /* out */
    bool found;
    bool deleted;
    uint64_t event_id; /* that wrote it */
    struct slice data; /* JSON, absent when deleted; owned */
};

/* Reads those records. After anything but DB_OK nothing is owned. */
enum db_result store_record_state(struct db *db, struct record_state *states,
                                  size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_STATE_H */
