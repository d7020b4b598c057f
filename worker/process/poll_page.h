/*
 * poll_page.h - is there more behind a page that has fewer rows than were asked
 * for?
 *
 * PostgREST gives at most `db-max-rows` of them, and does not say so. A page
 * that is larger than any before may be such a one: it is asked what comes
 * behind it. Smaller ones are the last of their look, but are doubted now and
 * then, for the limit may have been lowered.
 *
 * Pure; part of a poller's position (poll_position.h).
 */
#ifndef POLL_PAGE_H
#define POLL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct poll_page {
    uint32_t rows;  /* of the largest page */
    bool full;      /* and that is all that one answer has */
    bool doubted;   /* it is asked what is behind the last page */
    uint32_t trust; /* so many looks until a smaller page is doubted */
};

/* A page of so many rows has come, of `asked` at most. True: there is more, or
   there may be. */
bool poll_page_more(struct poll_page *page, uint32_t rows, uint32_t asked);

#endif /* POLL_PAGE_H */
