/*
 * refresh.h - relations of a record changed: those that it names, and named,
 * are fetched again.
 *
 * Each gets an inbound event of its own, `SOURCE.ENTITY.refresh`, which is
 * processed as if the source had sent it: a hint that the record may be
 * another. Its metadata has "refresh": true, and such an event never causes
 * further ones, so two records that name each other come to rest.
 */
#ifndef REFRESH_H
#define REFRESH_H

#include "emit.h"
#include "processed.h"
#include "trigger_rule.h"

#include <stdbool.h>
#include <stddef.h>

#define REFRESH_MAX 100 /* records of one event; more are left out */

/* Is it such an event, by its metadata? It counts whatever the source's watch
   list says. */
bool refresh_is_one(struct slice metadata);

/* rule->refresh is the member. Nothing for a source that is not asked for its
   records. Returns how many there are. */
size_t refresh_add(struct emit *emit, const struct trigger_rule *rule,
                   const struct processed *processed);

#endif /* REFRESH_H */
