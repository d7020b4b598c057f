/*
 * store_outbox_view.h - the SQL that shows table `outbox` to an administrator:
 * what waits in it, and what was refused. (store_outbox.h moves its rows.)
 */
#ifndef STORE_OUTBOX_VIEW_H
#define STORE_OUTBOX_VIEW_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOX_COUNT_CAP 10000 /* waiting rows counted at most */
#define OUTBOX_REASONS_MAX 16

struct outbox_status {
    uint64_t waiting;
    bool capped;          /* there are more */
    int64_t oldest_at_us; /* of the first waiting one; 0 = none */
    bool moved;           /* a worker is there that moves rows */
    /* Of the last 24 hours. */
    struct {
        char reason[101];
        uint64_t count;
    } refused[OUTBOX_REASONS_MAX];
    size_t refused_count;
};

enum db_result store_outbox_status(struct db *db, struct outbox_status *status)
    __attribute__((warn_unused_result));

/* A waiting row; texts are NUL-terminated, or NULL. */
struct outbox_waiting {
    uint64_t id;
    char *application;
    char *event_type;
    char *external_id;
    char *ordering_key;
    char *channels;        /* as they stand there: perhaps no JSON */
    uint64_t bytes;        /* of payload and metadata */
    int64_t deliver_at_us; /* 0 = at once */
    int64_t created_at_us;
};

struct outbox_waiting_list {
    struct outbox_waiting *rows; /* in the order in which they are moved */
    size_t count;
};

/* Free the list with outbox_waiting_free(). */
enum db_result store_outbox_waiting(struct db *db, size_t limit,
                                    struct outbox_waiting_list *list)
    __attribute__((warn_unused_result));
void outbox_waiting_free(struct outbox_waiting_list *list);

#endif /* STORE_OUTBOX_VIEW_H */
