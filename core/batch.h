/*
 * batch.h - events that are written in one transaction.
 *
 * Filled with batch_add(), written with batch_write() - again, with the same
 * ids, if the database says so - and then batch_answer() tells the events what
 * became of them. Used by one thread at a time.
 */
#ifndef BATCH_H
#define BATCH_H

#include "catalog.h"
#include "db.h"
#include "event.h"
#include "id.h"

#include <stddef.h>

struct batch; /* opaque */

struct batch *batch_new(void);
void batch_free(struct batch *batch);
void batch_clear(struct batch *batch); /* keeps the memory */

/* Draws the ids of the event and its jobs and finds who wants it. snapshot may
   be NULL where nothing has to be matched. The event must stay. */
void batch_add(struct batch *batch, struct new_event *event,
               struct id_source *ids, const struct catalog_snapshot *snapshot);
size_t batch_events(const struct batch *batch);
size_t batch_jobs(const struct batch *batch);

/* True if that event needs the catalog. */
bool batch_matches(const struct new_event *event);

/* The whole transaction. now_us is the database's clock, which says in which
   slots keys are (dedupe.h). DB_UNKNOWN: see batch_find_out(); every other
   failure has left nothing. */
enum db_result batch_write(struct batch *batch, struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

enum batch_fate {
    BATCH_WRITTEN,
    BATCH_NOT_WRITTEN,
    BATCH_COLLIDED /* somebody else has one of the ids: draw others */
};

/* After DB_UNKNOWN, or a duplicate id: what has happened? */
enum db_result batch_find_out(struct batch *batch, struct db *db,
                              enum batch_fate *fate)
    __attribute__((warn_unused_result));
void batch_redraw(struct batch *batch, struct id_source *ids);

/* After DB_OK: sets the outputs of all events. */
void batch_answer(const struct batch *batch);

#endif /* BATCH_H */
