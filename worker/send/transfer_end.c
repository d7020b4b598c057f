/*
 * transfer_end.c - what a transfer came to; see transfer.h.
 */
#include "transfer_impl.h"

#include "alloc.h"
#include "answer_mask.h"
#include "clock.h"
#include "random.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MEMORY 65536 /* bytes that an idle transfer keeps */

/* What stopped the transfer, where libcurl's code alone does not tell. */
static enum obstacle
find_obstacle(const struct transfer *transfer, CURLcode code)
{
    if (code == CURLE_OK)
        return OBSTACLE_NONE;
    if (guard_refusal(&transfer->guard) != NULL)
        return OBSTACLE_BLOCKED;
    if (transfer->hurried && code == CURLE_OPERATION_TIMEDOUT)
        return OBSTACLE_CUT;
    return OBSTACLE_NONE;
}

static const char *const obstacle_texts[OBSTACLE_COUNT] = {
    [OBSTACLE_BLOCKED] =
        "the address is not public and not listed in allow_targets",
    [OBSTACLE_BAD_URL] = "the URL cannot be used",
    [OBSTACLE_SECRET] = "the signing secret cannot be read with this key file",
    [OBSTACLE_EVENT_MISSING] = "the event is not stored any more",
    [OBSTACLE_SUBSCRIPTION_GONE] = "subscription deleted",
    [OBSTACLE_INTERNAL] = "the request could not be made",
    [OBSTACLE_TOO_LARGE] = "the template makes a body of more than 1 MB",
    [OBSTACLE_NO_QUESTION] = "",
};

const char *
transfer_obstacle_text(enum obstacle obstacle)
{
    const char *text = obstacle_texts[obstacle];

    return text == NULL ? "" : text;
}

/* What libcurl's own words are to be read after, where they alone would be
   riddles. */
static const struct {
    CURLcode code;
    const char *text;
} introductions[] = {
    {CURLE_PEER_FAILED_VERIFICATION, "the certificate is not accepted: "},
    {CURLE_SSL_CONNECT_ERROR, "no agreement about TLS (1.2 or newer): "},
    {CURLE_COULDNT_RESOLVE_HOST, "the name has no address: "},
    {CURLE_COULDNT_CONNECT, "no connection: "},
    {CURLE_OPERATION_TIMEDOUT, "not finished in time: "},
    {CURLE_GOT_NOTHING, "closed without an answer: "},
    {CURLE_PARTIAL_FILE, "closed in the middle of the answer: "},
    {CURLE_RECV_ERROR, "the connection broke off: "},
    {CURLE_SEND_ERROR, "the connection broke off: "},
    {CURLE_WEIRD_SERVER_REPLY, "the answer is not valid HTTP: "},
    {CURLE_UNSUPPORTED_PROTOCOL, "the answer is not valid HTTP: "},
    {CURLE_BAD_CONTENT_ENCODING, "the answer is not valid HTTP: "},
};

static const char *
introduce(CURLcode code)
{
    size_t i;

    for (i = 0; i < sizeof(introductions) / sizeof(introductions[0]); i++) {
        if (introductions[i].code == code)
            return introductions[i].text;
    }
    return "";
}

static bool
has_begun_to_answer(const struct transfer *transfer)
{
    curl_off_t us = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &us);
    return us > 0;
}

static CURLcode
explain(struct transfer *transfer, CURLcode code, const char *text)
{
    (void)snprintf(transfer->error, sizeof(transfer->error), "%s", text);
    return code;
}

/* Some of libcurl's codes do not tell an answer that is no HTTP from a
   connection that breaks off, or from memory that is short. */
static CURLcode
sharpen(struct transfer *transfer, CURLcode code)
{
    if (transfer->headers_too_large)
        return explain(transfer, CURLE_WEIRD_SERVER_REPLY,
                       "its headers are larger than 64 KB");
    if (code == CURLE_OUT_OF_MEMORY && has_begun_to_answer(transfer))
        return explain(transfer, CURLE_WEIRD_SERVER_REPLY,
                       "one of its headers is too long");
    if (code == CURLE_RECV_ERROR &&
        strstr(transfer->error, "chunked-encoding") != NULL)
        return CURLE_WEIRD_SERVER_REPLY;
    if (code == CURLE_OK && !transfer->headers_whole)
        return explain(transfer, CURLE_PARTIAL_FILE, "its headers do not end");
    return code;
}

static const char *
obstacle_text(const struct transfer *transfer, enum obstacle obstacle)
{
    const char *text = obstacle_texts[obstacle];

    if (obstacle == OBSTACLE_UNREADABLE && transfer->subscription != NULL)
        text = transfer->subscription->unreadable;
    else if (obstacle == OBSTACLE_TOKEN)
        text = transfer->error;
    return text == NULL ? "" : text;
}

static void
describe(const struct transfer *transfer, CURLcode code, long status,
         enum obstacle obstacle, char error[CURL_ERROR_SIZE])
{
    size_t i;

    if (obstacle == OBSTACLE_BLOCKED && guard_refusal(&transfer->guard) != NULL)
        (void)snprintf(error, CURL_ERROR_SIZE, "%s: %s",
                       obstacle_texts[OBSTACLE_BLOCKED],
                       guard_refusal(&transfer->guard));
    else if (obstacle != OBSTACLE_NONE)
        (void)snprintf(error, CURL_ERROR_SIZE, "%s",
                       obstacle_text(transfer, obstacle));
    else if (code == CURLE_OK)
        (void)snprintf(error, CURL_ERROR_SIZE, "HTTP %ld", status);
    else
        (void)snprintf(error, CURL_ERROR_SIZE, "%s%.200s", introduce(code),
                       transfer->error[0] != '\0' ? transfer->error
                                                  : curl_easy_strerror(code));
    for (i = 0; error[i] != '\0'; i++) {
        if ((unsigned char)error[i] < 0x20 || (unsigned char)error[i] > 0x7e)
            error[i] = '?';
    }
}

static struct retry_policy
policy_of(const struct subscription *subscription)
{
    if (subscription == NULL)
        return (struct retry_policy){.retries = 0};
    return (struct retry_policy){
        .retries = subscription->retry_count,
        .delay_s = subscription->retry_delay_s,
        .schedule_s = subscription->schedule_s,
        .schedule_count = subscription->schedule_count,
    };
}

static uint32_t
retry_after_s(const struct transfer *transfer)
{
    curl_off_t asked = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked);
    if (asked <= 0)
        return 0;
    return asked < UINT32_MAX ? (uint32_t)asked : UINT32_MAX;
}

static void
decide(struct transfer *transfer, CURLcode code, long status,
       enum obstacle obstacle)
{
    struct task *task = transfer->task;
    struct attempt *attempt = &task->attempt;
    const struct outcome_facts facts = {
        .obstacle = obstacle,
        .code = code,
        .status = status,
        .retry_after_s =
            obstacle == OBSTACLE_NONE ? retry_after_s(transfer) : 0,
        .attempt = task->job.attempts + 1,
        .test = task->job.test,
        .policy = policy_of(transfer->subscription),
        .random = random_u32(),
    };

    bool question = lane_kind_of(task->job.lane) == LANE_FETCH;

    attempt->outcome =
        question ? outcome_of_question(&facts) : outcome_decide(&facts);
    attempt->status = status > 0 ? (uint32_t)status : 0;
    attempt->obstacle = obstacle;
    attempt->code = transfer->too_large ? CURLE_FILESIZE_EXCEEDED : code;
    attempt->asked_s = facts.retry_after_s;
    attempt->error[0] = '\0';
    if (question ? obstacle != OBSTACLE_NONE || code != CURLE_OK ||
                       status < 200 || status >= 300
                 : attempt->outcome.kind != OUTCOME_SUCCESS)
        describe(transfer, code, status, obstacle, attempt->error);
}

/* The answer becomes the task's. */
static void
hand_over_answer(struct transfer *transfer)
{
    struct attempt *attempt = &transfer->task->attempt;

    attempt->body = NULL;
    attempt->body_owners = NULL;
    attempt->body_len = transfer->answer.len;
    if (transfer->answer.len > 0)
        attempt->body = xmemdup(transfer->answer.data, transfer->answer.len);
    if (transfer->answer.cap > ANSWER_MEMORY)
        buf_free(&transfer->answer);
    else
        buf_clear(&transfer->answer);
}

/* What is stored tells no secret of the subscription. */
static void
mask_answer(struct transfer *transfer)
{
    const struct subscription *subscription = transfer->subscription;
    struct buf *answer = &transfer->answer;
    char *error = transfer->task->attempt.error;

    if (subscription == NULL)
        return;
    if (!subscription->capture_responses)
        buf_clear(answer);
    answer_mask(subscription, &transfer->request, answer->data, answer->len,
                transfer->received > answer->len);
    answer_mask(subscription, &transfer->request, error, strlen(error), true);
}

struct task *
transfer_finish(struct transfer *transfer, CURLcode code,
                enum obstacle obstacle)
{
    struct task *task = transfer->task;
    long status = 0;

    assert(task != NULL);
    task->attempt.ended_us = clock_mono_us();
    /* An answer that we stopped reading has said all that matters: its status
       decides. */
    if (transfer->too_large)
        code = CURLE_OK;
    else if (obstacle == OBSTACLE_NONE)
        code = sharpen(transfer, code);
    if (obstacle == OBSTACLE_NONE) {
        obstacle = find_obstacle(transfer, code);
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
                                &status);
    }
    decide(transfer, code, status, obstacle);
    transfer_judge_token(transfer, status);
    mask_answer(transfer);
    hand_over_answer(transfer);
    if (task->mate != NULL) {
        const struct retry_policy policy = policy_of(transfer->subscription);

        transfer_spread(task, obstacle, &policy);
    }
    request_clear(&transfer->request);
    catalog_release(transfer->snapshot);
    transfer->snapshot = NULL;
    transfer->subscription = NULL;
    transfer->source = NULL;
    transfer->task = NULL;
    return task;
}
