/*
 * poll_position.h - how far a poller has come, as text for its row.
 *
 * A look at a table begins a little before the highest version known, for what
 * was committed late, and takes as many pages as there are.
 */
#ifndef POLL_POSITION_H
#define POLL_POSITION_H

#include "buf.h"
#include "inbound_id.h"
#include "poll_page.h"
#include "poller.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define POLL_VERSION_MAX 64 /* bytes */
#define POLL_CURSOR_MAX 256

struct poll_position {
    char high[POLL_VERSION_MAX + 1]; /* the highest version seen; "" = none */
    /* While a look is under way, else "": */
    char at[POLL_VERSION_MAX + 1]; /* the next page begins with that version */
    uint32_t skip;                 /* and behind so many rows of it */
    char cursor[POLL_CURSOR_MAX + 1]; /* Notion's */
    bool database; /* Notion: a database, asked for by the older API */
    char id[INBOUND_ID_LEN + 1]; /* Notion: of a database that is polled by its
                                    name; "" = not known */
    struct poll_page page;       /* Supabase: how much one answer has */
};

/* {"high":...,"at":...,"skip":...,"cursor":...,"database":...,"id":...,"page":...,
   "full":...,"doubted":...,"trust":...}; anything else is a beginning. */
void poll_position_read(struct slice text, struct poll_position *position);
void poll_position_print(const struct poll_position *position,
                         char out[POLL_POSITION_MAX + 1]);

/* Where a look begins: before `high` by what may have come late, if that is a
   time. minutes: times are rounded to them. */
void poll_position_start(const struct poll_position *position, bool minutes,
                         char out[POLL_VERSION_MAX + 1]);

/* Is the version higher than the highest so far? Times and numbers are. */
bool poll_position_is_higher(const struct poll_position *position,
                             struct slice version);

/* The next page begins there. False: it cannot, for it is none, or the one that
   was asked for. */
bool poll_position_take_cursor(struct poll_position *position,
                               struct slice text)
    __attribute__((warn_unused_result));

/* The look begins anew, from `high` on. */
void poll_position_forget_cursor(struct poll_position *position);

#endif /* POLL_POSITION_H */
