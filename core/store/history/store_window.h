/*
 * store_window.h - pages of history, newest first, read in windows of ids.
 *
 * Ids are ordered by time in every table. So a page is read in windows: an
 * index tells the id that lies some rows back, what matches above it is read,
 * and a larger window follows while the page is not full. No statement looks at
 * more rows than its window, whatever the filter, and no page at more than the
 * budget: a filter that matches seldom gives a short page, and where the next
 * one goes on.
 */
#ifndef STORE_WINDOW_H
#define STORE_WINDOW_H

#include "buf.h"
#include "db.h"

#include <stddef.h>
#include <stdint.h>

struct store_window {
    uint64_t low; /* ids from here on ... */
    uint64_t top; /* ... and below this one */
};

struct store_window_plan {
    size_t limit;    /* rows of a page */
    uint64_t first;  /* rows that the first window spans */
    uint64_t growth; /* each window is so much larger */
    uint64_t budget; /* rows that are looked at for one page */

    /* Raises *floor, which is window->low, to an id above which lie as many
       rows of the window, or less. DB_NONE: the page ends. */
    enum db_result (*find_floor)(void *arg, const struct store_window *window,
                                 uint64_t rows, uint64_t *floor);
    /* Adds what matches in the window to the page, limit + 1 rows at most.
       *count: rows that the page has now. */
    enum db_result (*read)(void *arg, const struct store_window *window,
                           size_t *count);
};

/* before_id, since_us, until_us: 0 = no bound. */
struct store_window store_window_between(uint64_t before_id, int64_t since_us,
                                         int64_t until_us);

/* *next: where the next page goes on if the budget ended this one; else 0. A
   page of more than `limit` rows goes on behind the last that is shown. */
enum db_result store_window_walk(const struct store_window_plan *plan,
                                 void *arg, struct store_window window,
                                 uint64_t *next)
    __attribute__((warn_unused_result));

/* The same for rows of `events`. */
enum db_result
store_window_walk_events(struct db *db, size_t limit,
                         enum db_result (*read)(void *arg,
                                                const struct store_window *,
                                                size_t *count),
                         void *arg, struct store_window window, uint64_t *next)
    __attribute__((warn_unused_result));

/* SELECT the id that lies `rows` rows below the top. owner 0: of any, else of
   that owner_id. */
void store_window_select_floor(struct buf *sql, const char *table,
                               const char *index, uint64_t owner,
                               const struct store_window *window,
                               uint64_t rows);

/* Runs it and clears it: *floor is raised to what it gives. */
enum db_result store_window_query_floor(struct db *db, struct buf *sql,
                                        uint64_t *floor)
    __attribute__((warn_unused_result));

#endif /* STORE_WINDOW_H */
