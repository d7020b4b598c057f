/*
 * record_fields.h - which field of a record changed when: column
 * `records.fields`.
 *
 *   {"status": {"changed_at": "2026-01-01T15:00:00Z", "event": "evt_...",
 *               "status": "applied"}, ...}
 *
 * changed_at is the version that brought the value, event what brought it, and
 * status "applied" where the source itself was asked for it, else "unverified".
 * Fields are the members of the record; those of a member "properties" (as
 * Notion's pages have one) are "properties.NAME". At most RECORD_FIELDS_MAX,
 * the first ones in the record, and RECORD_FIELDS_BYTES of text; a record that
 * is no object has none.
 */
#ifndef RECORD_FIELDS_H
#define RECORD_FIELDS_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_FIELDS_MAX 256
#define RECORD_FIELDS_BYTES 65536

/* A record before and after a change. */
struct record_step {
    struct slice old;        /* JSON or absent */
    struct slice old_fields; /* what this function wrote for it, or absent */
    struct slice now;        /* JSON */
    int64_t version_us;
    uint64_t event_id;
    bool verified;
};

/* Appends the object for `now`. False: it has no fields, nothing was added. */
bool record_fields_add(const struct record_step *step, struct buf *out);

#endif /* RECORD_FIELDS_H */
