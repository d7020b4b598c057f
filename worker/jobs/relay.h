/*
 * relay.h - inbound events that go on to the subscriptions that want them: the
 * jobs made for that inside a batch's transaction.
 */
#ifndef RELAY_H
#define RELAY_H

#include "catalog.h"
#include "db.h"
#include "id.h"
#include "store_flush.h"
#include "task.h"

#include <stddef.h>
#include <stdint.h>

/* A job that was made, and the task whose event it has. */
struct relayed {
    struct new_job job;
    struct task *origin;
};

struct relay;

struct relay *relay_new(struct id_source *ids);
void relay_free(struct relay *relay);

/* Empties it; the snapshot is used until the next call. */
void relay_begin(struct relay *relay, const struct catalog_snapshot *snapshot);

/* Notes the subscriptions of the application that want the task's event.
   Returns how many they are. */
size_t relay_add(struct relay *relay, struct task *origin,
                 uint32_t application_id);

/* Writes the jobs of all that was added. */
enum db_result relay_write(struct relay *relay, struct db *db)
    __attribute__((warn_unused_result));

/* What was written; lives until the next relay_begin(). */
const struct relayed *relay_jobs(const struct relay *relay, size_t *count);

#endif /* RELAY_H */
