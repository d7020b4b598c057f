/*
 * process_item.h - what the files behind process.h share; nobody else includes
 * it.
 *
 *   process.c        a batch: its events are read and judged
 *   process_apply.c  what is written
 *   process_tell.c   what is counted and logged
 */
#ifndef PROCESS_ITEM_H
#define PROCESS_ITEM_H

#include "debounce.h"
#include "emit.h"
#include "inbound.h"
#include "inbound_id.h"
#include "map.h"
#include "polling.h"
#include "problem.h"
#include "process.h"
#include "processed.h"
#include "store_record.h"
#include "store_wait.h"
#include "trigger.h"
#include "verdict.h"

/* What becomes of an event in this batch. */
enum item_way {
    WAY_FAIL,      /* its row says why */
    WAY_APPLY,     /* it counts now */
    WAY_MOVE,      /* to the fetch lane */
    WAY_LATER,     /* tried again: the verdict says why */
    WAY_COALESCED, /* another event stands for it */
    WAY_IGNORED,   /* nobody watches what it is about */
    WAY_NAMED,     /* a name is known now: the event's own turn comes */
    WAY_WAIT,      /* has been applied before and waits for deliveries */
    WAY_POLL       /* no event: a look at a table */
};

struct item {
    struct task *task;
    struct flush_row *row;
    const struct source *source; /* NULL: deleted */
    struct inbound in;           /* if it was readable */
    bool readable;
    enum item_way way;
    bool asked; /* the source has answered, in some way */
    bool shut;  /* WAY_MOVE: it is down, and not asked before it is back */
    enum verdict_answer answer;
    struct verdict verdict;
    struct buf record;                /* the source's, minified */
    char name_id[INBOUND_ID_LEN + 1]; /* WAY_NAMED: whose name, */
    struct buf name;                  /* and that; "" = nobody's */
    char lies_in[INBOUND_ID_LEN + 1]; /* the table that the record names, where
                                         the event did not know it; or "" */
    enum inbound_action came_to;      /* of what was applied */

    /* what process_apply() finds out */
    bool mirrored; /* its change was given to the mirror: written, or stale */
    bool stale;
    bool waits; /* for deliveries: not done yet */
    struct slice old;
    size_t relayed;
    size_t triggered;
    char note[64]; /* text of the row's error message */
};

struct process {
    struct process_peers peers;
    const struct catalog_snapshot *snapshot;
    struct item *items;
    size_t count;
    size_t cap;
    struct record_change *changes; /* one for each item at most */
    struct record_change *doubts;
    struct debounce *debounce;
    struct mirror *mirror;
    struct triggers *triggers;
    struct emit *emit;
    struct relay *relay;
    struct polling *polling;
    struct map refused; /* by source id: when that was told last */
};

/* The source's own record has been applied. */
static inline bool
item_is_verified(const struct item *item)
{
    return item->verdict.verified != RECORD_UNVERIFIED;
}

/* The table whose record it is. */
static inline const char *
item_table(const struct item *item)
{
    return item->lies_in[0] != '\0' ? item->lies_in : item->in.table;
}

#endif /* PROCESS_ITEM_H */
