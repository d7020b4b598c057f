/*
 * oauth2.c - asking for an access token; see oauth2.h.
 */
#include "oauth2.h"

#include "encode.h"
#include "json.h"

static bool
wrong(struct buf *why, const char *member, const char *reason)
{
    buf_addf(why, "%s: %s", member, reason);
    return false;
}

static bool
check_text(struct slice text, const char *member, size_t max, struct buf *why)
{
    if (text.len > max) {
        buf_addf(why, "%s: has more than %zu bytes", member, max);
        return false;
    }
    if (slice_has_control(text))
        return wrong(why, member, "has control characters");
    return json_is_utf8(text) || wrong(why, member, "is not UTF-8");
}

/* RFC 6749, 3.3: visible ASCII but for '"' and '\'. */
static bool
check_scope(struct slice scope, struct buf *why)
{
    size_t i;

    for (i = 0; i < scope.len; i++) {
        char c = scope.ptr[i];

        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            return wrong(why, "scope", "has characters that no scope has");
    }
    return true;
}

static bool
check_given(struct slice text, const char *member, size_t max, struct buf *why)
{
    if (text.len == 0)
        return wrong(why, member, "is missing");
    return check_text(text, member, max, why);
}

bool
oauth2_check(const struct oauth2_client *client, struct buf *why)
{
    return check_given(client->token_url, "token_url", OAUTH2_TEXT_MAX, why) &&
           check_given(client->client_id, "client_id", OAUTH2_ID_MAX, why) &&
           check_given(client->client_secret, "client_secret",
                       OAUTH2_SECRET_MAX, why) &&
           check_text(client->scope, "scope", OAUTH2_TEXT_MAX, why) &&
           check_scope(client->scope, why) &&
           check_text(client->audience, "audience", OAUTH2_TEXT_MAX, why);
}

/* application/x-www-form-urlencoded (RFC 6749, appendix B). */
static void
add_encoded(struct buf *out, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') ||
            (c != '\0' && strchr("-._*", c) != NULL)) {
            buf_add_char(out, (char)c);
        } else if (c == ' ') {
            buf_add_char(out, '+');
        } else {
            buf_add_char(out, '%');
            buf_add_char(out, digits[c >> 4]);
            buf_add_char(out, digits[c & 15]);
        }
    }
}

static void
add_pair(struct buf *body, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_add_char(body, '&');
    buf_add_text(body, name);
    buf_add_char(body, '=');
    add_encoded(body, value);
}

/* Both are encoded before they are put together (RFC 6749, 2.3.1). */
static void
add_basic(const struct oauth2_client *client, struct buf *authorization)
{
    struct buf pair = BUF_INIT(3 * (OAUTH2_ID_MAX + OAUTH2_SECRET_MAX) + 1);

    (void)buf_reserve(&pair, pair.max);
    add_encoded(&pair, client->client_id);
    buf_add_char(&pair, ':');
    add_encoded(&pair, client->client_secret);
    buf_add_text(authorization, "Basic ");
    encode_base64(buf_slice(&pair), authorization);
    buf_wipe(&pair);
}

void
oauth2_request(const struct oauth2_client *client, struct buf *body,
               struct buf *authorization)
{
    buf_add_text(body, "grant_type=client_credentials");
    add_pair(body, "scope", client->scope);
    add_pair(body, "audience", client->audience);
    if (!client->secret_in_body) {
        add_basic(client, authorization);
        return;
    }
    add_pair(body, "client_id", client->client_id);
    add_pair(body, "client_secret", client->client_secret);
}
