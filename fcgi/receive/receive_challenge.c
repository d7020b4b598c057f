/*
 * receive_challenge.c - see receive_challenge.h.
 */
#include "receive_challenge.h"

#include "encode.h"
#include "receive_admit.h"
#include "receive_answer.h"
#include "receive_signature.h"
#include "sign.h"
#include "source_defaults.h"

#include <ctype.h>

#define CRC_TOKEN_MAX 256

bool
receive_is_crc_token(struct slice text)
{
    size_t len = text.len, i;

    while (len > 0 && text.ptr[len - 1] == '=')
        len--;
    for (i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text.ptr[i]) &&
            memchr("-_+/.", text.ptr[i], 5) == NULL)
            return false;
    }
    return len > 0 && text.len <= CRC_TOKEN_MAX;
}

/* The newest secret of the source's own; absent: there is none. The one of the
   configuration signs for other sources as well: what is signed here for
   whoever asks could be sent to them. */
static struct slice
newest_secret(const struct source_verifiers *verifiers)
{
    size_t i;

    for (i = 0; i < verifiers->count && verifiers->shared.ptr == NULL; i++) {
        if (verifiers->list[i].secret_count > 0)
            return verifiers->list[i].secrets[0];
    }
    return SLICE_NONE;
}

static void
answer_crc(struct reception *reception, struct slice token)
{
    struct reply *reply = reception->exchange->reply;
    struct source_verifiers verifiers;
    uint8_t mac[SIGN_MAC];
    struct slice secret;

    if (!receive_is_crc_token(token)) {
        reception_detail(reception, "crc_token is not what X sends");
        reply_error(reply, 400, "bad_request", "crc_token is not a token");
        return;
    }
    if (reception->source->secrets_unreadable) {
        (void)receive_refuse_unreadable(reception);
        return;
    }
    source_effective_verifiers(reception->source,
                               reception->exchange->app->settings, &verifiers);
    secret = newest_secret(&verifiers);
    if (secret.len == 0) {
        (void)receive_refuse_signature(reception, VERIFY_NO_SECRET);
        return;
    }
    sign_hmac_sha256(secret, token, mac);
    reply_json_text(reply, 200, SLICE("{\"response_token\":\"sha256="));
    encode_base64(slice_make(mac, sizeof(mac)), &reply->body);
    buf_add_text(&reply->body, "\"}");
}

static void
refuse_method(struct reply *reply)
{
    reply_error(reply, 405, "method_not_allowed", "Method Not Allowed");
    reply_header(reply, "Allow", "POST, OPTIONS");
}

/* What the source's provider may ask so. */
static bool
is_asked(const struct reception *reception, struct slice token)
{
    enum provider_handshake handshake = reception->provider->handshake;

    return token.ptr != NULL ? handshake == HANDSHAKE_X
                             : handshake == HANDSHAKE_SLACK;
}

static void
answer_challenge(struct reception *reception, struct slice token)
{
    if (token.ptr != NULL)
        answer_crc(reception, token);
    else
        receive_answer_text(reception->exchange->reply, SLICE(""));
}

static void
challenge(struct exchange *exchange)
{
    struct slice token = request_query(exchange->request, "crc_token");
    struct slice check = request_query(exchange->request, "ssl_check");
    struct reception reception = {
        .exchange = exchange,
        .face = &receive_documented,
        .name = exchange->request->segment[0],
    };

    if (token.ptr == NULL && !slice_is(check, "1")) {
        refuse_method(exchange->reply);
        return;
    }
    if (!reception_begin(&reception))
        return;
    if (!is_asked(&reception, token))
        refuse_method(exchange->reply);
    else if (receive_admit(&reception))
        answer_challenge(&reception, token);
    reception_end(&reception);
}

const struct route receive_challenge_routes[] = {
    {METHOD_GET, "/api/v1/webhooks/{source}", ACCESS_OPEN, FAMILY_RECEIVE,
     false, challenge},
};
const size_t receive_challenge_route_count =
    sizeof(receive_challenge_routes) / sizeof(receive_challenge_routes[0]);
