/*
 * trigger.h - evaluates a source's trigger rules (trigger_rule.h) on records
 * that have just been written, and emits what they ask for.
 *
 * The emitted event has the data {"trigger", "action", "source", "table",
 * "record_id", "old", "new", "event_id"}, belongs to the source's application
 * and has the channel "source:NAME". A rule that refreshes makes inbound events
 * (refresh.h).
 */
#ifndef TRIGGER_H
#define TRIGGER_H

#include "emit.h"
#include "processed.h"

#include <stdbool.h>
#include <stddef.h>

struct triggers;

struct triggers *triggers_new(void);
void triggers_free(struct triggers *triggers);

/* For each event that was applied, inside the transaction and before
   emit_write(). Returns how many rules were met. */
size_t triggers_add(struct triggers *triggers, struct emit *emit,
                    const struct processed *processed);

#endif /* TRIGGER_H */
