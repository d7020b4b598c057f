/*
 * commit.c - group commit: many requests, one transaction.
 *
 * Requests wait in a queue. Who finds nobody leading leads: takes a batch from
 * the head of the queue, writes it, makes the next in the queue the leader and
 * wakes those whose events are written. So one transaction is under way at a
 * time, each request wakes up once, and a batch is what arrived meanwhile.
 */
#include "commit_impl.h"

#include "alloc.h"
#include "clock.h"
#include "doorbell.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BATCH_EVENTS 512
#define BATCH_BYTES ((size_t)1 << 20)

struct committer *
commit_new(const struct settings *settings, struct catalog *catalog,
           struct id_source *ids, struct doorbell *doorbell)
{
    struct committer *committer = xcalloc(1, sizeof(*committer));

    committer->settings = settings;
    committer->catalog = catalog;
    committer->ids = ids;
    committer->doorbell = doorbell;
    pthread_mutex_init(&committer->lock, NULL);
    committer->tail = &committer->head;
    committer->db = db_new(settings);
    committer->batch = ingest_new();
    return committer;
}

void
commit_free(struct committer *committer)
{
    if (committer == NULL)
        return;
    assert(!committer->leading && committer->head == NULL);
    ingest_free(committer->batch);
    db_free(committer->db);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
}

/* Takes a batch from the queue; the head always fits. Lock held. */
static size_t
take_batch(struct committer *committer)
{
    size_t count = 0, events = 0, bytes = 0;

    while (committer->head != NULL && count < COMMIT_REQUESTS) {
        struct commit_request *request = committer->head;

        if (count > 0 && (events + request->count > BATCH_EVENTS ||
                          bytes + request->bytes > BATCH_BYTES))
            break;
        events += request->count;
        bytes += request->bytes;
        committer->list[count++] = request;
        committer->head = request->next;
    }
    if (committer->head == NULL)
        committer->tail = &committer->head;
    return count;
}

/* The next in the queue leads: who is to be woken for that. Lock held. */
static struct commit_request *
hand_over(struct committer *committer)
{
    if (committer->head == NULL)
        committer->leading = false;
    else
        committer->head->leads = true;
    return committer->head;
}

/* Those who queued up behind a batch that found the database away share its
   answer. Lock held. */
static void
turn_away(struct committer *committer)
{
    struct commit_request *request = committer->head, *next;

    committer->head = NULL;
    committer->tail = &committer->head;
    for (; request != NULL; request = next) {
        next = request->next; /* once woken, it is gone */
        request->result = DB_AWAY;
        sem_post(&request->woken);
    }
}

/* Writes one batch, which holds the leader's own request. Lock held; released
   on return. */
static void
lead(struct committer *committer, struct commit_request *own)
{
    struct commit_request *followers[COMMIT_REQUESTS], *next;
    size_t count = take_batch(committer), i, follower_count = 0;
    bool written = false;

    assert(committer->list[0] == own);
    pthread_mutex_unlock(&committer->lock);

    commit_write(committer, committer->list, count);
    for (i = 0; i < count; i++) {
        written = written || committer->list[i]->result == DB_OK;
        if (committer->list[i] != own)
            followers[follower_count++] = committer->list[i];
    }

    pthread_mutex_lock(&committer->lock);
    committer->used_mono_us = clock_mono_us();
    if (own->result == DB_AWAY)
        turn_away(committer);
    next = hand_over(committer);
    pthread_mutex_unlock(&committer->lock);

    if (next != NULL)
        sem_post(&next->woken);
    if (written && committer->doorbell != NULL)
        doorbell_ring(committer->doorbell);
    for (i = 0; i < follower_count; i++)
        sem_post(&followers[i]->woken);
}

static void
wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        assert(errno == EINTR);
}

static size_t
bytes_of(const struct new_event *events, size_t count)
{
    size_t i, bytes = 0;

    for (i = 0; i < count; i++)
        bytes += events[i].payload.len + events[i].metadata.len;
    return bytes;
}

enum db_result
commit_events(struct committer *committer, struct new_event *events,
              size_t count)
{
    struct commit_request own = {
        .events = events,
        .count = count,
        .bytes = bytes_of(events, count),
    };
    bool leads;

    if (count == 0)
        return DB_OK;
    if (clock_mono_us() < atomic_load(&committer->away_until_mono_us))
        return DB_AWAY;
    sem_init(&own.woken, 0, 0);
    pthread_mutex_lock(&committer->lock);
    /* Whoever answers takes it out again before this returns. */
    *committer->tail = &own;     /* cppcheck-suppress autoVariables */
    committer->tail = &own.next; /* cppcheck-suppress autoVariables */
    leads = !committer->leading;
    committer->leading = true;
    if (!leads) {
        pthread_mutex_unlock(&committer->lock);
        wait_for(&own.woken);
        leads = own.leads;
        if (leads)
            pthread_mutex_lock(&committer->lock);
    }
    if (leads)
        lead(committer, &own);
    sem_destroy(&own.woken);
    return own.result;
}

void
commit_reap(struct committer *committer)
{
    int64_t idle_us = committer->settings->db_idle_s * CLOCK_US_PER_S;

    pthread_mutex_lock(&committer->lock);
    if (!committer->leading && idle_us > 0 &&
        clock_mono_us() - committer->used_mono_us >= idle_us)
        db_disconnect(committer->db);
    pthread_mutex_unlock(&committer->lock);
}
