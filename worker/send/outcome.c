/*
 * outcome.c - see outcome.h for the table of decisions.
 */
#include "outcome.h"

#include <assert.h>
#include <stddef.h>

#define US_PER_S INT64_C(1000000)

/* How a failure is called, and whether another attempt makes sense. */
struct failure {
    const char *error_class;
    bool final;
    bool ours; /* it tells nothing about the endpoint */
};

static const struct failure obstacle_failures[OBSTACLE_COUNT] = {
    [OBSTACLE_BLOCKED] = {.error_class = "blocked"},
    [OBSTACLE_BAD_URL] = {.error_class = "bad_url", .final = true},
    [OBSTACLE_SECRET] = {.error_class = "secret"},
    [OBSTACLE_EVENT_MISSING] = {.error_class = "event_missing", .final = true},
    [OBSTACLE_INTERNAL] = {.error_class = "internal"},
    [OBSTACLE_UNREADABLE] = {.error_class = "config"},
    [OBSTACLE_TOO_LARGE] = {.error_class = "too_large", .final = true},
    [OBSTACLE_TOKEN] = {.error_class = "oauth2"},
};

static const struct {
    CURLcode code;
    struct failure failure;
} code_failures[] = {
    {CURLE_OPERATION_TIMEDOUT, {.error_class = "timeout"}},
    {CURLE_COULDNT_RESOLVE_HOST, {.error_class = "dns"}},
    {CURLE_COULDNT_RESOLVE_PROXY, {.error_class = "dns"}},
    {CURLE_COULDNT_CONNECT, {.error_class = "connect"}},
    {CURLE_SEND_ERROR, {.error_class = "connect"}},
    {CURLE_RECV_ERROR, {.error_class = "connect"}},
    {CURLE_GOT_NOTHING, {.error_class = "connect"}},
    {CURLE_PARTIAL_FILE, {.error_class = "connect"}},
    {CURLE_WEIRD_SERVER_REPLY, {.error_class = "http"}},
    {CURLE_UNSUPPORTED_PROTOCOL, {.error_class = "http"}},
    {CURLE_BAD_CONTENT_ENCODING, {.error_class = "http"}},
    {CURLE_SSL_CONNECT_ERROR, {.error_class = "tls"}},
    {CURLE_PEER_FAILED_VERIFICATION, {.error_class = "tls"}},
    {CURLE_SSL_CERTPROBLEM, {.error_class = "tls"}},
    {CURLE_SSL_CLIENTCERT, {.error_class = "tls"}},
    {CURLE_SSL_CIPHER, {.error_class = "tls"}},
    {CURLE_SSL_CACERT_BADFILE, {.error_class = "tls", .ours = true}},
    {CURLE_SSL_ISSUER_ERROR, {.error_class = "tls", .ours = true}},
    {CURLE_SSL_SHUTDOWN_FAILED, {.error_class = "tls"}},
    {CURLE_URL_MALFORMAT,
     {.error_class = "bad_url", .final = true, .ours = true}},
};

static struct failure
failure_of_code(CURLcode code)
{
    size_t i;

    for (i = 0; i < sizeof(code_failures) / sizeof(code_failures[0]); i++) {
        if (code_failures[i].code == code)
            return code_failures[i].failure;
    }
    return (struct failure){.error_class = "internal", .ours = true};
}

static struct failure
failure_of_status(long status)
{
    return (struct failure){
        .error_class = "http",
        .final = status >= 300 && status < 400,
    };
}

static bool
asks_for_time(const struct outcome_facts *facts)
{
    return facts->code == CURLE_OK &&
           (facts->status == 429 ||
            (facts->status == 503 && facts->retry_after_s > 0));
}

static enum feedback
feedback_of(const struct outcome_facts *facts)
{
    if (facts->obstacle != OBSTACLE_NONE)
        return FEEDBACK_NONE;
    if (facts->code != CURLE_OK)
        return failure_of_code(facts->code).ours ? FEEDBACK_NONE : FEEDBACK_BAD;
    if (asks_for_time(facts))
        return FEEDBACK_BUSY;
    return facts->status >= 200 && facts->status < 500 &&
                   facts->status != 408 && facts->status != 425
               ? FEEDBACK_GOOD
               : FEEDBACK_BAD;
}

static struct outcome
after_failure(const struct outcome_facts *facts, struct failure failure)
{
    struct outcome outcome = {
        .kind = OUTCOME_FAILED,
        .error_class = failure.error_class,
    };
    bool may_ask = facts->obstacle == OBSTACLE_NONE &&
                   (facts->status == 429 || facts->status == 503);

    if (failure.final || facts->test)
        return outcome;
    if (retry_after_failure(&facts->policy, facts->attempt,
                            may_ask ? facts->retry_after_s : 0, facts->random,
                            &outcome.wait_us))
        outcome.kind = OUTCOME_RETRY;
    return outcome;
}

static struct outcome
decide_kind(const struct outcome_facts *facts)
{
    if (facts->obstacle == OBSTACLE_CUT)
        return (struct outcome){.kind = OUTCOME_DROPPED};
    if (facts->obstacle == OBSTACLE_SUBSCRIPTION_GONE)
        return (struct outcome){.kind = OUTCOME_CANCELLED};
    if (facts->obstacle != OBSTACLE_NONE)
        return after_failure(facts, obstacle_failures[facts->obstacle]);
    if (facts->code != CURLE_OK)
        return after_failure(facts, failure_of_code(facts->code));
    if (facts->status >= 200 && facts->status < 300)
        return (struct outcome){.kind = OUTCOME_SUCCESS};
    if (facts->status == 410 && !facts->test)
        return (struct outcome){.kind = OUTCOME_DISABLE, .error_class = "http"};
    return after_failure(facts, failure_of_status(facts->status));
}

struct outcome
outcome_decide(const struct outcome_facts *facts)
{
    struct outcome outcome;

    assert(facts->attempt > 0 && facts->obstacle < OBSTACLE_COUNT);
    outcome = decide_kind(facts);
    outcome.feedback = feedback_of(facts);
    if (outcome.feedback == FEEDBACK_BUSY)
        outcome.asked_us = (int64_t)facts->retry_after_s * US_PER_S;
    return outcome;
}

static bool
is_refusal(const struct outcome_facts *facts)
{
    switch (facts->obstacle) {
    case OBSTACLE_NONE:
        return facts->code == CURLE_OK &&
               (facts->status == 401 || facts->status == 403);
    case OBSTACLE_BLOCKED:
    case OBSTACLE_BAD_URL:
    case OBSTACLE_SECRET:
        return true;
    default:
        return false;
    }
}

struct outcome
outcome_of_question(const struct outcome_facts *facts)
{
    struct outcome outcome = {.kind = OUTCOME_SUCCESS};
    uint32_t asked_s = facts->retry_after_s;

    if (facts->obstacle == OBSTACLE_CUT)
        outcome.kind = OUTCOME_DROPPED;
    if (is_refusal(facts)) {
        outcome.feedback = FEEDBACK_BUSY;
        asked_s = OUTCOME_REFUSED_S;
    } else if (facts->obstacle == OBSTACLE_NONE && facts->code == CURLE_OK &&
               facts->status == 529) {
        outcome.feedback = FEEDBACK_BUSY;
    } else {
        outcome.feedback = feedback_of(facts);
    }
    if (outcome.feedback == FEEDBACK_BUSY)
        outcome.asked_us = (int64_t)asked_s * US_PER_S;
    return outcome;
}
