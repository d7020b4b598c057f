/*
 * debounce.c - see debounce.h.
 */
#include "debounce.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "lane.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_MAX 64

/* A job outside the batch that was superseded. */
struct superseded {
    enum inbound_action action;
    char note[NOTE_MAX];
    char event_type[256];
};

struct debounce {
    struct desk *desk;
    struct payloads *payloads;
    struct debounce_round *rounds; /* of the batch's entities */
    struct debounce_round *written;
    struct debounce_round *ended;
    struct superseded *superseded;
    struct flush_row *rows; /* theirs */
    size_t cap;
    size_t round_count;
    size_t written_count;
    size_t ended_count;
    size_t superseded_count;
};

struct debounce *
debounce_new(struct desk *desk, struct payloads *payloads)
{
    struct debounce *debounce = xcalloc(1, sizeof(*debounce));

    debounce->desk = desk;
    debounce->payloads = payloads;
    return debounce;
}

void
debounce_free(struct debounce *debounce)
{
    if (debounce == NULL)
        return;
    free(debounce->rounds);
    free(debounce->written);
    free(debounce->ended);
    free(debounce->superseded);
    free(debounce->rows);
    free(debounce);
}

int64_t
debounce_due(const struct source_options *options, bool deletes,
             int64_t first_us, int64_t now_us)
{
    int64_t quiet_us = options->debounce_ms * CLOCK_US_PER_MS;
    int64_t longest_us = options->debounce_max_ms * CLOCK_US_PER_MS;
    int64_t due_us = now_us + quiet_us;

    if (longest_us < quiet_us)
        longest_us = quiet_us;
    if (due_us > first_us + longest_us)
        due_us = first_us + longest_us;
    /* Also where there is no quiet time: it keeps its place in the queue. */
    if (quiet_us == 0)
        due_us = first_us;
    return deletes && due_us > now_us ? now_us : due_us;
}

static void
reserve(struct debounce *debounce, size_t count)
{
    if (debounce->cap >= count)
        return;
    debounce->cap = count;
#define GROW(array) (array) = xreallocarray((array), count, sizeof(*(array)))
    GROW(debounce->rounds);
    GROW(debounce->written);
    GROW(debounce->ended);
    GROW(debounce->superseded);
    GROW(debounce->rows);
#undef GROW
}

static bool
is_newer(int64_t version_us, uint64_t event_id, int64_t than_us,
         uint64_t than_id)
{
    return version_us != than_us ? version_us > than_us : event_id > than_id;
}

/* By entity; the oldest event first. */
static int
compare_wants(const void *left, const void *right)
{
    const struct debounce_want *a = left, *b = right;
    int order = debounce_key_compare(&a->key, &b->key);

    if (order != 0)
        return order;
    if (a->row->job.id == b->row->job.id)
        return 0;
    return is_newer(a->in->version_us, a->row->job.event_id, b->in->version_us,
                    b->row->job.event_id)
               ? 1
               : -1;
}

static enum db_result
read_rounds(struct debounce *debounce, struct db *db,
            const struct debounce_want *wants, size_t count)
{
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (i == 0 || debounce_key_compare(&wants[i - 1].key, &wants[i].key))
            debounce->rounds[n++] = (struct debounce_round){
                .key = wants[i].key,
            };
    }
    debounce->round_count = n;
    return store_debounce_read(db, debounce->rounds, n);
}

/* Takes the job out of memory, where it may wait for its turn. False: it is
   under way. */
static bool
withdraw(struct debounce *debounce, uint64_t job_id)
{
    bool busy;
    struct task *task =
        scheduler_withdraw(desk_lock(debounce->desk), job_id, &busy);

    desk_unlock(debounce->desk);
    if (task != NULL)
        payloads_free_task(debounce->payloads, task);
    return !busy;
}

static void
supersede(struct debounce *debounce, const struct debounce_round *round,
          const struct debounce_want *by, int64_t now_us)
{
    size_t at = debounce->superseded_count++;
    struct superseded *superseded = &debounce->superseded[at];
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, by->row->job.event_id, id);
    superseded->action = round->action;
    memcpy(superseded->event_type, round->event_type,
           sizeof(superseded->event_type));
    (void)snprintf(superseded->note, sizeof(superseded->note),
                   "superseded by %s", id);
    debounce->rows[at] = (struct flush_row){
        .job = round->job,
        .status = FLUSH_SUCCESS,
        .attempts = round->job.attempts,
        .application_id = by->source->application_id,
        .event_type = slice_of(superseded->event_type),
        .error_class = DEBOUNCE_CLASS,
        .error_message = slice_of(superseded->note),
        .ended_us = now_us,
        .live = true, /* it was locked when it was read */
    };
}

static void
coalesce(struct debounce_want *want, uint64_t by_event)
{
    want->coalesced = true;
    want->by_event = by_event;
}

/* The newest of those that move; NULL if none does. */
static struct debounce_want *
newest_mover(struct debounce_want *wants, size_t count)
{
    while (count > 0) {
        if (wants[--count].moves)
            return &wants[count];
    }
    return NULL;
}

static bool
is_of_batch(const struct debounce_want *wants, size_t count, uint64_t job_id)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (wants[i].row->job.id == job_id)
            return true;
    }
    return false;
}

/* When the event that is superseded would have been tried again, having been
   tried in vain or put off for such a one: it is due later than its round. 0:
   it has not. */
static int64_t
again_us(const struct debounce_round *round, const struct debounce_want *wants,
         size_t count, int64_t now_us)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (wants[i].row->job.id == round->job.id)
            return wants[i].moves || wants[i].ends ? 0
                                                   : now_us + wants[i].wait_us;
    }
    return round->job.due_us > round->due_us ? round->job.due_us : 0;
}

/* Not sooner than a retry would be, nor later than the first of its own. */
static int64_t
keep_pace(const struct source *source, int64_t again_at_us, int64_t due_us,
          int64_t now_us)
{
    int64_t next_us = now_us + source->retry_delay_s * CLOCK_US_PER_S;

    if (next_us > again_at_us)
        next_us = again_at_us;
    return due_us > next_us ? due_us : next_us;
}

static void
move(struct debounce *debounce, const struct debounce_want *want,
     int64_t first_us, int64_t again_at_us, int64_t now_us)
{
    bool deletes = want->in->action == INBOUND_DELETE;
    int64_t due_us =
        debounce_due(&want->source->options, deletes, first_us, now_us);
    struct debounce_round *round =
        &debounce->written[debounce->written_count++];

    want->row->to_lane = lane_number(LANE_FETCH, want->source->id);
    want->row->retry_at_us =
        keep_pace(want->source, again_at_us, due_us, now_us);
    *round = (struct debounce_round){
        .key = want->key,
        .job = want->row->job,
        .event_id = want->row->job.event_id,
        .action = want->in->action,
        .version_us = want->in->version_us,
        .first_us = first_us,
        .due_us = due_us,
    };
    (void)snprintf(round->event_type, sizeof(round->event_type), "%s",
                   want->in->type);
}

/* The events that have just come, beside the one that waits already. Returns
   the event that stands for the entity from now on. */
static uint64_t
take_movers(struct debounce *debounce, const struct debounce_round *round,
            struct debounce_want *wants, size_t count,
            struct debounce_want *newest, int64_t now_us)
{
    bool exists = round->found && round->job.id != 0;
    bool waits = exists && !is_of_batch(wants, count, round->job.id) &&
                 withdraw(debounce, round->job.id);
    uint64_t stands = newest->row->job.event_id;
    size_t i;

    if (waits && is_newer(round->version_us, round->event_id,
                          newest->in->version_us, stands))
        stands = round->event_id;
    else if (waits)
        supersede(debounce, round, newest, now_us);
    if (stands == newest->row->job.event_id)
        move(debounce, newest, waits ? round->first_us : now_us,
             exists ? again_us(round, wants, count, now_us) : 0, now_us);
    for (i = 0; i < count; i++) {
        if (wants[i].moves && wants[i].row->job.event_id != stands)
            coalesce(&wants[i], stands);
    }
    return stands;
}

/* The events of one entity. */
static void
settle_entity(struct debounce *debounce, const struct debounce_round *round,
              struct debounce_want *wants, size_t count, int64_t now_us)
{
    struct debounce_want *newest = newest_mover(wants, count);
    bool exists = round->found && round->job.id != 0;
    uint64_t stands = exists ? round->event_id : 0;
    size_t i;

    if (newest != NULL)
        stands = take_movers(debounce, round, wants, count, newest, now_us);
    for (i = 0; i < count; i++) {
        if (wants[i].moves)
            continue;
        if (!wants[i].ends && stands != 0 &&
            stands != wants[i].row->job.event_id)
            coalesce(&wants[i], stands);
        else if (wants[i].ends && newest == NULL && exists &&
                 round->job.id == wants[i].row->job.id)
            debounce->ended[debounce->ended_count++] = *round;
    }
}

static void
settle_all(struct debounce *debounce, struct debounce_want *wants, size_t count,
           int64_t now_us)
{
    size_t i = 0, n, round = 0;

    while (i < count) {
        n = 1;
        while (i + n < count &&
               debounce_key_compare(&wants[i].key, &wants[i + n].key) == 0)
            n++;
        settle_entity(debounce, &debounce->rounds[round++], &wants[i], n,
                      now_us);
        i += n;
    }
    assert(round == debounce->round_count);
}

enum db_result
debounce_apply(struct debounce *debounce, struct db *db,
               struct debounce_want *wants, size_t count, int64_t now_us)
{
    enum db_result result;

    debounce->written_count = 0;
    debounce->ended_count = 0;
    debounce->superseded_count = 0;
    if (count == 0)
        return DB_OK;
    reserve(debounce, count);
    qsort(wants, count, sizeof(*wants), compare_wants);
    result = read_rounds(debounce, db, wants, count);
    if (result != DB_OK)
        return result;
    settle_all(debounce, wants, count, now_us);
    if (debounce->superseded_count > 0)
        result =
            store_flush_write(db, debounce->rows, debounce->superseded_count);
    if (result == DB_OK)
        result = store_debounce_end(db, debounce->ended, debounce->ended_count);
    if (result == DB_OK)
        result = store_debounce_write(db, debounce->written,
                                      debounce->written_count);
    return result;
}

void
debounce_count(const struct debounce *debounce, struct rollup *rollup)
{
    size_t i;

    for (i = 0; i < debounce->superseded_count; i++) {
        const struct flush_row *row = &debounce->rows[i];

        rollup_inbound(rollup, row->ended_us, lane_owner_id(row->job.lane),
                       debounce->superseded[i].action, ROLLUP_SUCCESS,
                       row->attempts, 0);
    }
}
