/*
 * cache.h - tells those who keep copies that a record is not what it was.
 *
 * An event `cache.invalidated` on channel "source:NAME", in the transaction
 * that writes the record, with
 *
 *   {"source","table","record_id","keys":[...],"reason","event_id"}
 *
 * keys are the source's templates (cache_key.h) filled in; one that names
 * a field which the record has not is left out. A template without fields, or
 * none at all, always gives a key, so a record whose content is not known is
 * invalidated as well.
 */
#ifndef CACHE_H
#define CACHE_H

#include "emit.h"
#include "processed.h"

#define CACHE_CHANGED "changed"
#define CACHE_DELETED "deleted"
#define CACHE_SOURCE_DOWN "source_down" /* something changed, we cannot ask */

/*
 * Emits it, if the event is about a record and somebody wants it: the source
 * has cache_keys, or a subscription takes it. Where old and new record give
 * different keys both are told. Call it for every event that was applied (not
 * for one that came too late), and at once for one whose source is down.
 */
void cache_add(struct emit *emit, const struct processed *processed,
               const char *reason);

#endif /* CACHE_H */
