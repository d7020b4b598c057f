/*
 * test_deliver.c - unit tests for worker/send/deliver.c
 */
#include "deliver.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>

/* The example secret of the Standard Webhooks specification. */
static char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static char old_secret[] = "plain old secret";
static char url[] = "https://example.com/hook";

#define EVENT_ID UINT64_C(250248137430433792)
#define SENT_US INT64_C(1700000000123456)

static const struct deliver_time sent = {SENT_US, UINT64_C(0x1122334455667788)};

static struct subscription
plain_subscription(void)
{
    return (struct subscription){
        .id = 5,
        .application_id = 1,
        .url = url,
        .active = true,
        .secret = secret,
        .format = FORMAT_ENVELOPE,
        .timeout_s = 10,
    };
}

static struct event
plain_event(void)
{
    return (struct event){
        .id = EVENT_ID,
        .application_id = 1,
        .type = SLICE("order.created"),
        .payload = SLICE("{\"n\":12345678901234567890}"),
        .metadata = SLICE_NONE,
    };
}

static const struct job_row first_job = {
    .id = EVENT_ID + 1,
    .event_id = EVENT_ID,
    .kind = JOB_DELIVER,
    .attempts = 0,
};

/* The whole header line that starts so, or NULL. */
static const char *
header(const struct request *request, const char *start)
{
    const struct curl_slist *line;

    for (line = request->headers; line != NULL; line = line->next) {
        if (strncmp(line->data, start, strlen(start)) == 0)
            return line->data;
    }
    return NULL;
}

static void
check_header(const struct request *request, const char *want)
{
    size_t name = strcspn(want, ":;") + 1;
    char start[64];
    const char *got;

    CU_ASSERT_FATAL(name < sizeof(start));
    memcpy(start, want, name);
    start[name] = '\0';
    got = header(request, start);
    if (got == NULL || strcmp(got, want) != 0)
        fprintf(stderr, "\ngot header \"%s\", want \"%s\"\n",
                got == NULL ? "(none)" : got, want);
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void
test_wire(void)
{
    struct subscription subscription = plain_subscription();
    struct event event = plain_event();
    struct request request;

    request_init(&request);
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_NONE);
    CU_ASSERT_STRING_EQUAL(
        request.body.data,
        "{\"id\":\"evt_06y8fbbmkx000\",\"event\":\"order.created\","
        "\"event_type\":\"order.created\","
        "\"timestamp\":\"2026-11-22T13:16:45.348Z\","
        "\"data\":{\"n\":12345678901234567890},\"metadata\":{}}");
    check_header(&request, "Content-Type: application/json");
    check_header(&request, "webhook-id: evt_06y8fbbmkx000");
    check_header(&request, "webhook-timestamp: 1700000000");
    check_header(&request, "X-Webhook-Event: order.created");
    check_header(&request, "X-Webhook-Delivery: dlv_06y8fbbmkx001");
    check_header(&request, "X-Webhook-Attempt: 1");
    check_header(&request, "Expect:"); /* libcurl leaves it out */
    CU_ASSERT_PTR_NOT_NULL(header(&request, "User-Agent: Postern/"));
    request_free(&request);
}

/* Made with Python's hmac and base64 from the body and times above. */
static void
test_signatures(void)
{
    struct subscription subscription = plain_subscription();
    struct event event = plain_event();
    struct request request;

    subscription.format = FORMAT_PAYLOAD;
    request_init(&request);
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_NONE);
    check_header(
        &request,
        "X-Webhook-Signature: "
        "sha256="
        "cee703e6eb8fa56b337b924f8d2593974ee0c849f65946b7befbb01e0c7a27b0");
    check_header(
        &request,
        "webhook-signature: v1,2bjUcey03i63sQZa8R9GBntj2NMDHe7m5OtQ5o5m1dw=");
    request_clear(&request);

    /* While an old secret lives it signs as well, second. */
    subscription.old_secret = old_secret;
    subscription.old_secret_until_us = SENT_US + 1;
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_NONE);
    check_header(
        &request,
        "webhook-signature: v1,2bjUcey03i63sQZa8R9GBntj2NMDHe7m5OtQ5o5m1dw= "
        "v1,N2dFB3ymi7K2sgf99djNT4mTQ/GmZpNrZSNhmBapq+I=");
    check_header(
        &request,
        "X-Webhook-Signature: "
        "sha256="
        "cee703e6eb8fa56b337b924f8d2593974ee0c849f65946b7befbb01e0c7a27b0");
    request_clear(&request);

    subscription.old_secret_until_us = SENT_US;
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_NONE);
    check_header(
        &request,
        "webhook-signature: v1,2bjUcey03i63sQZa8R9GBntj2NMDHe7m5OtQ5o5m1dw=");
    request_free(&request);
}

static void
test_attempts_differ_where_they_must(void)
{
    struct subscription subscription = plain_subscription();
    struct event event = plain_event();
    struct deliver_time later = {SENT_US + 5000000, 7};
    struct job_row third = first_job;
    struct request a, b;

    third.attempts = 2;
    request_init(&a);
    request_init(&b);
    CU_ASSERT_EQUAL(deliver_build(&subscription, &event, &first_job, &sent, &a),
                    OBSTACLE_NONE);
    CU_ASSERT_EQUAL(deliver_build(&subscription, &event, &third, &later, &b),
                    OBSTACLE_NONE);
    CU_ASSERT_STRING_EQUAL(a.body.data, b.body.data);
    CU_ASSERT_STRING_EQUAL(header(&a, "webhook-id:"),
                           header(&b, "webhook-id:"));
    CU_ASSERT_STRING_EQUAL(header(&a, "X-Webhook-Signature:"),
                           header(&b, "X-Webhook-Signature:"));
    check_header(&b, "webhook-timestamp: 1700000005");
    check_header(&b, "X-Webhook-Attempt: 3");
    CU_ASSERT_STRING_NOT_EQUAL(header(&a, "webhook-signature:"),
                               header(&b, "webhook-signature:"));
    /* One trace for the event, one span for the attempt. */
    CU_ASSERT_NSTRING_EQUAL(header(&a, "traceparent: 00-"),
                            header(&b, "traceparent: 00-"), 48);
    CU_ASSERT_STRING_NOT_EQUAL(header(&a, "traceparent:"),
                               header(&b, "traceparent:"));
    request_free(&a);
    request_free(&b);
}

static void
test_own_headers(void)
{
    static char texts[][2][32] = {
        {"X-Tenant", "42"},       {"Authorization", "Bearer abc"},
        {"X-Empty", ""},          {"X-Split", "a\r\nX-Evil: 1"},
        {"Webhook-Id", "forged"}, {"x-webhook-signature", "forged"},
        {"Content-Length", "1"},  {"Transfer-Encoding", "chunked"},
        {"Host", "elsewhere"},    {"X Space", "no token"},
        {"", "no name"},
    };
    struct subscription subscription = plain_subscription();
    struct event event = plain_event();
    struct header headers[sizeof(texts) / sizeof(texts[0])];
    struct request request;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        headers[i] = (struct header){texts[i][0], texts[i][1]};
    subscription.headers = headers;
    subscription.header_count = i;
    request_init(&request);
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_NONE);
    check_header(&request, "X-Tenant: 42");
    check_header(&request, "Authorization: Bearer abc");
    check_header(&request, "X-Empty;"); /* libcurl's word for empty */
    check_header(&request, "X-Split: a??X-Evil: 1");
    CU_ASSERT_PTR_NULL(header(&request, "X-Evil"));
    CU_ASSERT_PTR_NULL(header(&request, "Webhook-Id"));
    CU_ASSERT_PTR_NULL(header(&request, "x-webhook-signature"));
    CU_ASSERT_PTR_NULL(header(&request, "Content-Length"));
    CU_ASSERT_PTR_NULL(header(&request, "Transfer-Encoding"));
    CU_ASSERT_PTR_NULL(header(&request, "Host"));
    CU_ASSERT_PTR_NULL(header(&request, "X Space"));
    request_free(&request);
}

static void
test_what_cannot_be_sent(void)
{
    struct subscription subscription = plain_subscription();
    struct event event = plain_event();
    struct request request;

    request_init(&request);
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, NULL, &first_job, &sent, &request),
        OBSTACLE_EVENT_MISSING);
    CU_ASSERT_PTR_NULL(request.headers);
    subscription.secret = NULL;
    CU_ASSERT_EQUAL(
        deliver_build(&subscription, &event, &first_job, &sent, &request),
        OBSTACLE_SECRET);
    CU_ASSERT_PTR_NULL(request.headers);
    CU_ASSERT_EQUAL(request.body.len, 0);
    request_free(&request);
}

/* --- batches ------------------------------------------------------------------- */

static void
build_batch(const struct event *const *events, size_t count, uint32_t attempts,
            struct request *request)
{
    struct subscription subscription = plain_subscription();

    subscription.batch_size = 10;
    request_init(request);
    CU_ASSERT_EQUAL_FATAL(deliver_build_batch(&subscription, events, count,
                                              attempts, &sent, request),
                          OBSTACLE_NONE);
}

static void
test_batch_wire(void)
{
    struct event first = plain_event(), second = plain_event();
    const struct event *const events[] = {&first, &second};
    struct request request;

    second.id++;
    build_batch(events, 2, 3, &request);
    CU_ASSERT_EQUAL(
        strncmp(request.body.data, "[{\"id\":\"evt_06y8fbbmkx000\",", 27), 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(request.body.data, "},{\"id\":\"evt_06y8fbbmkx001\","));
    check_header(&request, "Content-Type: application/json");
    check_header(&request, "X-Webhook-Event: batch");
    check_header(&request, "X-Webhook-Batch-Size: 2");
    check_header(&request, "X-Webhook-Attempt: 4");
    CU_ASSERT_PTR_NOT_NULL(header(&request, "webhook-id: bat_"));
    CU_ASSERT_PTR_NULL(header(&request, "X-Webhook-Delivery"));
    CU_ASSERT_PTR_NOT_NULL(header(&request, "webhook-signature: v1,"));
    request_free(&request);
}

static void
test_batch_id_is_that_of_its_events(void)
{
    struct event first = plain_event(), second = plain_event();
    const struct event *const both[] = {&first, &second};
    const struct event *const turned[] = {&second, &first};
    struct request a, b, c, d;

    second.id++;
    build_batch(both, 2, 0, &a);
    build_batch(both, 2, 5, &b);
    build_batch(turned, 2, 0, &c);
    build_batch(both, 1, 0, &d);
    CU_ASSERT_STRING_EQUAL(header(&a, "webhook-id"), header(&b, "webhook-id"));
    CU_ASSERT_STRING_NOT_EQUAL(header(&a, "webhook-id"),
                               header(&c, "webhook-id"));
    CU_ASSERT_STRING_NOT_EQUAL(header(&a, "webhook-id"),
                               header(&d, "webhook-id"));
    CU_ASSERT_STRING_EQUAL(a.body.data, b.body.data);
    request_free(&a);
    request_free(&b);
    request_free(&c);
    request_free(&d);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"body and headers", test_wire},
        {"signatures", test_signatures},
        {"attempts differ where they must",
         test_attempts_differ_where_they_must},
        {"a subscription's own headers", test_own_headers},
        {"what cannot be sent", test_what_cannot_be_sent},
        {"a batch on the wire", test_batch_wire},
        {"a batch's id is that of its events",
         test_batch_id_is_that_of_its_events},
        CU_TEST_INFO_NULL,
    };

    return unit_run("deliver", tests);
}
