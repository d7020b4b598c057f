/*
 * store_delivery.h - deliveries, live (table jobs) and finished (table
 * deliveries), as one list; and what a person may do to one.
 *
 * application_id 0 stands for "any". Tests (of an endpoint) are found by id
 * but never listed.
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "buf.h"
#include "db.h"
#include "id.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum delivery_status {
    DELIVERY_PENDING,  /* not tried yet */
    DELIVERY_RETRYING, /* tried, and will be again */
    DELIVERY_SUCCESS,
    DELIVERY_FAILED, /* for good */
    DELIVERY_CANCELLED,
    DELIVERY_SKIPPED, /* filtered out */
    DELIVERY_STATUSES
};

struct delivery {
    uint64_t id;
    uint64_t event_id;
    char *event_type; /* "" when a live one's event is gone */
    uint32_t application_id;
    uint32_t subscription_id;
    enum delivery_status status;
    uint32_t attempts;
    uint32_t response_code;     /* 0 = none */
    struct slice response_body; /* bytes as received; absent possible; owned */
    char *error_class;          /* or NULL */
    char *error_message;        /* or NULL */
    int64_t duration_ms;        /* of the last attempt; -1 = none yet */
    int64_t next_retry_at_us;   /* live ones; else 0 */
    int64_t completed_at_us;    /* finished ones; else 0 */
    uint64_t retry_of;          /* 0 = none */
};

struct delivery_list {
    struct delivery *rows; /* newest first */
    size_t count;
    uint64_t next; /* before_id of the next page; 0 = that was all */
};

struct delivery_attempt {
    uint32_t attempt; /* from 1 */
    uint32_t response_code;
    struct slice response_body; /* owned */
    char *error_class;
    char *error_message;
    int64_t duration_ms;
    int64_t attempted_at_us;
};

struct attempt_list {
    struct delivery_attempt *rows; /* in order, the final one included */
    size_t count;
};

struct delivery_filter {
    uint32_t application_id;
    uint32_t subscription_id; /* 0 = any */
    unsigned statuses;        /* bits 1 << enum delivery_status; 0 = any */
    struct slice event_type;  /* absent = any */
    uint32_t code_min;        /* 0 = any; 2xx is 200..299 */
    uint32_t code_max;
    struct slice error_class; /* absent = any */
    int64_t since_us;         /* created at or after; 0 = any */
    int64_t until_us;         /* created before; 0 = any */
    uint64_t before_id;       /* from the page before; 0 = newest */
    size_t limit;
};

const char *delivery_status_name(enum delivery_status status);
bool delivery_status_from_name(struct slice name, enum delivery_status *status)
    __attribute__((warn_unused_result));

/*
 * One page. The work for a page is bounded (STORE_DELIVERY_BUDGET rows looked
 * at): a filter that matches seldom may give a short page with `next` set.
 */
#define STORE_DELIVERY_BUDGET 100000
enum db_result store_delivery_list(struct db *db,
                                   const struct delivery_filter *filter,
                                   struct delivery_list *list)
    __attribute__((warn_unused_result));

enum db_result store_delivery_get(struct db *db, uint32_t application_id,
                                  uint64_t id, struct delivery *delivery)
    __attribute__((warn_unused_result));

enum db_result store_delivery_attempts(struct db *db,
                                       const struct delivery *delivery,
                                       struct attempt_list *list)
    __attribute__((warn_unused_result));

enum delivery_action {
    DELIVERY_DONE,       /* as asked */
    DELIVERY_FINISHED,   /* cancel: it is finished already */
    DELIVERY_NO_EVENT,   /* retry: its event is past the retention */
    DELIVERY_NO_CONTENT, /* retry: the content of its event was removed */
    DELIVERY_NO_TARGET,  /* retry: its subscription is deleted */
    DELIVERY_IS_TEST     /* retry: a test is not repeated */
};

/*
 * A finished delivery: a new job for the same event, *new_id, that names this
 * one in retry_of. A live one: due now, *new_id = id; in a FIFO lane it keeps
 * its place, and the lane waits for nothing any more. DB_NONE: no such
 * delivery. *action is written for DB_OK; *new_id only for DELIVERY_DONE. The
 * caller rings the doorbell.
 */
enum db_result store_delivery_retry(struct db *db, uint32_t application_id,
                                    uint64_t id, struct id_source *ids,
                                    uint64_t *new_id,
                                    enum delivery_action *action)
    __attribute__((warn_unused_result));

/* A live delivery becomes `cancelled`; a FIFO lane that waited for its next
   attempt goes on with the one behind it. A request that is in flight meanwhile
   may still arrive; its result is not counted. */
enum db_result store_delivery_cancel(struct db *db, uint32_t application_id,
                                     uint64_t id, enum delivery_action *action)
    __attribute__((warn_unused_result));

/*
 * Cancels the live deliveries of a subscription that takes no new ones, in
 * several transactions, about `most` of them. What is left the worker cancels
 * when it is due.
 */
enum db_result store_delivery_cancel_all(struct db *db,
                                         uint32_t subscription_id, size_t most)
    __attribute__((warn_unused_result));

void delivery_free(struct delivery *delivery);
void delivery_list_free(struct delivery_list *list);
void attempt_list_free(struct attempt_list *list);

/* Appends the JSON object that the API shows; attempts may be NULL. */
void delivery_print(const struct delivery *delivery,
                    const struct attempt_list *attempts, struct buf *out);

#endif /* STORE_DELIVERY_H */
