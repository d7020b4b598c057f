/*
 * ingest.h - events that are written in one transaction.
 *
 * Filled with ingest_add(), written with ingest_write() - again, with the same
 * ids, if the database says so - and then ingest_answer() tells the events what
 * became of them. Used by one thread at a time.
 */
#ifndef INGEST_H
#define INGEST_H

#include "catalog.h"
#include "db.h"
#include "event.h"
#include "id.h"

#include <stddef.h>
#include <stdint.h>

struct ingest; /* opaque */

struct ingest *ingest_new(void);
void ingest_free(struct ingest *batch);
void ingest_clear(struct ingest *batch); /* keeps the memory */

/* Draws the ids of the event and its jobs and finds who wants it. snapshot may
   be NULL where nothing has to be matched. The event must stay. */
void ingest_add(struct ingest *batch, struct new_event *event,
                struct id_source *ids, const struct catalog_snapshot *snapshot);
size_t ingest_jobs(const struct ingest *batch);

/* True if that event needs the catalog. */
bool ingest_matches(const struct new_event *event);

/* The whole transaction. now_us is the database's clock, which says in which
   slots keys are (dedupe.h). DB_UNKNOWN: see ingest_find_out(); every other
   failure has left nothing. */
enum db_result ingest_write(struct ingest *batch, struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

/* The same within a transaction that the caller has begun and will end, who
   has to roll it back after any failure. */
enum db_result ingest_insert(struct ingest *batch, struct db *db,
                             int64_t now_us)
    __attribute__((warn_unused_result));

enum ingest_fate {
    BATCH_WRITTEN,
    BATCH_NOT_WRITTEN,
    BATCH_COLLIDED /* somebody else has one of the ids: draw others */
};

/* After DB_UNKNOWN, or a duplicate id: what has happened? */
enum db_result ingest_find_out(struct ingest *batch, struct db *db,
                               enum ingest_fate *fate)
    __attribute__((warn_unused_result));
void ingest_redraw(struct ingest *batch, struct id_source *ids);

/* After DB_OK: sets the outputs of all events. */
void ingest_answer(const struct ingest *batch);

/* The deliver jobs that the i-th event got at once; those of a fan-out come
   later. Lives until the batch is cleared. */
const uint64_t *ingest_event_jobs(const struct ingest *batch, size_t i,
                                  size_t *count);

#endif /* INGEST_H */
