/*
 * task.h - a job in memory: from the moment it is read until its result is
 * committed. While it exists the job is not read again.
 *
 * The store thread makes, fills and frees tasks; the delivery loop holds those
 * that run. They change hands under the desk's lock (desk.h).
 */
#ifndef TASK_H
#define TASK_H

#include "outcome.h"
#include "ring.h"
#include "store_job.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum task_state {
    TASK_LOADING, /* known, its event is being read */
    TASK_READY,   /* waits in its lane */
    TASK_RUNNING, /* in the delivery loop, or being processed */
    TASK_DONE     /* has a result that is not committed yet */
};

/* What the last attempt came to. */
struct attempt {
    struct outcome outcome;
    uint32_t status;             /* HTTP, 0 = none */
    int64_t started_us;          /* monotonic */
    int64_t ended_us;            /* monotonic */
    char error[CURL_ERROR_SIZE]; /* printable ASCII, "" = none */
    char *body;                  /* the first bytes of the answer, or NULL */
    size_t body_len;
    size_t *body_owners; /* how many attempts have that body, of one request;
                            NULL: it is this one's alone */
    /* Of a question to a source, which is judged later. */
    enum obstacle obstacle;
    CURLcode code;
    uint32_t asked_s; /* Retry-After, 0 = none */
    bool asked_name;  /* it was about a name, not about the record */
    /* Of a request with several jobs: why this one is not in it. */
    enum obstacle left_out;
    bool echo; /* of a request with several jobs: another one tells about the
                  endpoint */
};

struct lane;
struct event;
struct poll_order;

struct task {
    struct job_row job;
    enum task_state state;
    bool slot;           /* runs in the delivery loop */
    bool aged;           /* the scheduler's: 1 s or more in flight */
    uint8_t share;       /* the scheduler's: whose slots it takes */
    bool orphan;         /* its lease is lost: whatever comes back is dropped */
    struct event *event; /* pinned in the cache; NULL: it does not exist */
    struct poll_order *poll; /* JOB_POLL: what to ask; owned, or NULL */
    size_t event_bytes;      /* memory that the event takes */
    struct lane *lane;
    size_t
        counted_bytes; /* the scheduler's: of event and answer, known or guessed */
    size_t
        flight_bytes; /* the same while it runs, those of its mates included */
    /* Running, one request for several jobs: the first one has the slot, and
       the others behind it. */
    struct task *mate;
    uint32_t mates;   /* of the first: how many */
    bool paced;       /* it matters when its request is sent */
    int64_t sent;     /* the scheduler's: the request is on its way */
    bool front;       /* the scheduler's: the rest of its FIFO lane waits */
    int64_t begun_us; /* monotonic, when it was started */
    struct ring_link young; /* the scheduler's: running, and not aged */
    struct task *next;
    struct attempt attempt; /* valid when TASK_DONE */
};

struct task_list {
    struct task *head;
    struct task *tail;
    size_t count;
};

#define TASK_LIST_INIT ((struct task_list){NULL, NULL, 0})

static inline void
task_list_add(struct task_list *list, struct task *task)
{
    task->next = NULL;
    if (list->tail == NULL)
        list->head = task;
    else
        list->tail->next = task;
    list->tail = task;
    list->count++;
}

/* The last one that has it frees it. Only one thread at a time may do so for the
   tasks of one request. */
static inline void
attempt_free_body(struct attempt *attempt)
{
    if (attempt->body_owners == NULL || --*attempt->body_owners == 0) {
        free(attempt->body);
        free(attempt->body_owners);
    }
    attempt->body = NULL;
    attempt->body_len = 0;
    attempt->body_owners = NULL;
}

/* A task that was running and its mates, each for itself from now on. */
static inline void
task_list_add_all(struct task_list *list, struct task *task)
{
    while (task != NULL) {
        struct task *next = task->mate;

        task->mate = NULL;
        task->mates = 0;
        task_list_add(list, task);
        task = next;
    }
}

static inline struct task *
task_list_pop(struct task_list *list)
{
    struct task *task = list->head;

    if (task == NULL)
        return NULL;
    list->head = task->next;
    if (list->head == NULL)
        list->tail = NULL;
    list->count--;
    task->next = NULL;
    return task;
}

/* Moves everything from one list to the end of another. */
static inline void
task_list_append(struct task_list *list, struct task_list *from)
{
    if (from->head == NULL)
        return;
    if (list->tail == NULL)
        list->head = from->head;
    else
        list->tail->next = from->head;
    list->tail = from->tail;
    list->count += from->count;
    *from = TASK_LIST_INIT;
}

#endif /* TASK_H */
