/*
 * processed.h - an inbound event that has been applied: what cache.h and
 * trigger.h are told about it.
 */
#ifndef PROCESSED_H
#define PROCESSED_H

#include "catalog.h"
#include "inbound.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct processed {
    const struct source *source;
    uint64_t event_id;
    uint64_t job_id; /* its process job */
    struct slice type;
    struct slice payload;  /* what came in */
    struct slice metadata; /* as inbound_metadata() writes it, or absent */
    const char *table;     /* both "" where it is about no record */
    const char *record_id;
    const char *title; /* what people call the table, where known; or NULL */
    enum inbound_action action; /* what it has come to: a record that is gone
                                   is INBOUND_DELETE whatever was said */
    bool verified;              /* `now` is what the source itself has */
    /* The record before and after, JSON as json_read() accepts it; absent:
       there was none, there is none. For a source that keeps no mirror `old`
       is always absent. */
    struct slice old;
    struct slice now;
};

#endif /* PROCESSED_H */
