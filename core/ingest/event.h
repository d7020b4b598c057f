/*
 * event.h - an event on its way into the database, and the batch it joins.
 */
#ifndef EVENT_H
#define EVENT_H

#include "lane.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who gets a job for a new event. */
enum event_route {
    ROUTE_PROCESS,       /* one process job in the source's lane */
    ROUTE_MATCH,         /* a deliver job for each matching subscription */
    ROUTE_PROCESS_MATCH, /* both: a source that relays on receipt */
    ROUTE_ONE            /* a deliver job for `subscription_id` alone */
};

struct new_event {
    /* input; slices must live until the commit has answered */
    uint32_t application_id;
    uint32_t source_id; /* 0 = none */
    struct slice type;
    struct slice payload;       /* valid JSON, minified */
    struct slice metadata;      /* valid JSON object, minified, or absent */
    struct slice external_id;   /* or absent */
    struct slice channels_json; /* as received, or absent */
    struct slice ordering_key;  /* or absent */
    const struct slice *channels;
    size_t channel_count;
    bool verified;
    bool test;
    enum event_route route;
    uint32_t subscription_id; /* ROUTE_ONE */
    int64_t deliver_at_us;    /* wall clock; 0 = now */
    bool has_dedupe;
    uint8_t dedupe_hash[32]; /* SHA-256 over length-prefixed parts */

    /* output, valid when the commit answered DB_OK */
    uint64_t id;      /* of this event, or of the first with that key */
    bool duplicate;   /* nothing was written: `id` is the first one */
    bool requeued;    /* duplicate, but job_id: its processing had failed for
                         good and is tried again */
    uint32_t matched; /* subscriptions that get a job */
    uint64_t job_id;  /* the first job made: ROUTE_ONE, ROUTE_PROCESS */
};

/*
 * Sets has_dedupe and dedupe_hash: SHA-256 over kind, application or source,
 * and value, each with its length in front, so that no two different tuples
 * collide. An absent or empty value means no dedupe: otherwise all events
 * without a key would be repeats of the first.
 */
void event_dedupe_hash(struct new_event *event, const char *kind,
                       uint32_t owner_id, struct slice value);

#endif /* EVENT_H */
