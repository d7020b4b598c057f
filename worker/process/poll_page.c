/*
 * poll_page.c - see poll_page.h.
 */
#include "poll_page.h"

#define TRUST 20 /* looks */

bool
poll_page_more(struct poll_page *page, uint32_t rows, uint32_t asked)
{
    bool doubted = page->doubted;

    page->doubted = false;
    if (rows == 0)
        return false;
    /* There was more behind the page that was doubted. */
    if (doubted)
        page->full = true;
    if (rows >= asked) {
        *page = (struct poll_page){.rows = asked, .full = true, .trust = TRUST};
        return true;
    }
    if (page->full && rows == page->rows)
        return true;
    if (rows > page->rows || page->trust == 0) {
        *page =
            (struct poll_page){.rows = rows, .doubted = true, .trust = TRUST};
        return true;
    }
    page->trust--;
    return false;
}
