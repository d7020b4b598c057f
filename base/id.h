/*
 * id.h - 63-bit ids, ordered by time, made without asking anybody.
 *
 *      41 bits  milliseconds since 2025-01-01T00:00:00Z
 *      10 bits  node: a number that only one process uses at a time
 *      12 bits  sequence within the millisecond
 *
 * In JSON and on the command line an id is a prefix, '_' and 13 characters of
 * Crockford base32 in lower case (evt_0a1b2c3d4e5f6): reversible, sorts like
 * the number, and survives JavaScript.
 */
#ifndef ID_H
#define ID_H

#include "slice.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define ID_EPOCH_MS INT64_C(1735689600000) /* 2025-01-01T00:00:00Z */
#define ID_NODES 1024
#define ID_TEXT_MAX 24 /* prefix of up to 8 characters, '_', 13, NUL */

/* The prefixes that the API writes. */
#define ID_EVENT "evt"
#define ID_DELIVERY "dlv"
#define ID_ATTEMPT "att"
#define ID_BATCH "bat"
#define ID_JOB "job"
#define ID_SOURCE "src"
#define ID_APPLICATION "app"
#define ID_ENDPOINT "ep"

struct id_source {
    pthread_mutex_t lock;
    uint32_t node; /* 0..ID_NODES-1 */
    uint64_t last; /* the id given last: the next one is greater */
};

void id_source_init(struct id_source *source, uint32_t node);

/* Thread-safe. Greater than every id this source gave before, also when the
   wall clock steps back or a millisecond holds more than 4096 ids. */
uint64_t id_next(struct id_source *source);

/* The first id of that moment, for comparing with times and partitions. Times
   before the epoch give 0. */
uint64_t id_floor(int64_t wall_us);

/* When an id was made, microseconds UTC (millisecond precision). */
int64_t id_time_us(uint64_t id);

/* Writes "evt_..." into out. prefix has at most 8 characters. */
void id_format(const char *prefix, uint64_t id, char out[ID_TEXT_MAX]);

/* Reads what id_format() writes, either letter case, Crockford's I/L/O taken
   as 1/1/0. False, *id untouched, for another prefix or anything else. */
bool id_parse(const char *prefix, struct slice text, uint64_t *id)
    __attribute__((warn_unused_result));

#endif /* ID_H */
