/*
 * backlog.h - how many events of a source wait to be processed, for sources
 * that limit that (option queue_size).
 *
 * The database is asked at most once a second for each source, by
 * housekeeping; in between, what this process has accepted since is added.
 * So the number is exact for one responder process whose worker stands still,
 * and otherwise too high by what was processed within the last second. What was
 * being stored while the database counted is reckoned twice until it counts
 * again: never too low.
 *
 * Thread-safe; the lock is never held while the database is asked.
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include "db.h"

#include <stdbool.h>
#include <stdint.h>

struct backlog;       /* opaque */
struct backlog_queue; /* one source's; lives as long as the backlog */

struct backlog *backlog_new(void);
void backlog_free(struct backlog *backlog); /* may be NULL */

enum backlog_answer {
    BACKLOG_FITS,
    BACKLOG_FULL,
    BACKLOG_UNKNOWN /* not counted, or too long ago: backlog_count() first */
};

/*
 * One more event of a source that may have `most` of them waiting (> 0).
 * BACKLOG_FITS: it is reckoned from now on, and *queue has to be given to
 * backlog_leave() once. insist: an old count will do, and none at all counts
 * as nothing; never BACKLOG_UNKNOWN then. now_us: monotonic.
 */
enum backlog_answer backlog_enter(struct backlog *backlog, uint32_t source_id,
                                  uint32_t most, bool insist, int64_t now_us,
                                  struct backlog_queue **queue)
    __attribute__((warn_unused_result));

/* stored: there is a job of it now; else it is forgotten. */
void backlog_leave(struct backlog *backlog, struct backlog_queue *queue,
                   bool stored);

/* Asks the database about a source that has entered before. DB_OK also while
   somebody else does that. */
enum db_result backlog_count(struct backlog *backlog, struct db *db,
                             uint32_t source_id)
    __attribute__((warn_unused_result));

/* Housekeeping: counts every source that events came for since the last
   time. */
void backlog_keep(struct backlog *backlog, struct db_pool *pool);

#endif /* BACKLOG_H */
