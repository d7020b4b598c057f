/*
 * auth.c - see auth.h.
 */
#include "auth.h"

#include "clock.h"
#include "contact.h"
#include "sign.h"
#include "store_token.h"

#include <pthread.h>

#define DEFAULT_APPLICATION 1 /* the migrations make it */
#define TOKEN_MAX_BYTES 512
#define USES 256 /* tokens whose use is noted between two writings */
#define RECORD_EVERY_US (60 * CLOCK_US_PER_S)

/* Which tokens were used, until housekeeping has written it down. */
static struct {
    pthread_mutex_t lock;
    struct {
        uint32_t token_id; /* 0: free */
        bool used;         /* since it was written */
        int64_t recorded_mono_us;
    } use[USES];
} uses = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct slice
auth_token(const struct request *request)
{
    static const char scheme[] = "Bearer ";
    const size_t len = sizeof(scheme) - 1;
    struct slice value = request_header(request, "Authorization");

    if (value.len > len && strncasecmp(value.ptr, scheme, len) == 0)
        return slice_trim(slice_make(value.ptr + len, value.len - len));
    value = request_header(request, "X-API-Key");
    return value.ptr == NULL ? SLICE_NONE : slice_trim(value);
}

bool
auth_scope_allows(enum scope scope, enum access access)
{
    static const bool allowed[][3] = {
        /*               READ   SEND   MANAGE */
        [SCOPE_ADMIN] = {true, true, true},
        [SCOPE_APP] = {true, true, true},
        [SCOPE_SEND] = {false, true, false},
        [SCOPE_READ] = {true, false, false},
    };

    switch (access) {
    case ACCESS_ALWAYS:
    case ACCESS_OPEN:
        return true;
    case ACCESS_PUBLIC_STATS:
    case ACCESS_READ:
        return allowed[scope][0];
    case ACCESS_SEND:
        return allowed[scope][1];
    case ACCESS_MANAGE:
        return allowed[scope][2];
    }
    return false;
}

static void
note_use(uint32_t token_id)
{
    size_t i, at = token_id % USES;

    pthread_mutex_lock(&uses.lock);
    /* When two tokens share a place the later one takes it: last_used_at is
       for people, who look at days. */
    for (i = 0; i < 8 && uses.use[at].token_id != 0 &&
                uses.use[at].token_id != token_id;
         i++)
        at = (at + 1) % USES;
    if (uses.use[at].token_id != token_id) {
        uses.use[at].token_id = token_id;
        uses.use[at].recorded_mono_us = 0;
    }
    uses.use[at].used = true;
    pthread_mutex_unlock(&uses.lock);
}

/* The next token to be written, or 0. */
static uint32_t
take_use(size_t *at)
{
    int64_t now_us = clock_mono_us();
    uint32_t token_id = 0;

    pthread_mutex_lock(&uses.lock);
    for (; *at < USES && token_id == 0; (*at)++) {
        if (!uses.use[*at].used ||
            (uses.use[*at].recorded_mono_us != 0 &&
             now_us - uses.use[*at].recorded_mono_us < RECORD_EVERY_US))
            continue;
        token_id = uses.use[*at].token_id;
        uses.use[*at].used = false;
        uses.use[*at].recorded_mono_us = now_us;
    }
    pthread_mutex_unlock(&uses.lock);
    return token_id;
}

void
auth_record_use(struct app *app)
{
    size_t at = 0;
    uint32_t token_id = take_use(&at);
    struct db *db;

    if (token_id == 0)
        return;
    db = db_pool_take(app->pool);
    if (db == NULL)
        return;
    for (; token_id != 0; token_id = take_use(&at)) {
        if (store_token_touch(db, token_id) != DB_OK)
            break;
    }
    db_pool_give(app->pool, db);
}

static bool
is_bootstrap_token(const struct settings *settings, const uint8_t hash[32])
{
    struct slice secret = slice_of(settings->api_secret_key);
    uint8_t want[32];

    if (secret.len == 0)
        return false;
    sign_sha256(secret, want);
    return sign_equal(want, hash, sizeof(want));
}

static bool
refuse(struct exchange *exchange, int status, const char *code,
       const char *message)
{
    /* A token is refused in the same words on every route but Svix's. */
    if (exchange->reply->family != FAMILY_SVIX)
        exchange->reply->family = FAMILY_API;
    reply_error(exchange->reply, status, code, "%s", message);
    return false;
}

/* Looks the token up, in a newer catalog if need be. *known NULL: there is no
   such token, or with CONTACT_UNKNOWN nobody could be asked. */
static enum contact_news
identify(struct exchange *exchange, const uint8_t hash[32],
         const struct token **known)
{
    enum contact_news news;

    *known = catalog_token(exchange->catalog, hash);
    if (*known != NULL)
        return CONTACT_SAME;
    news = contact_refresh(exchange);
    if (news == CONTACT_NEWER)
        *known = catalog_token(exchange->catalog, hash);
    return news;
}

bool
auth_check(struct exchange *exchange, enum access access)
{
    const struct settings *settings = exchange->app->settings;
    const struct token *token;
    enum contact_news news;
    struct slice text;
    uint8_t hash[32];

    exchange->caller = (struct caller){.anonymous = true,
                                       .application_id = DEFAULT_APPLICATION};
    if (access == ACCESS_ALWAYS || access == ACCESS_OPEN ||
        (access == ACCESS_PUBLIC_STATS && settings->public_stats))
        return true;
    text = auth_token(exchange->request);
    if (text.len == 0)
        return refuse(exchange, 401, "missing_token",
                      "Authentication required: Authorization: Bearer TOKEN "
                      "or X-API-Key: TOKEN");
    if (text.len > TOKEN_MAX_BYTES)
        return refuse(exchange, 401, "invalid_token", "Invalid token");
    sign_sha256(text, hash);
    if (is_bootstrap_token(settings, hash)) {
        exchange->caller.anonymous = false;
        exchange->caller.scope = SCOPE_ADMIN;
        return true;
    }
    news = identify(exchange, hash, &token);
    if (token == NULL && news == CONTACT_UNKNOWN) {
        reply_unavailable(exchange->reply);
        return false;
    }
    if (token == NULL)
        return refuse(exchange, 401, "invalid_token", "Invalid token");
    if (token->expires_at_us != 0 &&
        token->expires_at_us <= exchange->request->arrived_wall_us)
        return refuse(exchange, 401, "expired_token", "The token has expired");
    if (!auth_scope_allows(token->scope, access))
        return refuse(exchange, 403, "scope_too_narrow",
                      "The token's scope does not allow this");
    exchange->caller = (struct caller){.scope = token->scope,
                                       .application_id = token->application_id,
                                       .token_id = token->id};
    note_use(token->id);
    return true;
}
