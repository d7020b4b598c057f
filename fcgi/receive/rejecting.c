/*
 * rejecting.c - see rejecting.h.
 */
#include "rejecting.h"

#include "alloc.h"
#include "log.h"
#include "store_rejection.h"
#include "transact.h"
#include "utf8.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER "webhook_handlers"
#define FIRST_ROOM 16
#define ADDRESS_MAX 45 /* column remote_address */

struct held {
    uint64_t id;
    uint32_t source_id;
    int status;
    bool repeat;
    const char *reason;
    char detail[REJECTING_DETAIL_MAX + 1];
    char remote_address[ADDRESS_MAX + 1];
};

/* A list that grows up to REJECTING_MAX; the writer takes it as a whole. */
struct held_list {
    struct held *list;
    size_t count, room;
    size_t repeats;                    /* among them */
    uint64_t dropped, dropped_repeats; /* that were too many */
};

struct rejecting {
    pthread_mutex_t lock;
    struct held_list held;
};

struct rejecting *
rejecting_new(void)
{
    struct rejecting *rejecting = xcalloc(1, sizeof(*rejecting));

    pthread_mutex_init(&rejecting->lock, NULL);
    return rejecting;
}

void
rejecting_free(struct rejecting *rejecting)
{
    if (rejecting == NULL)
        return;
    free(rejecting->held.list);
    pthread_mutex_destroy(&rejecting->lock);
    free(rejecting);
}

static bool
is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

/* What the column takes, whatever came: UTF-8, cut between characters. */
static void
copy_text(struct slice from, char to[REJECTING_DETAIL_MAX + 1])
{
    size_t at = 0, len = 0;

    while (at < from.len && len < REJECTING_DETAIL_MAX) {
        const unsigned char *next = (const unsigned char *)from.ptr + at;
        size_t step = utf8_length(next, from.len - at);

        if (step == 0 || is_control(*next)) {
            to[len++] = '?';
            at++;
            continue;
        }
        if (len + step > REJECTING_DETAIL_MAX)
            break;
        memcpy(to + len, next, step);
        len += step;
        at += step;
    }
    to[len] = '\0';
}

/* "" for what cannot be an address. */
static void
copy_address(struct slice from, char to[ADDRESS_MAX + 1])
{
    size_t i;

    to[0] = '\0';
    if (from.ptr == NULL || from.len > ADDRESS_MAX)
        return;
    for (i = 0; i < from.len; i++) {
        unsigned char c = (unsigned char)from.ptr[i];

        if (is_control(c) || c >= 0x80) /* plain char may be unsigned */
            return;
    }
    memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
}

/* Room for one more; NULL: there is none, which is counted. Lock held. */
static struct held *
add_held(struct held_list *held, bool repeat)
{
    bool full = held->count == REJECTING_MAX ||
                (repeat && held->repeats == REJECTING_REPEATS_MAX);

    if (full) {
        held->dropped += !repeat;
        held->dropped_repeats += repeat;
        return NULL;
    }
    held->repeats += repeat;
    if (held->count == held->room) {
        held->room = held->room == 0 ? FIRST_ROOM : held->room * 2;
        if (held->room > REJECTING_MAX)
            held->room = REJECTING_MAX;
        held->list =
            xreallocarray(held->list, held->room, sizeof(held->list[0]));
    }
    return &held->list[held->count++];
}

void
rejecting_note(struct rejecting *rejecting, struct id_source *ids,
               const struct refusal *refusal)
{
    struct held *held;

    pthread_mutex_lock(&rejecting->lock);
    held = add_held(&rejecting->held, refusal->repeat);
    if (held != NULL) {
        held->repeat = refusal->repeat;
        held->id = id_next(ids);
        held->source_id = refusal->source_id;
        held->status = refusal->status;
        held->reason = refusal->reason;
        copy_text(refusal->detail, held->detail);
        copy_address(refusal->remote_address, held->remote_address);
    }
    pthread_mutex_unlock(&rejecting->lock);
}

size_t
rejecting_waiting(struct rejecting *rejecting)
{
    size_t count;

    pthread_mutex_lock(&rejecting->lock);
    count = rejecting->held.count;
    pthread_mutex_unlock(&rejecting->lock);
    return count;
}

static struct held_list
take_all(struct rejecting *rejecting)
{
    struct held_list taken;

    pthread_mutex_lock(&rejecting->lock);
    taken = rejecting->held;
    rejecting->held = (struct held_list){.list = NULL};
    pthread_mutex_unlock(&rejecting->lock);
    return taken;
}

/* What could not be written stands in front of what has come since. */
static void
put_back(struct rejecting *rejecting, struct held_list *taken)
{
    struct held_list *held = &rejecting->held;
    size_t i;

    pthread_mutex_lock(&rejecting->lock);
    for (i = 0; i < held->count; i++) {
        struct held *room = add_held(taken, held->list[i].repeat);

        if (room != NULL)
            *room = held->list[i];
    }
    free(held->list);
    taken->dropped += held->dropped;
    taken->dropped_repeats += held->dropped_repeats;
    *held = *taken;
    pthread_mutex_unlock(&rejecting->lock);
    *taken = (struct held_list){.list = NULL};
}

/* The rows of one flush: the last ones may tell of those that were dropped. */
struct rows {
    struct rejection *list;
    size_t count;
    char dropped[64], dropped_repeats[64];
};

static void
add_dropped(struct rows *rows, struct id_source *ids, char text[64],
            uint64_t count, const char *what)
{
    if (count == 0)
        return;
    (void)snprintf(text, 64, "%llu more requests were %s",
                   (unsigned long long)count, what);
    rows->list[rows->count++] = (struct rejection){
        .id = id_next(ids), .reason = "dropped", .detail = text};
}

static void
make_rows(const struct held_list *held, struct id_source *ids,
          struct rows *rows)
{
    size_t i;

    rows->list = xcalloc(held->count + 2, sizeof(rows->list[0]));
    rows->count = held->count;
    for (i = 0; i < held->count; i++) {
        const struct held *one = &held->list[i];

        rows->list[i] = (struct rejection){
            .id = one->id,
            .source_id = one->source_id,
            .status = (unsigned)one->status,
            .reason = one->reason,
            .detail = one->detail,
            .remote_address =
                one->remote_address[0] == '\0' ? NULL : one->remote_address,
        };
    }
    add_dropped(rows, ids, rows->dropped, held->dropped, "refused");
    add_dropped(rows, ids, rows->dropped_repeats, held->dropped_repeats,
                "received before");
}

static enum db_result
write_rows(struct db *db, void *arg)
{
    const struct rows *rows = arg;

    return store_rejection_add(db, rows->list, rows->count);
}

void
rejecting_flush(struct rejecting *rejecting, struct db_pool *pool,
                struct id_source *ids)
{
    struct held_list taken = take_all(rejecting);
    enum db_result result = DB_AWAY;
    struct rows rows;
    struct db *db;

    if (taken.count == 0 && taken.dropped == 0 && taken.dropped_repeats == 0)
        return;
    make_rows(&taken, ids, &rows);
    db = db_pool_take(pool);
    if (db != NULL)
        result = transact(db, write_rows, &rows);
    if (result == DB_AWAY)
        put_back(rejecting, &taken);
    else if (result != DB_OK)
        log_error(LOGGER, LOG_FIELDS(LOG_INT("rows", rows.count)),
                  "Refused requests could not be noted: %s", db_error_text(db));
    if (db != NULL)
        db_pool_give(pool, db);
    free(rows.list);
    free(taken.list);
}
