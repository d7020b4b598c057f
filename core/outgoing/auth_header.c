/*
 * auth_header.c - how a delivery proves who it is; see auth_header.h.
 */
#include "auth_header.h"

#include "encode.h"
#include "header_allowed.h"

#include <assert.h>

static const char *const kinds[] = {
    [AUTH_NONE] = "none",
    [AUTH_BASIC] = "basic",
    [AUTH_BEARER] = "bearer",
    [AUTH_API_KEY] = "api_key",
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool
auth_kind_from_name(struct slice name, enum auth_kind *kind)
{
    size_t i;

    for (i = 0; i < KINDS; i++) {
        if (slice_is(name, kinds[i])) {
            *kind = (enum auth_kind)i;
            return true;
        }
    }
    return false;
}

const char *
auth_kind_name(enum auth_kind kind)
{
    assert((size_t)kind < KINDS);
    return kinds[kind];
}

static bool
wrong(struct buf *why, const char *member, const char *reason)
{
    buf_addf(why, "%s: %s", member, reason);
    return false;
}

static bool
check_given(struct slice text, const char *member, size_t max, struct buf *why)
{
    if (text.ptr == NULL)
        return wrong(why, member, "is missing");
    if (text.len > max) {
        buf_addf(why, "%s: has more than %zu bytes", member, max);
        return false;
    }
    if (slice_has_control(text))
        return wrong(why, member, "has control characters");
    return true;
}

static bool
check_absent(struct slice text, const char *member, struct buf *why)
{
    return text.ptr == NULL ||
           wrong(why, member, "does not belong to this kind");
}

/* Visible ASCII; an API key may have spaces inside. */
static bool
check_token(struct slice token, bool spaces, struct buf *why)
{
    size_t i;

    if (!check_given(token, "token", AUTH_TOKEN_MAX, why))
        return false;
    if (token.len == 0)
        return wrong(why, "token", "is empty");
    for (i = 0; i < token.len; i++) {
        unsigned char c = (unsigned char)token.ptr[i];

        if (c > 0x7e || (c == ' ' && !spaces))
            return wrong(why, "token",
                         spaces ? "has other than ASCII characters"
                                : "has other than visible ASCII characters");
    }
    if (!header_value_allowed(token))
        return wrong(why, "token", "has white space around it");
    return true;
}

static bool
check_basic(const struct auth *auth, struct buf *why)
{
    if (!check_given(auth->user, "user", AUTH_TEXT_MAX, why) ||
        !check_given(auth->password, "password", AUTH_TEXT_MAX, why))
        return false;
    if (auth->user.len > 0 &&
        memchr(auth->user.ptr, ':', auth->user.len) != NULL)
        return wrong(why, "user", "cannot have a colon");
    return check_absent(auth->token, "token", why) &&
           check_absent(auth->header, "header", why);
}

static bool
check_api_key(const struct auth *auth, struct buf *why)
{
    enum header_verdict verdict = HEADER_ALLOWED;

    if (auth->header.ptr != NULL)
        verdict = header_allowed(auth->header);
    if (verdict != HEADER_ALLOWED)
        return wrong(why, "header", header_verdict_text(verdict));
    return check_token(auth->token, true, why) &&
           check_absent(auth->user, "user", why) &&
           check_absent(auth->password, "password", why);
}

bool
auth_header_check(const struct auth *auth, struct buf *why)
{
    switch (auth->kind) {
    case AUTH_BASIC:
        return check_basic(auth, why);
    case AUTH_BEARER:
        return check_token(auth->token, false, why) &&
               check_absent(auth->user, "user", why) &&
               check_absent(auth->password, "password", why) &&
               check_absent(auth->header, "header", why);
    case AUTH_API_KEY:
        return check_api_key(auth, why);
    case AUTH_NONE:
        break;
    }
    return check_absent(auth->user, "user", why) &&
           check_absent(auth->password, "password", why) &&
           check_absent(auth->token, "token", why) &&
           check_absent(auth->header, "header", why);
}

static void
add_basic(const struct auth *auth, struct buf *value)
{
    struct buf pair = BUF_INIT(2 * AUTH_TEXT_MAX + 1);

    (void)buf_reserve(&pair, auth->user.len + auth->password.len + 1);
    buf_add_slice(&pair, auth->user);
    buf_add_char(&pair, ':');
    buf_add_slice(&pair, auth->password);
    buf_add_text(value, "Basic ");
    encode_base64(buf_slice(&pair), value);
    buf_wipe(&pair);
}

struct slice
auth_header(const struct auth *auth, struct buf *value)
{
    switch (auth->kind) {
    case AUTH_BASIC:
        add_basic(auth, value);
        return SLICE("Authorization");
    case AUTH_BEARER:
        buf_add_text(value, "Bearer ");
        buf_add_slice(value, auth->token);
        return SLICE("Authorization");
    case AUTH_API_KEY:
        buf_add_slice(value, auth->token);
        return auth->header.ptr == NULL ? SLICE(AUTH_NAME) : auth->header;
    case AUTH_NONE:
        break;
    }
    return SLICE_NONE;
}
