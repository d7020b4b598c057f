/*
 * transfer.h - one HTTP exchange, a delivery or a question to a source: a
 * libcurl handle, what it sends, what it may do, and what came back.
 *
 * Belongs to the delivery loop. Handles are used again and again; options that
 * never change are set once.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "catalog.h"
#include "guard.h"
#include "http_request.h"
#include "outcome.h"
#include "settings.h"
#include "target.h"
#include "task.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a connection may wait for its next use; many load balancers close
   after 60. */
#define TRANSFER_IDLE_CONNECTION_S 50L

struct names;
struct tokens;

/* What all transfers of a loop have in common; outlives them. */
struct transfer_rules {
    struct target_nets allow;        /* private networks that may be reached */
    const char *ca_bundle;           /* "" = the library's */
    size_t body_kept;                /* bytes of an answer, as is usual */
    CURLSH *share;                   /* TLS sessions */
    const struct settings *settings; /* for questions to sources */
    struct names *names;             /* the same, or NULL */
    struct tokens *tokens;           /* of endpoints with OAuth2 */
    /* The request of a task that is paced (task.h) is about to be sent. */
    void (*on_sent)(void *arg, struct task *task);
    void *sent_arg;
};

struct transfer {
    CURL *easy;
    const struct transfer_rules *rules;
    struct task *task;
    const struct catalog_snapshot *snapshot; /* holds what follows */
    const struct subscription *subscription; /* of a delivery, or NULL */
    const struct source *source;             /* of a question, or NULL */
    struct request request;
    struct buf answer;
    size_t received; /* bytes of the answer, kept or not */
    struct guard guard;
    size_t headed; /* the same of its headers */
    bool too_large;
    bool headers_too_large;
    bool headers_whole; /* their end has come */
    bool hurried;       /* its time-out is shorter than it should be */
    bool sent;          /* the delivery itself is on its way */
    bool asks_token;    /* what is under way is the question for a token */
    int64_t end_us; /* monotonic: this process must be done; 0 = no matter */
    char error[CURL_ERROR_SIZE];
    struct transfer *prev; /* the loop's list */
    struct transfer *next;
};

/* NULL: libcurl has no memory or refuses an option. */
struct transfer *transfer_new(const struct transfer_rules *rules);
void transfer_free(struct transfer *transfer);

/*
 * Makes everything ready for curl_multi_add_handle(). left_ms: what remains of
 * this process's time, 0 = unlimited. Takes a reference of the snapshot until
 * transfer_finish(), which must follow in any case; another answer than
 * OBSTACLE_NONE is to be handed to it.
 */
enum obstacle transfer_prepare(struct transfer *transfer, struct task *task,
                               const struct catalog_snapshot *snapshot,
                               int64_t left_ms)
    __attribute__((warn_unused_result));

/* The question for a token has been answered: makes the delivery itself ready.
   Another answer than OBSTACLE_NONE is to be handed to transfer_finish(). */
enum obstacle transfer_go_on(struct transfer *transfer, CURLcode code)
    __attribute__((warn_unused_result));

/* Writes the result into the task, and into its mates, and forgets it. The task
   is returned. */
struct task *transfer_finish(struct transfer *transfer, CURLcode code,
                             enum obstacle obstacle);

#endif /* TRANSFER_H */
