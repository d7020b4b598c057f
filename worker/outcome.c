/*
 * outcome.c - see outcome.h for the table of decisions.
 */
#include "outcome.h"

#include <assert.h>
#include <stddef.h>

/* How a failure is called, and whether another attempt makes sense. */
struct failure {
    const char *error_class;
    bool final;
};

static const struct failure obstacle_failures[OBSTACLE_COUNT] = {
    [OBSTACLE_BLOCKED] = {"blocked", false},
    [OBSTACLE_BAD_URL] = {"bad_url", true},
    [OBSTACLE_SECRET] = {"secret", false},
    [OBSTACLE_EVENT_MISSING] = {"event_missing", true},
    [OBSTACLE_INTERNAL] = {"internal", false},
};

static const struct {
    CURLcode code;
    struct failure failure;
} code_failures[] = {
    {CURLE_OPERATION_TIMEDOUT, {"timeout", false}},
    {CURLE_COULDNT_RESOLVE_HOST, {"dns", false}},
    {CURLE_COULDNT_RESOLVE_PROXY, {"dns", false}},
    {CURLE_COULDNT_CONNECT, {"connect", false}},
    {CURLE_SEND_ERROR, {"connect", false}},
    {CURLE_RECV_ERROR, {"connect", false}},
    {CURLE_GOT_NOTHING, {"connect", false}},
    {CURLE_PARTIAL_FILE, {"connect", false}},
    {CURLE_WEIRD_SERVER_REPLY, {"http", false}},
    {CURLE_UNSUPPORTED_PROTOCOL, {"http", false}},
    {CURLE_BAD_CONTENT_ENCODING, {"http", false}},
    {CURLE_SSL_CONNECT_ERROR, {"tls", false}},
    {CURLE_PEER_FAILED_VERIFICATION, {"tls", false}},
    {CURLE_SSL_CERTPROBLEM, {"tls", false}},
    {CURLE_SSL_CLIENTCERT, {"tls", false}},
    {CURLE_SSL_CIPHER, {"tls", false}},
    {CURLE_SSL_CACERT_BADFILE, {"tls", false}},
    {CURLE_SSL_ISSUER_ERROR, {"tls", false}},
    {CURLE_SSL_SHUTDOWN_FAILED, {"tls", false}},
    {CURLE_URL_MALFORMAT, {"bad_url", true}},
};

static struct failure
failure_of_code(CURLcode code)
{
    size_t i;

    for (i = 0; i < sizeof(code_failures) / sizeof(code_failures[0]); i++) {
        if (code_failures[i].code == code)
            return code_failures[i].failure;
    }
    return (struct failure){"internal", false};
}

static struct failure
failure_of_status(long status)
{
    return (struct failure){"http", status >= 300 && status < 400};
}

static struct outcome
after_failure(const struct outcome_facts *facts, struct failure failure)
{
    struct outcome outcome = {OUTCOME_FAILED, failure.error_class, 0};
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

struct outcome
outcome_decide(const struct outcome_facts *facts)
{
    assert(facts->attempt > 0 && facts->obstacle < OBSTACLE_COUNT);

    if (facts->obstacle == OBSTACLE_CUT)
        return (struct outcome){OUTCOME_DROPPED, NULL, 0};
    if (facts->obstacle == OBSTACLE_SUBSCRIPTION_GONE)
        return (struct outcome){OUTCOME_CANCELLED, NULL, 0};
    if (facts->obstacle != OBSTACLE_NONE)
        return after_failure(facts, obstacle_failures[facts->obstacle]);
    if (facts->code != CURLE_OK)
        return after_failure(facts, failure_of_code(facts->code));
    if (facts->status >= 200 && facts->status < 300)
        return (struct outcome){OUTCOME_SUCCESS, NULL, 0};
    if (facts->status == 410 && !facts->test)
        return (struct outcome){OUTCOME_DISABLE, "http", 0};
    return after_failure(facts, failure_of_status(facts->status));
}
