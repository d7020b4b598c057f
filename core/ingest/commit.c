/*
 * commit.c - group commit: many requests, one transaction.
 *
 * Requests wait in a queue. Two threads take turns: one leads, that is it takes
 * a batch from the head of the queue and writes it; then it lets the other one
 * lead and answers its own batch. So one transaction is under way at a time, a
 * batch is what arrived meanwhile, and the database does not wait for answers
 * to be sent.
 */
#include "commit_impl.h"

#include "alloc.h"
#include "clock.h"
#include "doorbell.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define LOGGER "postern.commit"
#define BATCH_EVENTS 512
#define BATCH_BYTES ((size_t)1 << 20)

static void *lead_and_answer(void *arg);

/* Signals are for the main thread. */
static void
start_threads(struct committer *committer)
{
    sigset_t all, before;
    size_t i;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (i = 0; i < COMMIT_THREADS; i++) {
        int error = pthread_create(&committer->threads[i], NULL,
                                   lead_and_answer, committer);

        if (error == 0)
            continue;
        log_error(LOGGER, NULL,
                  "The threads that write events cannot be started: %s",
                  strerror(error));
        _exit(EX_OSERR); /* as without memory: nothing has begun yet */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

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
    pthread_cond_init(&committer->work, NULL);
    committer->tail = &committer->head;
    committer->db = db_new(settings);
    committer->batch = ingest_new();
    start_threads(committer);
    return committer;
}

void
commit_free(struct committer *committer)
{
    size_t i;

    if (committer == NULL)
        return;
    pthread_mutex_lock(&committer->lock);
    committer->ending = true;
    pthread_cond_broadcast(&committer->work);
    pthread_mutex_unlock(&committer->lock);
    for (i = 0; i < COMMIT_THREADS; i++)
        pthread_join(committer->threads[i], NULL);
    assert(!committer->leading && committer->head == NULL);
    ingest_free(committer->batch);
    db_free(committer->db);
    pthread_cond_destroy(&committer->work);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
}

/* Takes a batch from the queue; the head always fits. Lock held. */
static size_t
take_batch(struct committer *committer, struct commit_request **list)
{
    size_t count = 0, events = 0, bytes = 0;

    while (committer->head != NULL && count < COMMIT_REQUESTS) {
        struct commit_request *request = committer->head;

        if (count > 0 && (events + request->count > BATCH_EVENTS ||
                          bytes + request->bytes > BATCH_BYTES))
            break;
        events += request->count;
        bytes += request->bytes;
        list[count++] = request;
        committer->head = request->next;
    }
    if (committer->head == NULL)
        committer->tail = &committer->head;
    return count;
}

/* The whole queue. Lock held. */
static struct commit_request *
take_all(struct committer *committer)
{
    struct commit_request *queue = committer->head;

    committer->head = NULL;
    committer->tail = &committer->head;
    return queue;
}

/* Those who queued up behind a batch that found the database away share its
   answer. */
static void
turn_away(struct commit_request *queue)
{
    struct commit_request *request, *next;

    for (request = queue; request != NULL; request = next) {
        next = request->next; /* once answered, it is gone */
        request->result = DB_AWAY;
        request->done(request);
    }
}

static void
answer(struct committer *committer, struct commit_request **list, size_t count)
{
    bool written = false;
    size_t i;

    for (i = 0; i < count; i++)
        written = written || list[i]->result == DB_OK;
    if (written && committer->doorbell != NULL)
        doorbell_ring(committer->doorbell);
    for (i = 0; i < count; i++)
        list[i]->done(list[i]);
}

/* Somebody is to lead: true if he has to be woken, after the lock. Lock
   held. */
static bool
call(struct committer *committer)
{
    bool wake =
        committer->head != NULL && !committer->leading && !committer->called;

    committer->called = committer->called || wake;
    return wake;
}

/* One turn. Lock held, also on return. */
static void
lead(struct committer *committer)
{
    struct commit_request *list[COMMIT_REQUESTS], *away = NULL;
    size_t count = take_batch(committer, list);
    bool wake;

    committer->leading = true;
    committer->called = false;
    pthread_mutex_unlock(&committer->lock);

    commit_write(committer, list, count);

    pthread_mutex_lock(&committer->lock);
    committer->used_mono_us = clock_mono_us();
    committer->leading = false;
    if (list[count - 1]->result == DB_AWAY)
        away = take_all(committer);
    wake = call(committer);
    pthread_mutex_unlock(&committer->lock);

    if (wake)
        pthread_cond_signal(&committer->work);
    answer(committer, list, count);
    turn_away(away);
    pthread_mutex_lock(&committer->lock);
}

static void *
lead_and_answer(void *arg)
{
    struct committer *committer = arg;

    pthread_mutex_lock(&committer->lock);
    for (;;) {
        if (committer->head != NULL && !committer->leading)
            lead(committer);
        else if (committer->head == NULL && committer->ending)
            break;
        else
            pthread_cond_wait(&committer->work, &committer->lock);
    }
    pthread_mutex_unlock(&committer->lock);
    return NULL;
}

static size_t
bytes_of(const struct commit_request *request)
{
    size_t i, bytes = 0;

    for (i = 0; i < request->count; i++)
        bytes +=
            request->events[i].payload.len + request->events[i].metadata.len;
    return bytes;
}

void
commit_start(struct committer *committer, struct commit_request *request)
{
    bool away = clock_mono_us() < atomic_load(&committer->away_until_mono_us);
    bool wake;

    if (request->count == 0 || away) {
        request->result = request->count == 0 ? DB_OK : DB_AWAY;
        request->done(request);
        return;
    }
    request->bytes = bytes_of(request);
    request->next = NULL;
    pthread_mutex_lock(&committer->lock);
    *committer->tail = request;
    committer->tail = &request->next;
    wake = call(committer);
    pthread_mutex_unlock(&committer->lock);
    if (wake)
        pthread_cond_signal(&committer->work);
}

static void
wake_up(struct commit_request *request)
{
    sem_post(request->arg);
}

enum db_result
commit_events(struct committer *committer, struct new_event *events,
              size_t count)
{
    sem_t woken;
    struct commit_request request = {
        .events = events, .count = count, .done = wake_up, .arg = &woken};

    sem_init(&woken, 0, 0);
    commit_start(committer, &request);
    while (sem_wait(&woken) != 0)
        assert(errno == EINTR);
    sem_destroy(&woken);
    return request.result;
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
