/*
 * store_svix_attempt.h - attempts of deliveries as Svix's API shows them.
 *
 * An attempt is known by its delivery and its number: atmpt_, the thirteen
 * characters of the delivery's id, and the number in three or more digits.
 */
#ifndef STORE_SVIX_ATTEMPT_H
#define STORE_SVIX_ATTEMPT_H

#include "buf.h"
#include "db.h"
#include "slice.h"
#include "store_delivery.h"
#include "store_svix_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SVIX_ATTEMPT_TEXT_MAX 32

/* Where an attempt stands in a list, which begins with the newest delivery and
   its last attempt. */
struct svix_place {
    uint64_t delivery_id;
    uint32_t attempt; /* 0: behind all attempts of that delivery */
};

struct svix_attempt {
    struct svix_place place;
    uint64_t event_id;
    uint32_t subscription_id;
    char *url; /* of the endpoint, as it is now */
    char *event_type;
    bool success;
    bool manual;            /* a person wanted the delivery once more */
    uint32_t response_code; /* 0 = none */
    struct slice response;  /* what came back, or what went wrong; owned */
    int64_t duration_ms;
    int64_t attempted_at_us;
};

struct svix_attempt_list {
    struct svix_attempt *rows;
    size_t count;
};

/* What Svix calls the state of a delivery. */
enum svix_status {
    SVIX_SUCCESS,
    SVIX_PENDING,
    SVIX_FAIL,
    SVIX_SENDING,
    SVIX_CANCELED,
    SVIX_STATUSES
};

enum svix_status svix_status_of(enum delivery_status status);
/* Appends the members status and statusText. */
void svix_status_print(enum svix_status status, struct buf *out);

/* All attempts of these deliveries, in the order of struct svix_place. */
enum db_result store_svix_attempt_read(struct db *db,
                                       const struct delivery_list *deliveries,
                                       struct svix_attempt_list *list)
    __attribute__((warn_unused_result));

/* Takes away what was kept of an answer. */
enum db_result store_svix_attempt_expunge(struct db *db,
                                          struct svix_place place)
    __attribute__((warn_unused_result));

void svix_place_format(struct svix_place place,
                       char out[SVIX_ATTEMPT_TEXT_MAX]);
bool svix_place_parse(struct slice text, struct svix_place *place)
    __attribute__((warn_unused_result));
/* True if b comes after a in a list. */
bool svix_place_is_behind(struct svix_place b, struct svix_place a);

void svix_attempt_list_free(struct svix_attempt_list *list);

/* Appends MessageAttemptOut. content: else the response is "". message: NULL
   unless it is to be shown as well. */
void svix_attempt_print(const struct svix_attempt *attempt, bool content,
                        const struct svix_message *message, struct buf *out);

#endif /* STORE_SVIX_ATTEMPT_H */
