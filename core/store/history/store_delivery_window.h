/*
 * store_delivery_window.h - how far down in the ids the next window of a page goes:
 * store_delivery_list.c's other half.
 *
 * A window is bounded by an id such that not more than a given number of rows
 * lie between it and the top, in any table or index that will be read.
 */
#ifndef STORE_DELIVERY_WINDOW_H
#define STORE_DELIVERY_WINDOW_H

#include "store_delivery.h"
#include "store_window.h"

#define DELIVERY_OWNERS_MAX 32 /* subscriptions looked up one by one */

#define DELIVERY_LIVE ((1u << DELIVERY_PENDING) | (1u << DELIVERY_RETRYING))
#define DELIVERY_ALL ((1u << DELIVERY_STATUSES) - 1)

struct delivery_paging {
    struct db *db;
    const struct delivery_filter *filter;
    unsigned statuses; /* bits, at least one */
    bool small_lane;   /* the subscription's jobs are few: by their own index */
    uint64_t owner[DELIVERY_OWNERS_MAX]; /* subscriptions whose history is */
    size_t owner_count; /* read by its index; 0: by the primary key */
    uint64_t looked_at; /* rows, so far */
    struct delivery_list *list;
    struct buf sql;
};

bool store_delivery_window_wants_live(const struct delivery_paging *paging);
bool store_delivery_window_wants_done(const struct delivery_paging *paging);

/* Finds out whether the jobs of the filter's subscription are few. */
enum db_result store_delivery_window_find_lane(struct delivery_paging *paging)
    __attribute__((warn_unused_result));

/* find_floor of store_window.h; arg is a struct delivery_paging. */
enum db_result
store_delivery_window_find_floor(void *arg, const struct store_window *window,
                                 uint64_t rows, uint64_t *floor)
    __attribute__((warn_unused_result));

/* No job of the window is older than that: spares looking for attempts of days
   when there were no such jobs. */
enum db_result store_delivery_window_find_oldest(
    struct delivery_paging *paging, const struct store_window *window,
    uint64_t *oldest_id) __attribute__((warn_unused_result));

/* AND shard = ... AND lane BETWEEN ...: the subscription's lane and those of its
   ordering keys, as a range of the index `due`. */
void store_delivery_window_add_lane(struct buf *sql, const char *lane_column,
                                    const char *shard_column,
                                    uint32_t subscription_id);

#endif /* STORE_DELIVERY_WINDOW_H */
