/*
 * outcome.h - what an attempt came to, and what follows from it.
 *
 * The only place that decides about deliveries. Pure: facts in, verdict out.
 *
 *   2xx                        success
 *   3xx                        failed: redirects are never followed
 *   410                        failed, and the subscription is disabled
 *   any other status, and transport errors
 *                              retried as long as the policy has attempts
 *   429, 503 with Retry-After  the same, with the wait that was asked for
 *                              (within the bounds of retry.h)
 *
 * A test has one attempt and disables nothing. The feedback about the endpoint
 * is the same for every attempt, the last one included.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "retry.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

/* What kept a request from being sent, or stopped it. */
enum obstacle {
    OBSTACLE_NONE,              /* libcurl's answer counts */
    OBSTACLE_BLOCKED,           /* the address is not allowed */
    OBSTACLE_BAD_URL,           /* not a URL as we take them */
    OBSTACLE_SECRET,            /* the secret cannot be read */
    OBSTACLE_EVENT_MISSING,     /* the event is gone */
    OBSTACLE_SUBSCRIPTION_GONE, /* nobody wants it any more */
    OBSTACLE_INTERNAL,          /* our own fault */
    OBSTACLE_CUT,        /* stopped by us for our own reasons: not an attempt */
    OBSTACLE_UNREADABLE, /* what the subscription says cannot be used */
    OBSTACLE_TOO_LARGE,  /* the body would be */
    OBSTACLE_TOKEN,      /* its authorization server gives no token */
    OBSTACLE_NO_QUESTION, /* there is nothing that a source could be asked */
    OBSTACLE_COUNT
};

struct outcome_facts {
    enum obstacle obstacle;
    CURLcode code;
    long status;            /* HTTP, 0 = none */
    uint32_t retry_after_s; /* as asked for, 0 = not */
    uint32_t attempt;       /* from 1 */
    bool test;
    struct retry_policy policy;
    uint32_t random; /* 32 uniform bits */
};

/* error_class of a delivery that was too old for another attempt. */
#define OUTCOME_EXPIRED "expired"

enum outcome_kind {
    OUTCOME_SUCCESS,
    OUTCOME_RETRY,     /* after wait_us, from the end of the attempt */
    OUTCOME_FAILED,    /* for good */
    OUTCOME_DISABLE,   /* for good, and the subscription is to be disabled */
    OUTCOME_CANCELLED, /* nothing was sent and nothing will be */
    OUTCOME_DROPPED,   /* as if it had never been tried */
    OUTCOME_MOVED      /* goes on somewhere else, or later; not an attempt */
};

/* What the attempt says about the endpoint, whatever becomes of the message. */
enum feedback {
    FEEDBACK_NONE, /* nothing: it was not asked, or it was our own fault */
    FEEDBACK_GOOD, /* it answered; most 4xx are about the message alone */
    FEEDBACK_BUSY, /* 429, or 503 with Retry-After: slower, please */
    FEEDBACK_BAD   /* transport errors, 408, 425, other 5xx */
};

struct outcome {
    enum outcome_kind kind;
    const char *error_class; /* static; NULL on success */
    int64_t wait_us;         /* OUTCOME_RETRY */
    enum feedback feedback;
    int64_t asked_us; /* FEEDBACK_BUSY: Retry-After as asked for, 0 = not */
};

struct outcome outcome_decide(const struct outcome_facts *facts);

/* A source's API that refuses our key, or that we may not or cannot reach, is
   asked again only after so long: a person has to do something. */
#define OUTCOME_REFUSED_S 60

/*
 * For a question to a source's API: what it says about that API. What follows
 * for the event is decided by verdict.h, so the kind is OUTCOME_SUCCESS, or
 * OUTCOME_DROPPED. 401, 403 and our own obstacles rest the API for
 * OUTCOME_REFUSED_S, 429 and 529 for as long as it says.
 */
struct outcome outcome_of_question(const struct outcome_facts *facts);

#endif /* OUTCOME_H */
