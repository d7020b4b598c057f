/*
 * outbox.c - see outbox.h.
 */
#include "outbox.h"

#include "alloc.h"
#include "clock.h"
#include "ingest.h"
#include "log.h"
#include "outbox_form.h"
#include "store_outbox.h"
#include "store_rejection.h"

#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define BATCH_BYTES ((uint64_t)4 << 20) /* of payloads and metadata */
#define BATCH_JOBS 5000                 /* no further row joins beyond */
#define POLL_MIN_US (20 * CLOCK_US_PER_MS)
#define POLL_MAX_US CLOCK_US_PER_S
#define CHEAP_US (20 * CLOCK_US_PER_MS) /* for a look at all of them */
#define DEAR 3        /* so many in a row that cost more: they become rare */
#define FULL_SHARE 20 /* and take a twentieth of the time at most */
#define BROKEN_US (10 * CLOCK_US_PER_S)

/* One batch on its way. */
struct move {
    struct outbox_row rows[STORE_OUTBOX_MAX];
    struct trigger triggers[STORE_OUTBOX_MAX];
    struct new_event events[STORE_OUTBOX_MAX];
    struct outbox_refusal refusals[STORE_OUTBOX_MAX];
    struct rejection rejections[STORE_OUTBOX_MAX];
    struct db_rows *found;
    size_t there; /* rows that were read */
    size_t taken; /* so many of them are moved, from the first on */
    size_t refused;
};

struct outbox {
    struct outbox_peers peers;
    struct ingest *batch;
    uint64_t after;  /* rows up to this id have been looked at */
    bool empty;      /* the last look at all of them found none */
    bool held;       /* somebody has locks on some of those looked at */
    bool broken;     /* what is there cannot be moved for now */
    size_t taken;    /* rows moved since the last look that came to the end */
    unsigned dear;   /* looks in a row that took long */
    int64_t full_us; /* monotonic: from when on a look may begin at the start */
    int64_t next_us; /* monotonic: when to look again */
    int64_t poll_us; /* how long after a look that came to the end */
};

struct outbox *
outbox_new(const struct outbox_peers *peers)
{
    struct outbox *outbox = xcalloc(1, sizeof(*outbox));

    outbox->peers = *peers;
    outbox->batch = ingest_new();
    outbox->poll_us = POLL_MIN_US;
    return outbox;
}

void
outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    ingest_free(outbox->batch);
    free(outbox);
}

static bool
is_ours(const struct outbox *outbox)
{
    return lease_owns(outbox->peers.lease, 0);
}

int64_t
outbox_due(const struct outbox *outbox)
{
    return is_ours(outbox) ? outbox->next_us : INT64_MAX;
}

bool
outbox_is_empty(const struct outbox *outbox)
{
    return outbox->empty || outbox->broken || !is_ours(outbox);
}

/* --- one transaction ---------------------------------------------------- */

static void
move_free(struct move *move)
{
    size_t i;

    for (i = 0; i < move->taken; i++)
        trigger_free(&move->triggers[i]);
    db_rows_free(move->found);
    free(move);
}

static struct rejection
rejection_of(const struct outbox_refusal *refusal, uint64_t id)
{
    return (struct rejection){
        .id = id,
        .status = refusal->status,
        .reason = refusal->reason,
        .detail = refusal->detail,
    };
}

/* Makes an event of a row, or a reason why not. */
static bool
form_row(struct move *move, size_t i, const struct trigger_rules *rules,
         const char *unstorable, struct outbox_refusal *refusal)
{
    if (unstorable == NULL)
        return outbox_form_read(&move->triggers[i], &move->rows[i], rules,
                                &move->events[i], refusal);
    outbox_form_refuse(&move->rows[i], 422, "not_storable", unstorable,
                       refusal);
    return false;
}

static void
form(struct outbox *outbox, struct move *move, const char *unstorable)
{
    struct id_source *ids = &outbox->peers.lease->ids;
    const struct trigger_rules rules = {
        .item_max = (size_t)outbox->peers.settings->max_body,
        .now_us = db_now_us(outbox->peers.db),
        .catalog = outbox->peers.follower->snapshot,
    };

    ingest_clear(outbox->batch);
    while (move->taken < move->there &&
           ingest_jobs(outbox->batch) <= BATCH_JOBS) {
        struct outbox_refusal *refusal = &move->refusals[move->refused];
        size_t i = move->taken++;

        if (form_row(move, i, &rules, unstorable, refusal)) {
            ingest_add(outbox->batch, &move->events[i], ids,
                       outbox->peers.follower->snapshot);
            continue;
        }
        move->rejections[move->refused++] = rejection_of(refusal, id_next(ids));
    }
}

/* Everything between BEGIN and COMMIT. */
static enum db_result
write_all(struct outbox *outbox, struct move *move, const uint64_t *ids,
          size_t count, const char *unstorable)
{
    const bool chosen[LANE_SHARDS] = {[0] = true};
    struct db *db = outbox->peers.db;
    enum db_result result = lease_fence(outbox->peers.lease, db, chosen);

    if (result == DB_OK)
        result = store_outbox_read(db, ids, count,
                                   (size_t)outbox->peers.settings->max_body,
                                   move->rows, &move->there, &move->found);
    if (result != DB_OK || move->there == 0)
        return result;
    form(outbox, move, unstorable);
    result = ingest_insert(outbox->batch, db, db_now_us(db));
    if (result == DB_OK)
        result = store_rejection_add(db, move->rejections, move->refused);
    if (result == DB_OK)
        result = store_outbox_delete(db, move->rows, move->taken);
    return result;
}

static void
tell_refused(const struct move *move)
{
    if (move->refused > 0)
        log_warning(LOGGER,
                    LOG_FIELDS(LOG_INT("rows", move->refused),
                               LOG_TEXT("reason", move->rejections[0].reason)),
                    "Outbox rows were refused; table rejections says why");
}

/* Ids of events are drawn anew each time this is repeated: what an undecided
   COMMIT has moved is not found again. unstorable: why the one row there is
   cannot be stored, or NULL. *last: the last row that is done with. */
static enum db_result
move_rows(struct outbox *outbox, const uint64_t *ids, size_t count,
          const char *unstorable, uint64_t *last)
{
    struct move *move = xcalloc(1, sizeof(*move));
    struct db *db = outbox->peers.db;
    enum db_result result = db_begin(db);

    if (result == DB_OK)
        result = write_all(outbox, move, ids, count, unstorable);
    if (result == DB_OK)
        result = db_commit(db);
    else
        db_rollback(db);
    if (result == DB_OK) {
        *last = move->taken < move->there ? move->rows[move->taken - 1].id
                                          : ids[count - 1];
        outbox->taken += move->taken;
        outbox->held = outbox->held || move->there < count;
        tell_refused(move);
    }
    move_free(move);
    return result == DB_DUPLICATE || result == DB_UNKNOWN ? DB_AGAIN : result;
}

/* A row that the database refuses is found by halving, and fails alone. */
static enum db_result
move_range(struct outbox *outbox, const uint64_t *ids, size_t count,
           uint64_t *last)
{
    struct db *db = outbox->peers.db;
    enum db_result result = move_rows(outbox, ids, count, NULL, last);
    char why[256];

    if (result != DB_BROKEN || !db_error_is_of_value(db))
        return result;
    if (count == 1) {
        (void)snprintf(why, sizeof(why), "it cannot be stored: %s",
                       db_error_number(db) == 0
                           ? "it is larger than max_allowed_packet"
                           : db_error_text(db));
        return move_rows(outbox, ids, 1, why, last);
    }
    result = move_range(outbox, ids, count / 2, last);
    if (result == DB_OK && *last == ids[count / 2 - 1])
        result = move_range(outbox, ids + count / 2, count - count / 2, last);
    return result;
}

/* --- what is there -------------------------------------------------------- */

/* From the start, unless that has become a long way: deleted rows lie there
   until they are purged, which a long transaction of anybody's keeps from
   happening. */
static enum db_result
look(struct outbox *outbox, struct outbox_list *list)
{
    int64_t began_us = clock_mono_us(), took_us;
    /* Rows that stay would be met again, and again nothing behind them. */
    bool full = began_us >= outbox->full_us && !outbox->held;
    enum db_result result;

    if (full)
        outbox->after = 0;
    result = store_outbox_list(outbox->peers.db, outbox->after, list);
    if (result != DB_OK)
        return result;
    took_us = clock_mono_us() - began_us;
    if (full)
        outbox->dear = took_us > CHEAP_US ? outbox->dear + 1 : 0;
    if (full && outbox->dear >= DEAR) /* not just a busy machine */
        outbox->full_us = began_us + took_us * FULL_SHARE;
    if (full || list->count > 0)
        outbox->empty = list->count == 0;
    return list->count == 0
               ? DB_OK
               : store_outbox_fit(outbox->peers.db, BATCH_BYTES, list);
}

/* What is found goes to the subscriptions that there are now, which are at
   least as new. */
static enum db_result
move_list(struct outbox *outbox, const struct outbox_list *list, bool *moved)
{
    const struct outbox_peers *peers = &outbox->peers;
    size_t before = outbox->taken;
    enum db_result result = follower_refresh(peers->follower, peers->db,
                                             peers->desk, peers->payloads);

    if (result == DB_OK)
        result = move_range(outbox, list->ids, list->count, &outbox->after);
    *moved = outbox->taken > before;
    if (*moved)
        doorbell_ring(peers->doorbell);
    return result;
}

/* Goes on at once until the end is reached; then there is a pause, the longer
   the less there was to do. */
static void
plan(struct outbox *outbox, const struct outbox_list *list)
{
    bool at_end = !list->more && (list->count == 0 ||
                                  outbox->after >= list->ids[list->count - 1]);

    outbox->broken = false;
    outbox->next_us = clock_mono_us();
    if (!at_end)
        return;
    if (outbox->taken > 0)
        outbox->poll_us = POLL_MIN_US;
    else if (outbox->poll_us < POLL_MAX_US)
        outbox->poll_us *= 2;
    if (outbox->poll_us > POLL_MAX_US)
        outbox->poll_us = POLL_MAX_US;
    outbox->next_us += outbox->poll_us;
    outbox->taken = 0;
    outbox->held = false;
}

/* Not the fault of a row: deliveries go on without the outbox. */
static void
give_up(struct outbox *outbox)
{
    outbox->broken = true;
    outbox->next_us = clock_mono_us() + BROKEN_US;
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("error", db_error_text(outbox->peers.db))),
              "The outbox cannot be read or emptied; trying again");
}

enum db_result
outbox_run(struct outbox *outbox, bool *moved)
{
    struct outbox_list list;
    enum db_result result = look(outbox, &list);

    *moved = false;
    if (result == DB_OK && list.count > 0)
        result = move_list(outbox, &list, moved);
    if (result == DB_OK)
        plan(outbox, &list);
    if (result == DB_NONE) /* finds out that the shard is lost */
        return lease_tick(outbox->peers.lease, outbox->peers.db);
    if (result != DB_BROKEN)
        return result;
    give_up(outbox);
    return DB_OK;
}
