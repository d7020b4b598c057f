/*
 * test_outcome.c - unit tests for worker/send/outcome.c
 */
#include "outcome.h"
#include "unit.h"

#include <string.h>

#define SECOND INT64_C(1000000)

static const char *
kind_name(enum outcome_kind kind)
{
    static const char *const names[] = {
        [OUTCOME_SUCCESS] = "success",     [OUTCOME_RETRY] = "retry",
        [OUTCOME_FAILED] = "failed",       [OUTCOME_DISABLE] = "disable",
        [OUTCOME_CANCELLED] = "cancelled", [OUTCOME_DROPPED] = "dropped",
    };

    return names[kind];
}

static void
check(const char *claim, const struct outcome_facts *facts,
      enum outcome_kind want, const char *want_class)
{
    struct outcome got = outcome_decide(facts);
    const char *got_class = got.error_class == NULL ? "" : got.error_class;

    if (got.kind != want || strcmp(got_class, want_class) != 0)
        fprintf(stderr, "\n%s: got %s (%s), want %s (%s)\n", claim,
                kind_name(got.kind), got_class, kind_name(want), want_class);
    CU_ASSERT_EQUAL(got.kind, want);
    CU_ASSERT_STRING_EQUAL(got_class, want_class);
}

static struct outcome_facts
first_of_four(void)
{
    return (struct outcome_facts){
        .obstacle = OBSTACLE_NONE,
        .code = CURLE_OK,
        .attempt = 1,
        .policy = {.retries = 3, .delay_s = 2},
    };
}

static void
test_status(void)
{
    static const struct {
        const char *claim;
        long status;
        enum outcome_kind want;
        const char *want_class;
    } rows[] = {
        {"200 is success", 200, OUTCOME_SUCCESS, ""},
        {"204 is success", 204, OUTCOME_SUCCESS, ""},
        {"299 is success", 299, OUTCOME_SUCCESS, ""},
        {"a status below 200 is not", 199, OUTCOME_RETRY, "http"},
        {"a redirect fails at once", 301, OUTCOME_FAILED, "http"},
        {"so does 304", 304, OUTCOME_FAILED, "http"},
        {"400 is retried: people mend receivers", 400, OUTCOME_RETRY, "http"},
        {"404 is retried", 404, OUTCOME_RETRY, "http"},
        {"408 is retried", 408, OUTCOME_RETRY, "http"},
        {"410 disables", 410, OUTCOME_DISABLE, "http"},
        {"429 is retried", 429, OUTCOME_RETRY, "http"},
        {"500 is retried", 500, OUTCOME_RETRY, "http"},
        {"503 is retried", 503, OUTCOME_RETRY, "http"},
        {"no status at all is no success", 0, OUTCOME_RETRY, "http"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts facts = first_of_four();

        facts.status = rows[i].status;
        check(rows[i].claim, &facts, rows[i].want, rows[i].want_class);
    }
}

static void
test_transport(void)
{
    static const struct {
        const char *claim;
        CURLcode code;
        enum outcome_kind want;
        const char *want_class;
    } rows[] = {
        {"a time-out", CURLE_OPERATION_TIMEDOUT, OUTCOME_RETRY, "timeout"},
        {"an unknown host", CURLE_COULDNT_RESOLVE_HOST, OUTCOME_RETRY, "dns"},
        {"nobody listens", CURLE_COULDNT_CONNECT, OUTCOME_RETRY, "connect"},
        {"an empty answer", CURLE_GOT_NOTHING, OUTCOME_RETRY, "connect"},
        {"a reset", CURLE_RECV_ERROR, OUTCOME_RETRY, "connect"},
        {"not HTTP", CURLE_WEIRD_SERVER_REPLY, OUTCOME_RETRY, "http"},
        {"a wrong certificate", CURLE_PEER_FAILED_VERIFICATION, OUTCOME_RETRY,
         "tls"},
        {"a failed handshake", CURLE_SSL_CONNECT_ERROR, OUTCOME_RETRY, "tls"},
        {"a URL that libcurl cannot read", CURLE_URL_MALFORMAT, OUTCOME_FAILED,
         "bad_url"},
        {"anything unforeseen", CURLE_OUT_OF_MEMORY, OUTCOME_RETRY, "internal"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts facts = first_of_four();

        facts.code = rows[i].code;
        /* A status that came before the failure does not count. */
        facts.status = 200;
        check(rows[i].claim, &facts, rows[i].want, rows[i].want_class);
    }
}

static void
test_obstacles(void)
{
    static const struct {
        const char *claim;
        enum obstacle obstacle;
        enum outcome_kind want;
        const char *want_class;
    } rows[] = {
        {"a private address may become public", OBSTACLE_BLOCKED, OUTCOME_RETRY,
         "blocked"},
        {"a bad URL stays bad", OBSTACLE_BAD_URL, OUTCOME_FAILED, "bad_url"},
        {"a key file may be mended", OBSTACLE_SECRET, OUTCOME_RETRY, "secret"},
        {"an event does not come back", OBSTACLE_EVENT_MISSING, OUTCOME_FAILED,
         "event_missing"},
        {"nobody wants it any more", OBSTACLE_SUBSCRIPTION_GONE,
         OUTCOME_CANCELLED, ""},
        {"our own fault", OBSTACLE_INTERNAL, OUTCOME_RETRY, "internal"},
        {"what we cut ourselves is no attempt", OBSTACLE_CUT, OUTCOME_DROPPED,
         ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts facts = first_of_four();

        facts.obstacle = rows[i].obstacle;
        facts.status = 200;
        check(rows[i].claim, &facts, rows[i].want, rows[i].want_class);
    }
}

static void
test_attempts_end(void)
{
    struct outcome_facts facts = first_of_four();

    facts.status = 500;
    for (facts.attempt = 1; facts.attempt <= 3; facts.attempt++)
        check("an attempt before the last", &facts, OUTCOME_RETRY, "http");
    check("the last attempt", &facts, OUTCOME_FAILED, "http");
    facts.attempt = UINT32_MAX;
    check("an attempt beyond the last", &facts, OUTCOME_FAILED, "http");
}

static void
test_waits(void)
{
    static const struct {
        const char *claim;
        uint32_t attempt;
        long status;
        uint32_t asked_s;
        int64_t want_us;
    } rows[] = {
        {"the first wait is the delay", 1, 500, 0, 2 * SECOND},
        {"then it doubles", 2, 500, 0, 4 * SECOND},
        {"and again", 3, 500, 0, 8 * SECOND},
        {"429 may ask for more", 1, 429, 30, 30 * SECOND},
        {"so may 503", 1, 503, 30, 30 * SECOND},
        {"nobody gets less than the policy's wait", 3, 429, 1, 8 * SECOND},
        {"nor more than an hour", 1, 429, 999999, 3600 * SECOND},
        {"other statuses may not ask", 1, 500, 30, 2 * SECOND},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts facts = first_of_four();
        struct outcome got;

        facts.attempt = rows[i].attempt;
        facts.status = rows[i].status;
        facts.retry_after_s = rows[i].asked_s;
        got = outcome_decide(&facts);
        CU_ASSERT_EQUAL(got.kind, OUTCOME_RETRY);
        if (got.wait_us != rows[i].want_us)
            fprintf(stderr, "\n%s: got %lld us, want %lld us\n", rows[i].claim,
                    (long long)got.wait_us, (long long)rows[i].want_us);
        CU_ASSERT_EQUAL(got.wait_us, rows[i].want_us);
    }
}

static const char *
feedback_name(enum feedback feedback)
{
    static const char *const names[] = {
        [FEEDBACK_NONE] = "nothing",
        [FEEDBACK_GOOD] = "good",
        [FEEDBACK_BUSY] = "busy",
        [FEEDBACK_BAD] = "bad",
    };

    return names[feedback];
}

/* What it says about the receiver, whatever becomes of the message. */
static void
test_feedback(void)
{
    static const struct {
        const char *claim;
        enum obstacle obstacle;
        CURLcode code;
        long status;
        uint32_t asked_s;
        enum feedback want;
    } rows[] = {
        {"it took it", 0, 0, 200, 0, FEEDBACK_GOOD},
        {"it answered", 0, 0, 301, 0, FEEDBACK_GOOD},
        {"it answered about the message", 0, 0, 404, 0, FEEDBACK_GOOD},
        {"it is there, and wants no more", 0, 0, 410, 0, FEEDBACK_GOOD},
        {"it wants less", 0, 0, 429, 0, FEEDBACK_BUSY},
        {"it wants to be left alone for a while", 0, 0, 503, 5, FEEDBACK_BUSY},
        {"it is out of order", 0, 0, 503, 0, FEEDBACK_BAD},
        {"only 503 may ask for time", 0, 0, 500, 5, FEEDBACK_BAD},
        {"it was too slow for itself", 0, 0, 408, 0, FEEDBACK_BAD},
        {"too early", 0, 0, 425, 0, FEEDBACK_BAD},
        {"no status at all", 0, 0, 0, 0, FEEDBACK_BAD},
        {"it hangs", 0, CURLE_OPERATION_TIMEDOUT, 0, 0, FEEDBACK_BAD},
        {"it hangs after a status", 0, CURLE_OPERATION_TIMEDOUT, 429, 9,
         FEEDBACK_BAD},
        {"nobody listens", 0, CURLE_COULDNT_CONNECT, 0, 0, FEEDBACK_BAD},
        {"its certificate is wrong", 0, CURLE_PEER_FAILED_VERIFICATION, 0, 0,
         FEEDBACK_BAD},
        {"our own certificates are", 0, CURLE_SSL_CACERT_BADFILE, 0, 0,
         FEEDBACK_NONE},
        {"our own memory", 0, CURLE_OUT_OF_MEMORY, 0, 0, FEEDBACK_NONE},
        {"it was not asked", OBSTACLE_BLOCKED, 0, 0, 0, FEEDBACK_NONE},
        {"we stopped it", OBSTACLE_CUT, 0, 0, 0, FEEDBACK_NONE},
        {"nobody wants it", OBSTACLE_SUBSCRIPTION_GONE, 0, 0, 0, FEEDBACK_NONE},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts facts = first_of_four();
        struct outcome got;

        facts.obstacle = rows[i].obstacle;
        facts.code = rows[i].code;
        facts.status = rows[i].status;
        facts.retry_after_s = rows[i].asked_s;
        facts.attempt = 1 + (uint32_t)i % 5; /* the last one, too */
        got = outcome_decide(&facts);
        if (got.feedback != rows[i].want)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim,
                    feedback_name(got.feedback), feedback_name(rows[i].want));
        CU_ASSERT_EQUAL(got.feedback, rows[i].want);
        CU_ASSERT_EQUAL(got.asked_us, rows[i].want == FEEDBACK_BUSY
                                          ? rows[i].asked_s * SECOND
                                          : 0);
    }
}

/* Somebody looks at the answer: one attempt, and no lasting consequence. */
static void
test_tests(void)
{
    struct outcome_facts facts = first_of_four();

    facts.test = true;
    facts.status = 200;
    check("a test that succeeds", &facts, OUTCOME_SUCCESS, "");
    facts.status = 500;
    check("a test is not retried", &facts, OUTCOME_FAILED, "http");
    facts.status = 410;
    check("a test disables nothing", &facts, OUTCOME_FAILED, "http");
    facts.status = 0;
    facts.code = CURLE_OPERATION_TIMEDOUT;
    check("a test that times out", &facts, OUTCOME_FAILED, "timeout");
}

static void
test_questions(void)
{
    static const struct {
        const char *claim;
        enum obstacle obstacle;
        CURLcode code;
        long status;
        uint32_t retry_after_s;
        enum feedback want;
        int64_t want_s;
    } rows[] = {
        {"an answer", OBSTACLE_NONE, CURLE_OK, 200, 0, FEEDBACK_GOOD, 0},
        {"no such record", OBSTACLE_NONE, CURLE_OK, 404, 0, FEEDBACK_GOOD, 0},
        {"429 says for how long", OBSTACLE_NONE, CURLE_OK, 429, 7,
         FEEDBACK_BUSY, 7},
        {"429 that does not", OBSTACLE_NONE, CURLE_OK, 429, 0, FEEDBACK_BUSY,
         0},
        {"529 is the same", OBSTACLE_NONE, CURLE_OK, 529, 9, FEEDBACK_BUSY, 9},
        {"503 with Retry-After", OBSTACLE_NONE, CURLE_OK, 503, 3, FEEDBACK_BUSY,
         3},
        {"503 without", OBSTACLE_NONE, CURLE_OK, 503, 0, FEEDBACK_BAD, 0},
        {"500", OBSTACLE_NONE, CURLE_OK, 500, 0, FEEDBACK_BAD, 0},
        {"a time-out", OBSTACLE_NONE, CURLE_OPERATION_TIMEDOUT, 0, 0,
         FEEDBACK_BAD, 0},
        {"401 waits for a person", OBSTACLE_NONE, CURLE_OK, 401, 0,
         FEEDBACK_BUSY, OUTCOME_REFUSED_S},
        {"403 as well, whatever it asks for", OBSTACLE_NONE, CURLE_OK, 403, 1,
         FEEDBACK_BUSY, OUTCOME_REFUSED_S},
        {"an address that may not be reached", OBSTACLE_BLOCKED, CURLE_OK, 0, 0,
         FEEDBACK_BUSY, OUTCOME_REFUSED_S},
        {"nothing was asked", OBSTACLE_NO_QUESTION, CURLE_OK, 0, 0,
         FEEDBACK_NONE, 0},
        {"a certificate bundle that cannot be read is ours", OBSTACLE_NONE,
         CURLE_SSL_CACERT_BADFILE, 0, 0, FEEDBACK_NONE, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outcome_facts facts = {
            .obstacle = rows[i].obstacle,
            .code = rows[i].code,
            .status = rows[i].status,
            .retry_after_s = rows[i].retry_after_s,
        };
        struct outcome got = outcome_of_question(&facts);

        if (got.feedback != rows[i].want ||
            got.asked_us != rows[i].want_s * SECOND)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, (int)got.feedback);
        CU_ASSERT_EQUAL(got.kind, OUTCOME_SUCCESS);
        CU_ASSERT_EQUAL(got.feedback, rows[i].want);
        CU_ASSERT_EQUAL(got.asked_us, rows[i].want_s * SECOND);
    }
}

static void
test_a_question_that_was_cut_was_never_asked(void)
{
    const struct outcome_facts facts = {.obstacle = OBSTACLE_CUT};
    struct outcome got = outcome_of_question(&facts);

    CU_ASSERT_EQUAL(got.kind, OUTCOME_DROPPED);
    CU_ASSERT_EQUAL(got.feedback, FEEDBACK_NONE);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"statuses", test_status},
        {"transport errors", test_transport},
        {"obstacles", test_obstacles},
        {"attempts end", test_attempts_end},
        {"waits", test_waits},
        {"what it says about the receiver", test_feedback},
        {"tests of an endpoint", test_tests},
        {"what a question says about an API", test_questions},
        {"a question that was cut was never asked",
         test_a_question_that_was_cut_was_never_asked},
        CU_TEST_INFO_NULL,
    };

    return unit_run("outcome", tests);
}
