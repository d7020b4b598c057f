/*
 * emit.h - events that the worker makes itself, inside the transaction of a
 * batch: cache.invalidated, what triggers ask for, what there is to say about
 * a source.
 *
 *   emit_begin()  at the start of every try: a batch that is repeated makes
 *                 its events anew, with other ids
 *   emit_add()    any number of times; what is given is copied
 *   emit_write()  inside the transaction, after the fences
 *   emit_tell()   after the commit: the new jobs are announced
 *
 * Used by the store thread alone.
 */
#ifndef EMIT_H
#define EMIT_H

#include "catalog.h"
#include "db.h"
#include "doorbell.h"
#include "id.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emit;

/* An event to be made. */
struct emission {
    uint32_t application_id;
    uint32_t source_id;    /* it is about; 0 = none */
    struct slice type;     /* valid (pattern_is_type()) */
    struct slice data;     /* JSON object, minified */
    struct slice channel;  /* the one channel that it has, or absent: none */
    uint64_t waiter_id;    /* a process job that waits for its deliveries
                             (store_wait.h); 0 = nobody does */
    bool refresh;          /* not for subscriptions: it is an inbound event of
                             source_id, and gets a process job */
    struct slice metadata; /* JSON object, minified, or absent */
    struct slice dedupe;   /* what tells a repeat of it, or absent */
};

struct emit *emit_new(struct id_source *ids);
void emit_free(struct emit *emit);

/* Empties it; the snapshot is used until the next call. */
void emit_begin(struct emit *emit, const struct catalog_snapshot *snapshot);

void emit_add(struct emit *emit, const struct emission *emission);

/* Does a subscription ask for it by name or by a pattern with a name in it? One
   that wants everything ("*") gets what is made anyway, but is no reason to
   make it. Of the emission only application, type and channel count. */
bool emit_is_wanted(const struct emit *emit, const struct emission *emission);

/* now_us: the database's clock. After any failure the caller rolls back. */
enum db_result emit_write(struct emit *emit, struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

/* After emit_write(): has that job to wait for deliveries? It is then not to
   be finished, but moved to its LANE_WAIT lane and looked at again with
   store_wait_look(). */
bool emit_has_waiter(const struct emit *emit, uint64_t job_id);

/* After the commit: rings, so that all workers, this one too, look for the new
   jobs. Returns how many events there were. */
size_t emit_tell(struct emit *emit, struct doorbell *doorbell);

#endif /* EMIT_H */
