/*
 * store_record.h - the mirror: our copy of the sources' rows and pages.
 *
 * The newer state wins, by the time of the change and then by the event's id; a
 * delete leaves a tombstone with its time, so an update that arrives late
 * cannot bring the record back. Each write counts `revision` up, notes which
 * fields became different by which event (record_fields.h), and marks the
 * record for those who follow the mirror: search and cache files (`dirty`).
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_OLD_MAX (512 * 1024) /* bytes */

enum record_verified {
    RECORD_UNVERIFIED, /* as the event said */
    RECORD_VERIFIED,   /* as the source itself has it */
    RECORD_DIFFERS     /* as the source has it, and the event said otherwise */
};

struct record_change {
    uint32_t source_id;
    struct slice table;
    struct slice record_id;
    /* When the source says it changed. What was fetched is at least as new as
       the moment when the request for it was sent. */
    int64_t version_us;
    uint64_t event_id;
    bool deleted;
    struct slice data; /* JSON; absent when deleted */
    enum record_verified verified;
    void *arg; /* the caller's, to know it again after sorting */

    /* out */
    bool stale;       /* refused, a newer state is there already */
    struct slice old; /* the record before this change, as JSON; absent: there
                         was none, it was deleted, or it is larger than
                         RECORD_OLD_MAX. Valid until the mirror is used again. */
};

struct mirror; /* opaque: what was read for the last changes */

struct mirror *mirror_new(void);
void mirror_free(struct mirror *mirror);

/*
 * Writes the changes inside the caller's transaction and sorts them by key, and
 * those of one record by age. Several changes of one record are fine: `old` of
 * the second is what the first made. One SELECT and one INSERT for all of them.
 * `stale` is exact as long as nobody else writes the same source's records; the
 * statement itself refuses stale changes in any case. now_us: the database's
 * clock.
 */
enum db_result store_record_apply(struct mirror *mirror, struct db *db,
                                  struct record_change *changes, size_t count,
                                  int64_t now_us)
    __attribute__((warn_unused_result));

/* Something newer is known to exist, but not what (the source is down): marks
   the records `stale` until the next change is written. Only source_id, table
   and record_id count. Inside the caller's transaction; sorts by key. */
enum db_result store_record_doubt(struct db *db, struct record_change *changes,
                                  size_t count)
    __attribute__((warn_unused_result));

/* Removes a piece of what is mirrored of sources that have been deleted, with
   its words and counts. *more: there is more of it. */
enum db_result store_record_forget(struct db *db, bool *more)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_H */
