/*
 * transfer_token.c - the first half of a transfer to an endpoint with OAuth2
 * credentials, when there is no token for it: asking for one.
 */
#include "transfer_impl.h"

#include "clock.h"
#include "endpoint_auth.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define ASK_MS 10000 /* an authorization server has so long */

static bool
needs_token(const struct subscription *subscription)
{
    return subscription->auth != NULL && subscription->auth->oauth2;
}

static void
add_bearer(struct request *request, const char *token)
{
    struct buf value = BUF_INIT(OAUTH2_TOKEN_MAX + 8);

    buf_addf(&value, "Bearer %s", token);
    request_add_header(request, "Authorization", buf_slice(&value));
    buf_wipe(&value);
}

/* The words of a failure, as the attempt will have them. */
static enum obstacle
fail(struct transfer *transfer, const char *reason)
{
    char text[CURL_ERROR_SIZE];

    (void)snprintf(text, sizeof(text), "no access token: %.200s", reason);
    memcpy(transfer->error, text, sizeof(text));
    return OBSTACLE_TOKEN;
}

static enum obstacle
build_question(struct transfer *transfer)
{
    const struct oauth2_client *client = &transfer->subscription->auth->client;
    struct buf authorization = BUF_INIT(OAUTH2_HEADER_MAX);
    struct request *request = &transfer->request;
    enum obstacle obstacle = OBSTACLE_NONE;

    if (transfer_check_url(transfer, client->token_url) != OBSTACLE_NONE)
        return fail(transfer, "token_url may not be reached");
    request->body.max = OAUTH2_REQUEST_MAX;
    oauth2_request(client, &request->body, &authorization);
    buf_add_slice(&request->url, client->token_url);
    request_add_header(request, "Content-Type", SLICE(OAUTH2_CONTENT_TYPE));
    request_add_header(request, "Accept", SLICE("application/json"));
    if (authorization.len > 0)
        request_add_header(request, "Authorization", buf_slice(&authorization));
    if (!buf_ok(&request->body) || !buf_ok(&request->url) ||
        !request_expect_nothing(request))
        obstacle = OBSTACLE_INTERNAL;
    request->answer_kept = OAUTH2_ANSWER_MAX;
    request->timeout_ms = ASK_MS;
    request->connect_ms = ASK_MS;
    buf_wipe(&authorization);
    return obstacle;
}

enum obstacle
transfer_add_token(struct transfer *transfer)
{
    const char *token;

    if (!needs_token(transfer->subscription))
        return OBSTACLE_NONE;
    token = tokens_find(transfer->rules->tokens, transfer->subscription,
                        clock_mono_us());
    if (token != NULL) {
        add_bearer(&transfer->request, token);
        return OBSTACLE_NONE;
    }
    request_clear(&transfer->request);
    transfer->asks_token = true;
    return build_question(transfer);
}

/* The token goes into the request even if it ends at once. */
static enum obstacle
take_answer(struct transfer *transfer)
{
    struct buf why = BUF_INIT(OAUTH2_WHY_MAX);
    struct oauth2_token token;
    enum obstacle obstacle;
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (oauth2_answer(status, buf_slice(&transfer->answer), &token, &why) !=
        OAUTH2_TOKEN) {
        obstacle = fail(transfer, why.data);
        goto out;
    }
    tokens_keep(transfer->rules->tokens, transfer->subscription, &token,
                clock_mono_us());
    request_clear(&transfer->request);
    obstacle = transfer_build_delivery(transfer);
    if (obstacle == OBSTACLE_NONE)
        add_bearer(&transfer->request, token.text);
out:
    OPENSSL_cleanse(&token, sizeof(token));
    buf_free(&why);
    return obstacle;
}

static enum obstacle
judge(struct transfer *transfer, CURLcode code)
{
    if (transfer->hurried && code == CURLE_OPERATION_TIMEDOUT)
        return OBSTACLE_CUT;
    if (guard_refusal(&transfer->guard) != NULL)
        return fail(transfer, "the address of token_url is not public and not "
                              "listed in allow_targets");
    if (transfer->too_large || transfer->headers_too_large)
        return fail(transfer, "the answer is too large");
    if (code != CURLE_OK)
        return fail(transfer, transfer->error[0] != '\0'
                                  ? transfer->error
                                  : curl_easy_strerror(code));
    return take_answer(transfer);
}

enum obstacle
transfer_go_on(struct transfer *transfer, CURLcode code)
{
    enum obstacle obstacle = judge(transfer, code);

    /* Nothing of this answer may be taken for the endpoint's. */
    buf_wipe(&transfer->answer);
    transfer->asks_token = false;
    transfer->received = 0;
    transfer->headed = 0;
    transfer->headers_too_large = false;
    transfer->headers_whole = false;
    guard_begin(&transfer->guard);
    transfer->too_large = false;
    if (obstacle != OBSTACLE_NONE)
        return obstacle;
    transfer->error[0] = '\0';
    return transfer_set_request(transfer);
}

void
transfer_judge_token(struct transfer *transfer, long status)
{
    if (status == 401 && transfer->subscription != NULL &&
        needs_token(transfer->subscription))
        tokens_forget(transfer->rules->tokens, transfer->subscription);
}
