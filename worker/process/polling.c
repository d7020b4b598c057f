/*
 * polling.c - see polling.h.
 */
#include "polling.h"

#include "alloc.h"
#include "clock.h"
#include "compare.h"
#include "encode.h"
#include "inbound.h"
#include "log.h"
#include "poller.h"
#include "problem.h"
#include "sign.h"
#include "store_cursor.h"
#include "store_record_state.h"

#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define BODY_MAX (4 * 1024 * 1024) /* bytes of an event made of a row */
#define METADATA_MAX 8192

/* A row that may have changed. */
struct found {
    struct slice row;
    struct buf body; /* as an event says it */
    struct inbound in;
};

/* One look at a table. */
struct look {
    struct task *task;
    const struct flush_row *row;
    const struct source *source;
    bool ok;
    const char *why;
    struct poll_answer answer;
    struct found *found;
    size_t found_count;
    size_t changed; /* what process_apply() finds out */
};

struct polling {
    const struct settings *settings;
    const struct catalog_snapshot *snapshot;
    struct look **looks;
    size_t count;
    size_t cap;
    struct problems problems; /* large, so not on the stack */
};

struct polling *
polling_new(const struct settings *settings)
{
    struct polling *polling = xcalloc(1, sizeof(*polling));

    polling->settings = settings;
    return polling;
}

static void
free_found(struct found *found)
{
    inbound_free(&found->in);
    buf_free(&found->body);
}

static void
clear(struct polling *polling)
{
    size_t i, k;

    for (i = 0; i < polling->count; i++) {
        struct look *look = polling->looks[i];

        for (k = 0; k < look->found_count; k++)
            free_found(&look->found[k]);
        free(look->found);
        free(look);
    }
    polling->count = 0;
}

void
polling_free(struct polling *polling)
{
    if (polling == NULL)
        return;
    clear(polling);
    free(polling->looks);
    free(polling);
}

void
polling_begin(struct polling *polling, const struct catalog_snapshot *snapshot)
{
    clear(polling);
    polling->snapshot = snapshot;
}

/* --- reading ------------------------------------------------------------------ */

/* When it was asked for, by our clock. */
static int64_t
asked_us(const struct look *look)
{
    return clock_wall_us() - (clock_mono_us() - look->task->attempt.started_us);
}

static bool
make_event(struct polling *polling, const struct look *look, bool known,
           struct found *found)
{
    struct inbound_request request = {
        .content_type = SLICE("application/json"),
        .now_us = asked_us(look),
    };
    char received[65];

    polling->problems.count = 0;
    free_found(found);
    buf_init(&found->body, BODY_MAX);
    if (!poll_body(look->source, look->task->poll, found->row, known,
                   request.now_us, &polling->problems, &found->body))
        return false;
    request.body = buf_slice(&found->body);
    return inbound_read(look->source, &request, &found->in, &polling->problems,
                        received) == INBOUND_OK;
}

static void
take_rows(struct polling *polling, struct look *look)
{
    size_t i;

    look->found = xcalloc(look->answer.count + 1, sizeof(*look->found));
    for (i = 0; i < look->answer.count; i++) {
        struct found *found = &look->found[look->found_count];

        found->row = look->answer.rows[i];
        if (make_event(polling, look, false, found)) {
            look->found_count++;
        } else {
            free_found(found);
            look->why = "a row has no key";
        }
    }
}

static int64_t
pause_us(const struct look *look)
{
    int64_t us = look->source->options.poll_s * CLOCK_US_PER_S;
    int64_t asked = look->task->attempt.asked_s * CLOCK_US_PER_S;

    if (look->answer.more)
        return 0;
    return asked > us ? asked : us;
}

static struct look *
new_look(struct polling *polling)
{
    if (polling->count == polling->cap) {
        polling->cap = polling->cap == 0 ? 8 : 2 * polling->cap;
        polling->looks =
            xreallocarray(polling->looks, polling->cap, sizeof(struct look *));
    }
    polling->looks[polling->count] = xcalloc(1, sizeof(struct look));
    return polling->looks[polling->count++];
}

void
polling_add(struct polling *polling, struct task *task, struct flush_row *row)
{
    struct outcome *outcome = &task->attempt.outcome;
    const struct source *source =
        catalog_source(polling->snapshot, lane_owner_id(task->job.lane));
    struct look *look;

    outcome->kind = OUTCOME_CANCELLED;
    if (source == NULL || task->poll == NULL ||
        task->attempt.obstacle == OBSTACLE_NO_QUESTION)
        return;
    look = new_look(polling);
    look->task = task;
    look->row = row;
    look->source = source;
    look->ok = poll_read(source, &task->attempt, task->poll, &look->answer,
                         &look->why);
    if (look->ok) {
        look->why = NULL;
        take_rows(polling, look);
    }
    outcome->kind = OUTCOME_MOVED;
    outcome->wait_us = pause_us(look);
}

/* --- writing ------------------------------------------------------------------- */

static bool
is_same(const struct found *found, const struct record_state *state)
{
    struct json_value ours, theirs;

    if (state->same)
        return true;
    return state->data.ptr != NULL &&
           json_read(found->in.data, &theirs, NULL) &&
           json_read(state->data, &ours, NULL) && compare_equal(&ours, &theirs);
}

/* ...,"polled":true} */
static void
add_metadata(const struct look *look, const struct found *found,
             struct buf *metadata)
{
    inbound_metadata(look->source, &found->in, metadata);
    if (metadata->len > 0)
        metadata->len--; /* the brace */
    buf_add_text(metadata, ",\"" POLL_MARK "\":true}");
}

/* The same change of the same state is one event, however often it is seen
   before it has been processed. */
static void
add_dedupe(const struct found *found, const struct record_state *state,
           struct buf *out)
{
    char digest[2 * 32 + 1];
    uint8_t hash[32];

    sign_sha256(found->in.data, hash);
    encode_hex(hash, sizeof(hash), digest);
    buf_addf(out, "%llu %s %s %s", (unsigned long long)state->event_id, digest,
             found->in.table, found->in.record_id);
}

static void
emit_change(const struct look *look, const struct found *found,
            const struct record_state *state, struct emit *emit)
{
    struct buf metadata = BUF_INIT(METADATA_MAX), dedupe = BUF_INIT(1024);

    add_metadata(look, found, &metadata);
    add_dedupe(found, state, &dedupe);
    if (buf_ok(&metadata) && buf_ok(&dedupe)) {
        const struct emission emission = {
            .application_id = look->source->application_id,
            .source_id = look->source->id,
            .type = slice_of(found->in.type),
            .data = buf_slice(&found->body),
            .refresh = true,
            .metadata = buf_slice(&metadata),
            .dedupe = buf_slice(&dedupe),
        };

        emit_add(emit, &emission);
    }
    buf_free(&metadata);
    buf_free(&dedupe);
}

static void
emit_changes(struct polling *polling, struct look *look,
             const struct record_state *states, struct emit *emit)
{
    size_t i;

    look->changed = 0;
    for (i = 0; i < look->found_count; i++) {
        struct found *found = &look->found[i];
        bool known = states[i].found && !states[i].deleted;

        if (is_same(found, &states[i]))
            continue;
        if (known && !make_event(polling, look, true, found))
            continue;
        emit_change(look, found, &states[i], emit);
        look->changed++;
    }
}

static enum db_result
compare_rows(struct polling *polling, struct look *look, struct db *db,
             struct emit *emit)
{
    struct record_state *states =
        xcalloc(look->found_count + 1, sizeof(*states));
    enum db_result result;
    size_t i;

    for (i = 0; i < look->found_count; i++)
        states[i] = (struct record_state){
            .source_id = look->source->id,
            .table = slice_of(look->found[i].in.table),
            .record_id = slice_of(look->found[i].in.record_id),
            .content = look->found[i].in.data,
        };
    result = store_record_state(db, states, look->found_count);
    if (result == DB_OK)
        emit_changes(polling, look, states, emit);
    for (i = 0; i < look->found_count && result == DB_OK; i++)
        slice_free(&states[i].data);
    free(states);
    return result;
}

enum db_result
polling_apply(struct polling *polling, struct db *db, struct emit *emit,
              int64_t now_us)
{
    enum db_result result = DB_OK;
    size_t i;

    (void)now_us;
    for (i = 0; i < polling->count && result == DB_OK; i++) {
        struct look *look = polling->looks[i];

        if (!look->row->live)
            continue;
        if (look->ok)
            result = compare_rows(polling, look, db, emit);
        if (result == DB_OK)
            result = store_cursor_advance(db, look->task->job.id,
                                          look->answer.position,
                                          slice_of(look->why));
    }
    return result;
}

void
polling_tell(const struct polling *polling)
{
    size_t i;

    for (i = 0; i < polling->count; i++) {
        const struct look *look = polling->looks[i];
        bool failed = !look->ok && !look->answer.more;

        if (!look->row->live || (!failed && look->changed == 0))
            continue;
        log_line(failed ? LOG_WARNING : LOG_INFO, LOGGER,
                 LOG_FIELDS(LOG_TEXT("source", look->source->name),
                            LOG_TEXT("table", look->task->poll->table),
                            LOG_INT("changed", look->changed),
                            LOG_INT("status", look->task->attempt.status),
                            LOG_TEXT("error", look->why)),
                 failed ? "A source could not be asked for changes"
                        : "A source was asked for changes");
    }
}
