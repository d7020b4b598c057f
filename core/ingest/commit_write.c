/*
 * commit_write.c - what a leader does with the requests it has taken: one
 * transaction, repeated, split or settled until each request has an answer.
 */
#include "commit_impl.h"

#include "clock.h"
#include "log.h"
#include "random.h"

#include <time.h>

#define LOGGER "postern.commit"
#define BATCH_JOBS 10000 /* no further request joins beyond */
#define TRIES 4          /* of a transaction that has to be repeated */
#define PAUSE_MAX_MS 10
#define AWAY_US (200 * CLOCK_US_PER_MS)
#define AWAY_MAX_US (5 * CLOCK_US_PER_S)

/* Two writers that got in each other's way should not meet again at once. */
static void
pause_a_little(void)
{
    struct timespec pause = {
        .tv_nsec = (long)(1 + random_u32() % PAUSE_MAX_MS) * 1000000,
    };

    nanosleep(&pause, NULL);
}

static bool
one_matches(struct commit_request **list, size_t count)
{
    size_t i, j;

    for (i = 0; i < count; i++)
        for (j = 0; j < list[i]->count; j++)
            if (ingest_matches(&list[i]->events[j]))
                return true;
    return false;
}

/* Connects, and brings the catalog up to date if one of the events needs it.
   What fails at once may succeed at once: a server with too many connections
   has one free a moment later. */
static enum db_result
prepare(struct committer *committer, struct commit_request **list, size_t count)
{
    bool matches = one_matches(list, count);
    int64_t start_us = clock_mono_us();
    enum db_result result;
    int tries;

    for (tries = 0;; tries++) {
        result = db_connect(committer->db);
        if (result == DB_OK && matches)
            result = catalog_refresh(committer->catalog, committer->db);
        if ((result != DB_AGAIN && result != DB_AWAY) || tries == TRIES - 1 ||
            clock_mono_us() - start_us > AWAY_US)
            return result;
        pause_a_little();
    }
}

/* Requests join until there is enough to do. Returns how many. */
static size_t
fill(struct committer *committer, struct commit_request **list, size_t count)
{
    const struct catalog_snapshot *snapshot = catalog_take(committer->catalog);
    size_t i, j;

    ingest_clear(committer->batch);
    for (i = 0; i < count; i++) {
        if (i > 0 && ingest_jobs(committer->batch) > BATCH_JOBS)
            break;
        for (j = 0; j < list[i]->count; j++)
            ingest_add(committer->batch, &list[i]->events[j], committer->ids,
                       snapshot);
    }
    catalog_release(snapshot);
    return i;
}

/* After an outcome that says little: DB_OK if the batch is there, DB_AGAIN if
   it has to be written again. */
static enum db_result
find_out(struct committer *committer, bool *may_be_there)
{
    enum ingest_fate fate = BATCH_NOT_WRITTEN;
    enum db_result result;

    result = ingest_find_out(committer->batch, committer->db, &fate);
    if (result != DB_OK)
        return result;
    if (fate == BATCH_WRITTEN && *may_be_there)
        return DB_OK;
    if (fate == BATCH_NOT_WRITTEN && *may_be_there)
        return DB_AGAIN; /* with the same ids: only one of the two succeeds */
    ingest_redraw(committer->batch, committer->ids);
    *may_be_there = false;
    return DB_AGAIN;
}

static enum db_result
try_to_write(struct committer *committer, bool *may_be_there)
{
    enum db_result result = DB_AGAIN;

    if (*may_be_there)
        result = find_out(committer, may_be_there);
    if (result == DB_AGAIN)
        result = ingest_write(committer->batch, committer->db,
                              db_now_us(committer->db));
    if (result == DB_DUPLICATE)
        return find_out(committer, may_be_there);
    if (result != DB_UNKNOWN)
        return result;
    *may_be_there = true;
    return find_out(committer, may_be_there);
}

/* Writes the batch, again if need be. DB_OK, DB_AWAY or DB_BROKEN. */
static enum db_result
write_batch(struct committer *committer)
{
    bool may_be_there = false, reconnected = false;
    enum db_result result = DB_AGAIN;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        if (tries > 0)
            pause_a_little();
        result = try_to_write(committer, &may_be_there);
        if (result == DB_AWAY && !reconnected) {
            reconnected = true;
            db_disconnect(committer->db);
        } else if (result != DB_AGAIN) {
            break;
        }
    }
    return result == DB_OK || result == DB_BROKEN ? result : DB_AWAY;
}

static const char *
reason(struct committer *committer, const char *otherwise)
{
    const char *text = db_error_text(committer->db);

    return *text == '\0' ? otherwise : text;
}

/* Who comes now is answered at once, instead of waiting for a connection that
   is not to be had. */
static void
note_away(struct committer *committer, int64_t start_us)
{
    int64_t now_us = clock_mono_us(), pause_us = now_us - start_us;

    if (pause_us < AWAY_US)
        pause_us = AWAY_US;
    if (pause_us > AWAY_MAX_US)
        pause_us = AWAY_MAX_US;
    atomic_store(&committer->away_until_mono_us, now_us + pause_us);
    if (!committer->was_away)
        log_error(LOGGER, NULL, "The database is away: %s",
                  reason(committer, "no transaction came to an end"));
    committer->was_away = true;
}

static void
note_back(struct committer *committer)
{
    if (committer->was_away)
        log_warning(LOGGER, NULL, "The database is back");
    committer->was_away = false;
}

static void
note_broken(struct committer *committer, const struct commit_request *request)
{
    log_error(LOGGER,
              LOG_FIELDS(LOG_INT("events", request->count),
                         LOG_INT("error", db_error_number(committer->db)),
                         LOG_SLICE("type", request->events[0].type)),
              "The database refuses an event: %s",
              reason(committer, "it is larger than max_allowed_packet"));
}

/* Writes as many of the requests as make a batch and sets their results.
   Returns how many. */
static size_t
run_some(struct committer *committer, struct commit_request **list,
         size_t count)
{
    int64_t start_us = clock_mono_us();
    enum db_result result = prepare(committer, list, count);
    bool prepared = result == DB_OK;
    size_t i;

    if (prepared) {
        count = fill(committer, list, count);
        result = write_batch(committer);
    }
    if (result == DB_BROKEN && (!prepared || !db_connected(committer->db)))
        result = DB_AWAY; /* no fault of the events */
    if (result == DB_BROKEN && count > 1) {
        commit_write(committer, list, count / 2);
        commit_write(committer, list + count / 2, count - count / 2);
        return count;
    }
    if (result == DB_OK) {
        ingest_answer(committer->batch);
        note_back(committer);
    } else if (result == DB_BROKEN) {
        note_broken(committer, list[0]);
    } else {
        result = DB_AWAY;
        note_away(committer, start_us);
    }
    for (i = 0; i < count; i++)
        list[i]->result = result;
    return count;
}

void
commit_write(struct committer *committer, struct commit_request **list,
             size_t count)
{
    size_t done = 0;

    while (done < count)
        done += run_some(committer, list + done, count - done);
}
