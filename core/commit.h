/*
 * commit.h - group commit: many requests, one transaction.
 *
 * Request threads hand in events. The first to arrive becomes the leader, takes
 * all that wait (bounded in rows, in bytes and by max_allowed_packet), writes
 * them in one transaction and wakes the others; meanwhile the next batch
 * gathers. When it returns DB_OK, COMMIT has happened: the event and its jobs
 * are durable.
 *
 * The leader refreshes the catalog after it has taken its batch and before it
 * matches, so a subscription created before a request arrived always gets its
 * event. A row that the database refuses fails alone: the batch is split until
 * the culprit is by itself. A COMMIT with unknown outcome is settled on a new
 * connection by a locking read of the batch's ids.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "catalog.h"
#include "db.h"
#include "event.h"
#include "id.h"

struct committer; /* opaque, thread-safe */

/* Owns one connection of its own. doorbell may be NULL. */
struct doorbell;
struct committer *commit_new(const struct settings *settings,
                             struct catalog *catalog, struct id_source *ids,
                             struct doorbell *doorbell);
void commit_free(struct committer *committer);

/*
 * Writes all `count` events (one request's; up to 1000) or none of them.
 * DB_OK       committed; outputs of each event are set
 * DB_AWAY     not written: 503 with Retry-After
 * DB_BROKEN   not written: these rows cannot be stored; the log says why
 */
enum db_result commit_events(struct committer *committer,
                             struct new_event *events, size_t count)
    __attribute__((warn_unused_result));

/* Closes the connection if it has not been used for settings->db_idle_s. */
void commit_reap(struct committer *committer);

#endif /* COMMIT_H */
