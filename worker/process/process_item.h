/*
 * process_item.h - what the files behind process.h share; nobody else includes
 * it.
 *
 *   process.c         a batch: its events are read
 *   process_judge.c   what becomes of each
 *   process_apply.c   what is written, in which order:
 *   process_move.c    what moves, and what is coalesced
 *   process_wait.c    what waits for deliveries
 *   process_mirror.c  the mirror
 *   process_emit.c    events for caches, triggers, people
 *   process_tell.c    what is counted and logged
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

/* It counts in this batch. */
static inline bool
item_is_applied(const struct item *item)
{
    return item->row->live && item->way == WAY_APPLY;
}

/* Its row says that, with the item's note. */
static inline void
item_turn_row(struct item *item, enum flush_status status,
              const char *error_class)
{
    item->row->status = status;
    item->row->error_class = error_class;
    item->row->error_message = slice_of(item->note);
}

void item_set_outcome(struct item *item, enum outcome_kind kind,
                      const char *error_class, int64_t wait_us);

/* It comes from the fetch lane, where the source was asked, or not. */
void item_judge(struct process *process, struct item *item);

/* Nobody has to be asked: a poller has asked already, or the event says all
   there is to be known. */
void item_apply_as_it_came(struct item *item);

/* The record as it is now: the source's, or as the event has it. */
struct slice item_data(const struct item *item);

/* For the first time, and nobody else will say so: what it was about is not
   what it was. */
bool item_has_lost_source(const struct item *item);

/* It is looked at again, for its deliveries' sake. */
void item_put_off(struct item *item, int64_t now_us);

/* Parts of process_apply(). */
enum db_result process_move(struct process *process, struct db *db,
                            int64_t now_us) __attribute__((warn_unused_result));
enum db_result process_wait(struct process *process, struct db *db,
                            int64_t now_us) __attribute__((warn_unused_result));
enum db_result process_mirror(struct process *process, struct db *db,
                              int64_t now_us)
    __attribute__((warn_unused_result));
enum db_result process_emit(struct process *process, struct db *db,
                            int64_t now_us) __attribute__((warn_unused_result));

#endif /* PROCESS_ITEM_H */
