/*
 * commit.h - group commit: many requests, one transaction.
 *
 * Request threads hand in events. A thread of the committer takes all that wait
 * (bounded in rows, in bytes and by max_allowed_packet), writes them in one
 * transaction and answers; meanwhile the next batch gathers, and another
 * thread takes it. One transaction is under way at a time. When the answer is
 * DB_OK, COMMIT has happened: the event and its jobs are durable.
 *
 * The catalog is refreshed after a batch was taken and before it is matched,
 * so a subscription created before a request arrived always gets its event. A
 * row that the database refuses fails alone: the batch is split until the
 * culprit is by itself. A COMMIT with unknown outcome is settled on a new
 * connection by a locking read of the batch's ids.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "catalog.h"
#include "db.h"
#include "event.h"
#include "id.h"

struct committer; /* opaque, thread-safe */

/* Owns one connection, and threads of its own; where they cannot be started the
   process says so and ends (EX_OSERR). doorbell may be NULL. */
struct doorbell;
struct committer *commit_new(const struct settings *settings,
                             struct catalog *catalog, struct id_source *ids,
                             struct doorbell *doorbell);
/* Everything handed in is answered before it returns. */
void commit_free(struct committer *committer);

/* What is to be written: all the events (one request's; up to 1000) or none of
   them. It and the events belong to the committer until done() is called. */
struct commit_request {
    struct new_event *events;
    size_t count;
    /*
     * Called once: by commit_start() itself or by a thread of the committer,
     * which others wait for, so it does not take long. The request may be gone
     * when it returns. result:
     * DB_OK       committed; outputs of each event are set
     * DB_AWAY     not written: 503 with Retry-After
     * DB_BROKEN   not written: these rows cannot be stored; the log says why
     */
    void (*done)(struct commit_request *request);
    void *arg; /* for done() */
    enum db_result result;

    /* The committer's. */
    size_t bytes;
    struct commit_request *next;
};

/* Hands it in and returns. */
void commit_start(struct committer *committer, struct commit_request *request);

/* The same, and waits for the result. */
enum db_result commit_events(struct committer *committer,
                             struct new_event *events, size_t count)
    __attribute__((warn_unused_result));

/* Closes the connection if it has not been used for settings->db_idle_s. */
void commit_reap(struct committer *committer);

#endif /* COMMIT_H */
