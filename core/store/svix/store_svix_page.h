/*
 * store_svix_page.h - which part of a list is asked for, in the manner of
 * Svix's API: from an iterator on, forwards or backwards, in either order.
 */
#ifndef STORE_SVIX_PAGE_H
#define STORE_SVIX_PAGE_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svix_page {
    size_t limit;
    struct slice after; /* the iterator as text; absent = from the start */
    uint64_t after_id;  /* the same as a number, where it is one; 0 = none */
    bool backward;      /* the page before the iterator */
    bool descending;    /* order of the whole list */
};

/* The direction in which rows are read: a page before the iterator is read
   away from it, and turned round afterwards. */
static inline bool
svix_page_reads_down(const struct svix_page *page)
{
    return page->descending != page->backward;
}

/* AND column > value ... ORDER BY column LIMIT limit + 1. is_text: the iterator
   is text, not a number. */
void svix_page_add(struct buf *sql, const struct svix_page *page,
                   const char *column, bool is_text);

/* What a statement that ends with svix_page_add() has found. */
struct svix_rows {
    void *rows; /* owned */
    size_t count;
    bool more; /* there are others behind the last one read */
};

/* Runs it and frees it. read fills a row of `size` bytes, all zero before. */
enum db_result svix_page_read(struct db *db, struct buf *sql,
                              const struct svix_page *page, size_t size,
                              void (*read)(const struct slice *cell, void *row),
                              struct svix_rows *found)
    __attribute__((warn_unused_result));

/* Turns the order of `count` rows of `size` bytes round. */
void svix_page_turn(void *rows, size_t count, size_t size);

#endif /* STORE_SVIX_PAGE_H */
