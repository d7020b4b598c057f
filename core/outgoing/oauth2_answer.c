/*
 * oauth2_answer.c - what the answer of a token endpoint means; see oauth2.h.
 */
#include "oauth2.h"

#include "clip.h"
#include "json.h"

#include <stdlib.h>

#define SHOWN_MAX 120       /* characters of what a server says */
#define EARLY_MAX_S 60      /* before its end a token is renewed at most */
#define EXPIRES_TEXT_MAX 18 /* digits */

/* RFC 6749, 5.1: seconds; some servers write them as text or with a fraction.
   Anything else counts as not told. */
static int64_t
read_life(struct slice answer)
{
    struct json_value value;
    struct slice text;
    int64_t life_s = 0;
    size_t i;

    if (!json_find(answer, "expires_in", &value))
        return OAUTH2_LIFE_S;
    text = value.text;
    if (value.type == JSON_STRING)
        text = json_plain_string(value.text);
    if (text.len == 0 ||
        (value.type != JSON_NUMBER && value.type != JSON_STRING))
        return OAUTH2_LIFE_S;
    for (i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
        if (i == EXPIRES_TEXT_MAX)
            return OAUTH2_LIFE_MAX_S;
        life_s = 10 * life_s + (text.ptr[i] - '0');
    }
    if (i == 0 || (i < text.len && text.ptr[i] != '.'))
        return OAUTH2_LIFE_S;
    return life_s < OAUTH2_LIFE_MAX_S ? life_s : OAUTH2_LIFE_MAX_S;
}

/* A tenth before its end, a minute at most. */
static int64_t
renewal(int64_t life_s)
{
    int64_t early_s = (life_s + 9) / 10;

    return life_s - (early_s < EARLY_MAX_S ? early_s : EARLY_MAX_S);
}

static bool
is_bearer(struct slice answer)
{
    struct json_value value;

    if (!json_find(answer, "token_type", &value))
        return true;
    return value.type == JSON_STRING &&
           slice_is_nocase(json_plain_string(value.text), "bearer");
}

static bool
is_visible(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static enum oauth2_result
read_token(struct slice answer, struct oauth2_token *token, struct buf *why)
{
    struct buf text = BUF_INIT(OAUTH2_TOKEN_MAX);
    enum oauth2_result result = OAUTH2_GARBLED;
    struct json_value value;

    if (!json_find(answer, "access_token", &value) ||
        value.type != JSON_STRING) {
        buf_add_text(why, "the answer of the token endpoint has no "
                          "access_token");
        return OAUTH2_GARBLED;
    }
    if (!is_bearer(answer)) {
        buf_add_text(why, "the token is not of the type Bearer");
        return OAUTH2_GARBLED;
    }
    (void)buf_reserve(&text, OAUTH2_TOKEN_MAX);
    json_decode_string(value.text, &text);
    if (!buf_ok(&text)) {
        buf_addf(why, "the token has more than %d bytes", OAUTH2_TOKEN_MAX);
    } else if (!is_visible(buf_slice(&text))) {
        buf_add_text(why, "the token is empty or has characters that no header "
                          "can have");
    } else {
        memcpy(token->text, text.data, text.len + 1);
        token->renew_after_s = renewal(read_life(answer));
        result = OAUTH2_TOKEN;
    }
    buf_wipe(&text);
    return result;
}

/* ': "invalid_client", "the secret has expired"' - as the server words it. */
static void
say_error(struct slice answer, struct buf *why)
{
    static const char *const names[] = {"error", "error_description"};
    struct json_value value;
    bool first = true;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf text = BUF_INIT(OAUTH2_ANSWER_MAX);
        struct buf cut = BUF_INIT(4 * SHOWN_MAX);

        if (json_find(answer, names[i], &value) && value.type == JSON_STRING) {
            json_decode_string(value.text, &text);
            (void)clip_text(&cut, buf_slice(&text), SHOWN_MAX, false);
            buf_add_text(why, first ? ": " : ", ");
            json_add_string(why, buf_slice(&cut));
            first = false;
        }
        buf_free(&text);
        buf_free(&cut);
    }
}

enum oauth2_result
oauth2_answer(long status, struct slice body, struct oauth2_token *token,
              struct buf *why)
{
    struct json_value answer;
    bool json = body.len <= OAUTH2_ANSWER_MAX &&
                json_read(body, &answer, NULL) && answer.type == JSON_OBJECT;

    if (status >= 200 && status < 300 && json)
        return read_token(answer.text, token, why);
    if (status >= 200 && status < 300) {
        buf_add_text(why, body.len > OAUTH2_ANSWER_MAX
                              ? "the answer of the token endpoint is too large"
                              : "the answer of the token endpoint is not a "
                                "JSON object");
        return OAUTH2_GARBLED;
    }
    buf_addf(why, "the token endpoint answered %ld", status);
    if (json)
        say_error(answer.text, why);
    return status == 408 || status == 425 || status == 429 || status >= 500
               ? OAUTH2_LATER
               : OAUTH2_REFUSED;
}
