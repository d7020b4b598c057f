/*
 * relay.c - see relay.h.
 */
#include "relay.h"

#include "alloc.h"
#include "payloads.h"
#include "store_fanout.h"
#include "store_sequence.h"

#include <stdlib.h>
#include <string.h>

/* The takers of one event whom a fan-out job is to serve. */
struct crowd {
    uint64_t job_id;
    struct taker *takers;
    size_t count;
};

struct relay {
    struct id_source *ids;
    const struct catalog_snapshot *snapshot;
    struct relayed *jobs;
    struct new_job *rows; /* the same, for writing; room for cap */
    size_t count;
    size_t cap;
    size_t ordered; /* of the jobs, for FIFO lanes */
    struct crowd *crowds;
    size_t crowd_count;
    size_t crowd_cap;
    struct taker *takers; /* of one event */
    size_t taker_cap;
};

struct relay *
relay_new(struct id_source *ids)
{
    struct relay *relay = xcalloc(1, sizeof(*relay));

    relay->ids = ids;
    return relay;
}

void
relay_begin(struct relay *relay, const struct catalog_snapshot *snapshot)
{
    size_t i;

    for (i = 0; i < relay->crowd_count; i++)
        free(relay->crowds[i].takers);
    relay->snapshot = snapshot;
    relay->count = 0;
    relay->ordered = 0;
    relay->crowd_count = 0;
}

void
relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    relay_begin(relay, NULL);
    free(relay->jobs);
    free(relay->rows);
    free(relay->crowds);
    free(relay->takers);
    free(relay);
}

static size_t
match(struct relay *relay, uint32_t application_id, const struct event *event)
{
    for (;;) {
        size_t n = catalog_match(relay->snapshot, application_id, event->type,
                                 NULL, 0, relay->takers, relay->taker_cap);

        if (n <= relay->taker_cap)
            return catalog_filter(relay->snapshot, event->type, event->payload,
                                  event->metadata, relay->takers, n);
        relay->taker_cap = n;
        relay->takers = xreallocarray(relay->takers, n, sizeof(*relay->takers));
    }
}

static void
make_room(struct relay *relay, size_t more)
{
    if (relay->count + more <= relay->cap)
        return;
    relay->cap = 2 * (relay->count + more);
    relay->jobs = xreallocarray(relay->jobs, relay->cap, sizeof(*relay->jobs));
    relay->rows = xreallocarray(relay->rows, relay->cap, sizeof(*relay->rows));
}

static struct new_job *
add_job(struct relay *relay, struct task *origin, enum job_kind kind,
        uint64_t lane)
{
    struct relayed *relayed = &relay->jobs[relay->count++];

    *relayed = (struct relayed){
        .job = {.id = id_next(relay->ids),
                .event_id = origin->event->id,
                .lane = lane,
                .kind = kind},
        .origin = origin,
    };
    return &relayed->job;
}

static void
add_crowd(struct relay *relay, uint64_t job_id, const struct taker *takers,
          size_t count)
{
    struct crowd *crowd;

    if (relay->crowd_count == relay->crowd_cap) {
        relay->crowd_cap = relay->crowd_cap == 0 ? 8 : 2 * relay->crowd_cap;
        relay->crowds = xreallocarray(relay->crowds, relay->crowd_cap,
                                      sizeof(*relay->crowds));
    }
    crowd = &relay->crowds[relay->crowd_count++];
    *crowd = (struct crowd){
        .job_id = job_id,
        .takers = xcalloc(count, sizeof(*takers)),
        .count = count,
    };
    memcpy(crowd->takers, takers, count * sizeof(*takers));
}

size_t
relay_add(struct relay *relay, struct task *origin, uint32_t application_id)
{
    size_t count = match(relay, application_id, origin->event);
    size_t ordered, i, direct = taker_divide(relay->takers, count, &ordered);

    make_room(relay, direct + 1);
    relay->ordered += ordered;
    for (i = 0; i < direct; i++)
        (void)add_job(relay, origin, JOB_DELIVER,
                      lane_number(LANE_SUBSCRIPTION, relay->takers[i].id));
    /* Places are taken later, for all events together. */
    for (i = 0; i < ordered; i++)
        relay->jobs[relay->count - direct + i].job.due_us = -1;
    if (direct < count)
        add_crowd(relay,
                  add_job(relay, origin, JOB_FANOUT,
                          lane_number(LANE_FANOUT, application_id))
                      ->id,
                  relay->takers + direct, count - direct);
    return count;
}

static enum db_result
take_places(struct relay *relay, struct db *db)
{
    struct sequence_want *wants;
    enum db_result result;
    size_t i, n = 0;

    if (relay->ordered == 0)
        return DB_OK;
    wants = xcalloc(relay->ordered, sizeof(*wants));
    for (i = 0; i < relay->count; i++)
        if (relay->jobs[i].job.due_us != 0)
            wants[n++] = (struct sequence_want){
                .lane = relay->jobs[i].job.lane,
                .at = i,
            };
    result = store_sequence_take(db, wants, n);
    for (i = 0; i < n && result == DB_OK; i++)
        relay->jobs[wants[i].at].job.due_us = wants[i].place_us;
    free(wants);
    return result;
}

static enum db_result
write_crowds(const struct relay *relay, struct db *db)
{
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < relay->crowd_count && result == DB_OK; i++) {
        const struct new_fanout fanout = {
            .job_id = relay->crowds[i].job_id,
            .config_version = catalog_version(relay->snapshot),
            .takers = relay->crowds[i].takers,
            .count = relay->crowds[i].count,
        };

        result = store_fanout_insert(db, &fanout);
    }
    return result;
}

enum db_result
relay_write(struct relay *relay, struct db *db)
{
    enum db_result result = take_places(relay, db);
    size_t i;

    for (i = 0; i < relay->count; i++)
        relay->rows[i] = relay->jobs[i].job;
    if (result == DB_OK && relay->count > 0)
        result = store_flush_new_jobs(db, relay->rows, relay->count);
    return result == DB_OK ? write_crowds(relay, db) : result;
}

const struct relayed *
relay_jobs(const struct relay *relay, size_t *count)
{
    *count = relay->count;
    return relay->jobs;
}
