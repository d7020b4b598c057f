/*
 * store_history.h - events that were accepted, with what became of them.
 *
 * application_id 0 stands for "any". Events of endpoint tests are found by id
 * but not listed.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "buf.h"
#include "db.h"
#include "slice.h"
#include "store_delivery.h"
#include "store_processing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_row {
    uint64_t id;
    uint32_t application_id;
    char *type;
    char *source; /* name of the source; NULL = triggered by API */
    bool verified;
    bool expunged;         /* its content was removed (store_content.h) */
    char *ordering_key;    /* or NULL; absent in lists */
    struct slice data;     /* JSON; absent in lists; owned */
    struct slice metadata; /* JSON object or absent; owned */
    uint64_t succeeded;    /* its deliveries by state */
    uint64_t failed;
    uint64_t other;               /* cancelled, skipped */
    uint64_t live;                /* pending or retrying */
    struct processing processing; /* see store_event_processing() */
};

struct event_list {
    struct event_row *rows; /* newest first */
    size_t count;
    uint64_t next;   /* before_id of the next page; 0 = that was all */
    bool live_known; /* false: too many jobs to count `live` */
};

struct event_filter {
    uint32_t application_id;
    struct slice type;   /* absent = any */
    struct slice source; /* name; absent = any */
    int64_t since_us;    /* accepted at or after; 0 = any */
    int64_t until_us;    /* accepted before; 0 = any */
    uint64_t before_id;  /* 0 = newest */
    size_t limit;
};

/* One page, of bounded work as store_delivery_list(): a seldom matching filter
   may give a short page with `next` set. */
enum db_result store_event_list(struct db *db,
                                const struct event_filter *filter,
                                struct event_list *list)
    __attribute__((warn_unused_result));

/* Fills in how those that came from a source are processed. The others are not,
   nor are those known of whose job is beyond STORE_DELIVERY_BUDGET. */
enum db_result store_event_processing(struct db *db, struct event_row *rows,
                                      size_t count)
    __attribute__((warn_unused_result));

/* With data; counts are left 0. */
enum db_result store_event_get(struct db *db, uint32_t application_id,
                               uint64_t id, struct event_row *row)
    __attribute__((warn_unused_result));

/*
 * The deliveries of one event, finished ones by index. Live ones have no index
 * on the event (it would slow down every insert): they are looked for among
 * the jobs made since, at most STORE_DELIVERY_BUDGET; *complete tells whether
 * those were all. At most 1000 rows.
 */
enum db_result store_event_deliveries(struct db *db, uint64_t event_id,
                                      struct delivery_list *list,
                                      bool *complete)
    __attribute__((warn_unused_result));

void event_row_free(struct event_row *row);
void event_list_free(struct event_list *list);

/* Appends an object of the history list. */
void event_print_summary(const struct event_row *row, bool live_known,
                         struct buf *out);
/* Appends the object of GET /api/events/{id}. */
void event_print(const struct event_row *row,
                 const struct delivery_list *deliveries, bool complete,
                 struct buf *out);

#endif /* STORE_HISTORY_H */
