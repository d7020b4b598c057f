/*
 * replay_filter.h - which finished deliveries a replay is about: the filters of
 * the list of deliveries, as JSON in column `replays.filter`.
 *
 *   {"status":"failed","event_type":"order.paid","response_code":"5xx",
 *    "error_class":"timeout"}
 *
 * event_type may be a list of them. Everything but `status` may be missing.
 */
#ifndef REPLAY_FILTER_H
#define REPLAY_FILTER_H

#include "buf.h"
#include "slice.h"
#include "store_delivery.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_TYPES_MAX 50
#define REPLAY_FILTER_MAX 32768 /* bytes of JSON */

struct replay_filter {
    enum delivery_status status; /* a finished one */
    struct slice types[REPLAY_TYPES_MAX];
    size_t type_count; /* 0 = any */
    uint32_t code_min; /* 0 = any */
    uint32_t code_max;
    struct slice error_class; /* absent = any */
};

/* What is known of one finished delivery. */
struct replay_delivery {
    uint64_t id;
    uint64_t event_id;
    enum delivery_status status;
    uint32_t code;      /* 0 = none */
    struct slice type;  /* of its event */
    struct slice class; /* of its error, or absent */
};

bool replay_filter_matches(const struct replay_filter *filter,
                           const struct replay_delivery *delivery);

/* Appends the JSON object. */
void replay_filter_print(const struct replay_filter *filter, struct buf *out);

/* Reads what replay_filter_print() has written; what it does not know is left
   out. The texts of *filter are its own: replay_filter_free(). */
void replay_filter_read(struct slice json, struct replay_filter *filter);
void replay_filter_free(struct replay_filter *filter);

#endif /* REPLAY_FILTER_H */
