/*
 * store_record.h - the mirror: our copy of the sources' rows and pages.
 *
 * The newer state wins, by the source's own time of the change and then by the
 * event's id; a delete leaves a tombstone with its time, so an update that
 * arrives late cannot bring the record back.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_change {
    uint32_t source_id;
    struct slice table;
    struct slice record_id;
    int64_t version_us; /* when the source says it changed */
    uint64_t event_id;
    bool deleted;
    struct slice data; /* JSON; absent when deleted */
    bool stale;        /* out: refused, a newer state is there already */
};

/*
 * Writes the changes inside the caller's transaction and sorts them by key.
 * Several changes of one record are fine. `stale` is exact as long as nobody
 * else writes the same source's records; the statement itself refuses stale
 * changes in any case.
 */
enum db_result store_record_apply(struct db *db, struct record_change *changes,
                                  size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_H */
