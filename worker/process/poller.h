/*
 * poller.h - asking a source now and then what has changed.
 *
 * For each table of option `poll_tables` there is a job of kind JOB_POLL, which
 * is never done: after each answer it is put off until the next time. It goes
 * through the same lane as the fetches of the source, so the same limits hold.
 *
 *   Supabase  GET {api}/rest/v1/TABLE?VERSION=gte.V&order=VERSION.asc,KEY.asc
 *             &select=*&limit=100&offset=N, by the source's version field; it
 *             may give fewer rows than that (poll_page.h)
 *   Notion    POST {api}/v1/data_sources/ID/query (or, where it is none,
 *             databases/ID/query) by last_edited_time, which Notion rounds to
 *             the minute; a name is searched for first (poll_name.h)
 *
 * A look begins with the present when the poller is new, afterwards a little
 * before the highest version known. A row that the mirror has already, with the
 * same content, is passed over; each other one becomes an inbound event, as if
 * the source had sent it.
 */
#ifndef POLLER_H
#define POLLER_H

#include "catalog.h"
#include "http_request.h"
#include "json.h"
#include "outcome.h"
#include "problem.h"
#include "settings.h"
#include "slice.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>

#define POLL_MARK "polled" /* member of such an event's metadata */
#define POLL_TABLE_MAX 128
#define POLL_POSITION_MAX 1000
#define POLL_PAGE 100 /* rows of one answer */

/* What one job asks. */
struct poll_order {
    char table[POLL_TABLE_MAX + 1];
    char position[POLL_POSITION_MAX + 1]; /* poll_position.h */
};

/* Is there anything that it is asked for regularly? */
bool poll_is_wanted(const struct source *source,
                    const struct settings *settings);

/* Where the poller of a table begins; now_us: wall clock. */
void poll_begin(const struct source *source, int64_t now_us,
                char position[POLL_POSITION_MAX + 1]);

/* Fills an empty request. order NULL: its row is gone. */
enum obstacle
poll_build(const struct source *source, const struct settings *settings,
           const struct poll_order *order, struct request *request)
    __attribute__((warn_unused_result));

/* What came back. */
struct poll_answer {
    struct slice
        rows[POLL_PAGE]; /* JSON objects, parts of the attempt's body */
    size_t count;
    bool more; /* ask again at once, from `position` on */
    char position[POLL_POSITION_MAX + 1];
};

/* False: it was none, and *why says so (static). The position has to be kept
   then, unless `more` is set: another question is to be asked. */
bool poll_read(const struct source *source, const struct attempt *attempt,
               const struct poll_order *order, struct poll_answer *answer,
               const char **why) __attribute__((warn_unused_result));

/* The row as a body that inbound_read() takes, in our own shape. False: it has
   no key, which is added to problems. now_us: when it was asked for. */
bool poll_body(const struct source *source, const struct poll_order *order,
               struct slice row, bool known, int64_t now_us,
               struct problems *problems, struct buf *out)
    __attribute__((warn_unused_result));

#endif /* POLLER_H */
