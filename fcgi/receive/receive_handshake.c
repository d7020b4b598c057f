/*
 * receive_handshake.c - see receive_handshake.h.
 */
#include "receive_handshake.h"

#include "json.h"
#include "log.h"
#include "receive_answer.h"
#include "receive_signature.h"
#include "resource.h"
#include "sign.h"
#include "store_handshake.h"

#define LOGGER "webhook_handlers"
#define HANDSHAKE_MAX_BYTES 16384 /* no handshake is larger */
#define TOKEN_MIN_BYTES 8

/* The body as an object, if it is small enough for a handshake. */
static bool
read_object(const struct reception *reception, struct json_value *object)
{
    struct slice body = buf_slice(&reception->exchange->request->body);

    return body.len <= HANDSHAKE_MAX_BYTES && json_read(body, object, NULL) &&
           object->type == JSON_OBJECT;
}

/* What a secret of Notion may look like: text that a person can copy. */
static bool
is_token(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    }
    return text.len >= TOKEN_MIN_BYTES && text.len <= SIGN_SECRET_MAX;
}

/* The token of a handshake; anything else is none. */
static bool
read_token(const struct reception *reception, struct slice *token)
{
    struct slice body = buf_slice(&reception->exchange->request->body);
    struct json_value object, value;

    /* Events are many: they are not read twice. */
    if (memmem(body.ptr, body.len, "\"verification_token\"",
               strlen("\"verification_token\"")) == NULL ||
        !read_object(reception, &object) ||
        !json_find(object.text, "verification_token", &value) ||
        value.type != JSON_STRING)
        return false;
    *token = json_plain_string(value.text);
    return token->ptr != NULL && is_token(*token);
}

/* A handshake that is signed is signed with what it brings. */
static enum verify_result
check_token(const struct reception *reception, const struct slice *token)
{
    const struct verifier verifier = {
        .kind = "notion", .secrets = token, .secret_count = 1};
    struct exchange *exchange = reception->exchange;
    const struct verify_message message = {
        .header = receive_header,
        .arg = exchange,
        .body = buf_slice(&exchange->request->body),
        .now_us = exchange->request->arrived_wall_us,
    };
    enum verify_result result = verify_message(&verifier, 1, &message, NULL);

    return result == VERIFY_MISSING ? VERIFY_OK : result;
}

/* True: go on, the source does not await a token any more. */
static bool
keep_token(struct reception *reception, struct slice token)
{
    struct exchange *exchange = reception->exchange;
    const struct source *source = reception->source;
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return false;
    result = store_handshake_capture(db, exchange->app->sealer,
                                     source->application_id, source->id, token);
    if (result == DB_NONE) {
        db_pool_give(exchange->app->pool, db);
        return true;
    }
    if (!resource_done(exchange, db, result, ""))
        return false;
    log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("source", source->name)),
                "A verification token has come in. If it is yours: postern "
                "source confirm %s",
                source->name);
    receive_answer_captured(exchange->reply);
    return false;
}

static bool
is_awaited(const struct source *source)
{
    return source != NULL && source->handshake == HANDSHAKE_AWAITING;
}

static bool
greet_notion(struct reception *reception)
{
    enum verify_result result;
    struct slice token;
    bool unknown;

    if (!read_token(reception, &token))
        return true;
    /* Somebody may just have said that it awaits one; or it is gone. */
    if (!is_awaited(reception->source) &&
        reception_look_again(reception, &unknown) && reception->source == NULL)
        return receive_refuse_signature(reception, VERIFY_NO_SECRET);
    if (reception->exchange->must_wait)
        return false;
    if (!is_awaited(reception->source))
        return true;
    result = check_token(reception, &token);
    if (result != VERIFY_OK)
        return receive_refuse_signature(reception, result);
    return keep_token(reception, token);
}

/* "ssl_check=1" among the pairs of a form. */
static bool
has_ssl_check(struct slice form)
{
    while (form.len > 0) {
        const char *end = memchr(form.ptr, '&', form.len);
        size_t len = end == NULL ? form.len : (size_t)(end - form.ptr);

        if (slice_is(slice_make(form.ptr, len), "ssl_check=1"))
            return true;
        if (end == NULL)
            return false;
        form = slice_make(end + 1, form.len - len - 1);
    }
    return false;
}

/* Anybody may send this one, so nothing else of it is used. */
static bool
greet_slack(struct reception *reception)
{
    const struct request *request = reception->exchange->request;

    if (request->body.len > HANDSHAKE_MAX_BYTES ||
        request_header(request, "X-Slack-Signature").ptr != NULL ||
        !has_ssl_check(buf_slice(&request->body)))
        return true;
    receive_answer_text(reception->exchange->reply, SLICE(""));
    return false;
}

bool
receive_greet(struct reception *reception)
{
    switch (reception->provider->handshake) {
    case HANDSHAKE_NOTION:
        return greet_notion(reception);
    case HANDSHAKE_SLACK:
        return greet_slack(reception);
    case HANDSHAKE_NONE:
    case HANDSHAKE_DISCORD:
    case HANDSHAKE_X:
        break;
    }
    return true;
}

static bool
greet_slack_signed(struct reception *reception)
{
    struct slice body = buf_slice(&reception->exchange->request->body);
    struct buf challenge = BUF_INIT(HANDSHAKE_MAX_BYTES);
    struct json_value object, value;

    if (memmem(body.ptr, body.len, "url_verification",
               strlen("url_verification")) == NULL ||
        !read_object(reception, &object) ||
        !json_find(object.text, "type", &value) ||
        !slice_is(value.text, "\"url_verification\"") ||
        !json_find(object.text, "challenge", &value) ||
        value.type != JSON_STRING)
        return true;
    json_decode_string(value.text, &challenge);
    receive_answer_text(reception->exchange->reply, buf_slice(&challenge));
    buf_free(&challenge);
    return false;
}

/* 1 is a ping of interactions, and an event of webhook events, whose ping is
   0. */
static bool
greet_discord(struct reception *reception)
{
    struct reply *reply = reception->exchange->reply;
    struct json_value object, value, event;
    int64_t type;

    if (!read_object(reception, &object) ||
        !json_find(object.text, "type", &value) || value.type != JSON_NUMBER ||
        !json_integer(value.text, 0, 1, &type) ||
        json_find(object.text, "event", &event))
        return true;
    if (type == 1)
        reply_json_text(reply, 200, SLICE("{\"type\":1}"));
    else
        receive_answer_empty(reply);
    return false;
}

bool
receive_greet_signed(struct reception *reception)
{
    switch (reception->provider->handshake) {
    case HANDSHAKE_SLACK:
        return greet_slack_signed(reception);
    case HANDSHAKE_DISCORD:
        return greet_discord(reception);
    case HANDSHAKE_NONE:
    case HANDSHAKE_NOTION:
    case HANDSHAKE_X:
        break;
    }
    return true;
}
