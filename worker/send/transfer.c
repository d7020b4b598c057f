/*
 * transfer.c - see transfer.h.
 */
#include "transfer_impl.h"

#include "alloc.h"
#include "clock.h"
#include "deliver.h"
#include "fetch.h"
#include "random.h"

#include <assert.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (1024 * 1024) /* bytes read of an answer at least */
#define HEADERS_MAX                                                            \
    (64 * 1024) /* bytes of an answer's, those of 1xx answers included */
#define CONNECT_MAX_MS 10000
#define RECEIVE_BYTES 4096L    /* answers are small */
#define SEND_BYTES 16384L      /* the least that libcurl takes */
#define CONNECTION_LIFE_S 300L /* then look the name up again */

/* A connection that waits for its answer needs no buffers meanwhile. */
static CURLcode
adapt_tls(CURL *easy, void *context, void *arg)
{
    (void)easy;
    (void)arg;
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return CURLE_OK;
}

static size_t
receive(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    size_t kept = transfer->answer.max;
    size_t room = kept - transfer->answer.len;

    transfer->received += len;
    if (transfer->received > (kept > ANSWER_MAX ? kept : ANSWER_MAX)) {
        transfer->too_large = true;
        return 0; /* ends the transfer */
    }
    buf_add(&transfer->answer, data, len < room ? len : room);
    return len;
}

/* What libcurl has read as one line of the headers. Those of an answer end with
   an empty one; trailers may follow its body. */
static size_t
receive_header(char *line, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;

    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        transfer->headers_whole = false;
    else if (slice_trim(slice_make(line, len)).len == 0)
        transfer->headers_whole = true;
    transfer->headed += len;
    if (transfer->headed <= HEADERS_MAX)
        return len;
    transfer->headers_too_large = true;
    return 0; /* ends the transfer */
}

#define SET(option, value)                                                     \
    (failed |= curl_easy_setopt(transfer->easy, (option), (value)) != CURLE_OK)

static bool
set_fixed_options(struct transfer *transfer)
{
    const struct transfer_rules *rules = transfer->rules;
    bool failed = false;

    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* A look-up that hangs must not hold up the loop when its transfer ends. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_CTX_FUNCTION, adapt_tls);
    /* With a path libcurl would load all certificates anew for each
       connection. */
    SET(CURLOPT_CAPATH, NULL);
    if (rules->ca_bundle[0] != '\0')
        SET(CURLOPT_CAINFO, rules->ca_bundle);
    SET(CURLOPT_SHARE, rules->share);
    SET(CURLOPT_WRITEFUNCTION, receive);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, receive_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->error);
    SET(CURLOPT_MAXAGE_CONN, TRANSFER_IDLE_CONNECTION_S);
    SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
    return !failed;
}

/* Called by the guard. */
static void
tell_sent(void *arg)
{
    struct transfer *transfer = arg;
    const struct transfer_rules *rules = transfer->rules;

    if (transfer->asks_token || transfer->sent || !transfer->task->paced)
        return;
    transfer->sent = true;
    if (rules->on_sent != NULL)
        rules->on_sent(rules->sent_arg, transfer->task);
}

struct transfer *
transfer_new(const struct transfer_rules *rules)
{
    struct transfer *transfer = xcalloc(1, sizeof(*transfer));

    transfer->rules = rules;
    request_init(&transfer->request);
    buf_init(&transfer->answer, rules->body_kept);
    transfer->guard.allow = &rules->allow;
    transfer->guard.on_request = tell_sent;
    transfer->guard.request_arg = transfer;
    transfer->easy = guard_new_handle(&transfer->guard);
    if (transfer->easy == NULL || !set_fixed_options(transfer)) {
        transfer_free(transfer);
        return NULL;
    }
    return transfer;
}

void
transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    curl_easy_cleanup(transfer->easy);
    request_free(&transfer->request);
    buf_free(&transfer->answer);
    free(transfer);
}

/* Handles are used again: one subscription's certificate must not serve the
   next. The text lives as long as the snapshot. */
static bool
set_certificate(struct transfer *transfer)
{
    const struct subscription *subscription = transfer->subscription;
    struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};
    struct curl_blob *used = NULL;
    bool failed = false;

    if (subscription != NULL && subscription->certificate != NULL &&
        !transfer->asks_token) {
        blob.data = subscription->certificate;
        blob.len = strlen(subscription->certificate);
        used = &blob;
    }
    SET(CURLOPT_SSLCERT_BLOB, used);
    SET(CURLOPT_SSLKEY_BLOB, used);
    return !failed;
}

static int64_t
left_ms(const struct transfer *transfer)
{
    int64_t left;

    if (transfer->end_us == 0)
        return 0;
    left = (transfer->end_us - clock_mono_us()) / CLOCK_US_PER_MS;
    return left > 0 ? left : 1;
}

static bool
set_request_options(struct transfer *transfer)
{
    const struct request *request = &transfer->request;
    int64_t timeout_ms = request->timeout_ms;
    int64_t connect_ms = request->connect_ms;
    int64_t left = left_ms(transfer);
    bool failed = false;

    transfer->hurried = left > 0 && left < timeout_ms;
    if (transfer->hurried)
        timeout_ms = left;
    if (connect_ms > timeout_ms)
        connect_ms = timeout_ms;
    SET(CURLOPT_URL, buf_slice(&request->url).ptr);
    SET(CURLOPT_HTTPHEADER, request->headers);
    if (request->get) {
        SET(CURLOPT_HTTPGET, 1L);
    } else {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, buf_slice(&request->body).ptr);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    }
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    return !failed && set_certificate(transfer);
}

enum obstacle
transfer_set_request(struct transfer *transfer)
{
    transfer->answer.max = transfer->request.answer_kept > 0
                               ? transfer->request.answer_kept
                               : transfer->rules->body_kept;
    return set_request_options(transfer) ? OBSTACLE_NONE : OBSTACLE_INTERNAL;
}

enum obstacle
transfer_check_url(const struct transfer *transfer, struct slice url)
{
    switch (target_check_url(url, false, &transfer->rules->allow, NULL)) {
    case TARGET_PRIVATE:
        return OBSTACLE_BLOCKED;
    case TARGET_OK:
        return OBSTACLE_NONE;
    default:
        return OBSTACLE_BAD_URL;
    }
}

enum obstacle
transfer_build_delivery(struct transfer *transfer)
{
    const struct deliver_time time = {clock_wall_us(), random_u64()};
    const struct task *task = transfer->task;
    const struct subscription *subscription =
        catalog_subscription(transfer->snapshot, lane_owner_id(task->job.lane));
    enum obstacle obstacle;

    transfer->subscription = subscription;
    if (subscription == NULL)
        return OBSTACLE_SUBSCRIPTION_GONE;
    transfer->request.timeout_ms = (int64_t)subscription->timeout_s * 1000;
    transfer->request.connect_ms = CONNECT_MAX_MS;
    obstacle = transfer_check_url(transfer, slice_of(subscription->url));
    if (obstacle != OBSTACLE_NONE)
        return obstacle;
    if (transfer_is_batch(transfer))
        return transfer_build_batch(transfer, &time);
    return deliver_build(subscription, task->event, &task->job, &time,
                         &transfer->request);
}

static enum obstacle
build_question(struct transfer *transfer)
{
    const struct transfer_rules *rules = transfer->rules;
    struct task *task = transfer->task;
    enum obstacle obstacle;

    transfer->source =
        catalog_source(transfer->snapshot, lane_owner_id(task->job.lane));
    if (transfer->source == NULL)
        return OBSTACLE_NO_QUESTION;
    obstacle = fetch_build(transfer->source, rules->settings, rules->names,
                           task, &transfer->request);
    if (obstacle != OBSTACLE_NONE)
        return obstacle;
    return transfer_check_url(transfer, buf_slice(&transfer->request.url));
}

static void
start_anew(struct transfer *transfer, struct task *task,
           const struct catalog_snapshot *snapshot)
{
    assert(transfer->task == NULL);
    transfer->task = task;
    transfer->subscription = NULL;
    transfer->source = NULL;
    guard_begin(&transfer->guard);
    transfer->too_large = false;
    transfer->headers_too_large = false;
    transfer->headers_whole = false;
    transfer->hurried = false;
    transfer->asks_token = false;
    transfer->sent = false;
    transfer->received = 0;
    transfer->headed = 0;
    transfer->error[0] = '\0';
    catalog_keep(snapshot);
    transfer->snapshot = snapshot;
    transfer->end_us = 0;
    task->attempt.started_us = clock_mono_us();
}

static enum obstacle
build_delivery(struct transfer *transfer)
{
    enum obstacle obstacle = transfer_build_delivery(transfer);

    return obstacle == OBSTACLE_NONE ? transfer_add_token(transfer) : obstacle;
}

enum obstacle
transfer_prepare(struct transfer *transfer, struct task *task,
                 const struct catalog_snapshot *snapshot, int64_t left)
{
    enum obstacle obstacle;

    start_anew(transfer, task, snapshot);
    if (left > 0)
        transfer->end_us = task->attempt.started_us + left * CLOCK_US_PER_MS;
    obstacle = lane_kind_of(task->job.lane) == LANE_FETCH
                   ? build_question(transfer)
                   : build_delivery(transfer);
    return obstacle == OBSTACLE_NONE ? transfer_set_request(transfer)
                                     : obstacle;
}
