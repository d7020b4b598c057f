/*
 * endpoint_auth.c - the credentials of a subscription for its endpoint; see
 * endpoint_auth.h.
 */
#include "endpoint_auth.h"

#include "alloc.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_KINDS (1u << AUTH_BASIC | 1u << AUTH_BEARER | 1u << AUTH_API_KEY)
#define OAUTH2 (1u << 31)

static struct slice *
user(struct endpoint_auth *auth)
{
    return &auth->header.user;
}
static struct slice *
password(struct endpoint_auth *auth)
{
    return &auth->header.password;
}
static struct slice *
token(struct endpoint_auth *auth)
{
    return &auth->header.token;
}
static struct slice *
header(struct endpoint_auth *auth)
{
    return &auth->header.header;
}
static struct slice *
token_url(struct endpoint_auth *auth)
{
    return &auth->client.token_url;
}
static struct slice *
client_id(struct endpoint_auth *auth)
{
    return &auth->client.client_id;
}
static struct slice *
client_secret(struct endpoint_auth *auth)
{
    return &auth->client.client_secret;
}
static struct slice *
scope(struct endpoint_auth *auth)
{
    return &auth->client.scope;
}
static struct slice *
audience(struct endpoint_auth *auth)
{
    return &auth->client.audience;
}

/* The members that are texts, in the order in which they are shown. */
static const struct member {
    const char *name;
    struct slice *(*place)(struct endpoint_auth *auth);
    unsigned kinds;
    bool secret;
} members[] = {
    {"user", user, HEADER_KINDS, false},
    {"password", password, HEADER_KINDS, true},
    {"token", token, HEADER_KINDS, true},
    {"header", header, HEADER_KINDS, false},
    {"token_url", token_url, OAUTH2, false},
    {"client_id", client_id, OAUTH2, false},
    {"client_secret", client_secret, OAUTH2, true},
    {"scope", scope, OAUTH2, false},
    {"audience", audience, OAUTH2, false},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static bool
wrong(struct buf *why, const char *member, const char *reason)
{
    buf_addf(why, "%s: %s", member, reason);
    return false;
}

static bool
set_type(struct slice name, struct endpoint_auth *auth)
{
    auth->oauth2 = name.ptr != NULL && slice_is(name, "oauth2");
    if (auth->oauth2)
        return true;
    return name.ptr != NULL && auth_kind_from_name(name, &auth->header.kind) &&
           auth->header.kind != AUTH_NONE;
}

static bool
read_type(struct slice object, struct endpoint_auth *auth, struct buf *why)
{
    struct json_value value;
    struct slice name;

    if (!json_find(object, "type", &value))
        return wrong(why, "type", "is missing");
    name =
        value.type == JSON_STRING ? json_plain_string(value.text) : SLICE_NONE;
    return set_type(name, auth) ||
           wrong(why, "type", "must be basic, bearer, api_key or oauth2");
}

static const struct member *
find_member(const struct endpoint_auth *auth, struct slice name)
{
    unsigned kind = auth->oauth2 ? OAUTH2 : 1u << auth->header.kind;
    size_t i;

    for (i = 0; i < MEMBERS; i++) {
        if ((members[i].kinds & kind) != 0 && slice_is(name, members[i].name))
            return &members[i];
    }
    return NULL;
}

static void
wipe(struct slice *text)
{
    struct slice writable = *text;

    if (writable.ptr != NULL)
        OPENSSL_cleanse((char *)(uintptr_t)writable.ptr, writable.len);
    slice_free(text);
}

static void
take_text(struct json_value value, struct slice *place)
{
    struct buf text = BUF_INIT(value.text.len + 1);

    json_decode_string(value.text, &text);
    wipe(place); /* of a name that stands twice the last counts */
    *place = slice_copy(text.data == NULL ? SLICE("") : buf_slice(&text));
    buf_wipe(&text);
}

/* The name is that of somebody's body: not more of it than fits a line. */
static bool
unknown(const struct json_member *member, struct buf *why)
{
    struct slice name = member->name;

    if (name.len > 60)
        name.len = 60;
    json_add_string(why, name);
    return wrong(why, "", "does not belong to this type");
}

static bool
read_member(const struct json_member *given, struct endpoint_auth *auth,
            struct buf *why)
{
    const struct member *member = find_member(auth, given->name);

    if (slice_is(given->name, "type"))
        return true;
    if (auth->oauth2 && slice_is(given->name, "secret_in_body")) {
        if (given->value.type != JSON_BOOL)
            return wrong(why, "secret_in_body", "must be true or false");
        auth->client.secret_in_body = slice_is(given->value.text, "true");
        return true;
    }
    if (member == NULL)
        return unknown(given, why);
    if (given->value.type != JSON_STRING)
        return wrong(why, member->name, "must be a text");
    take_text(given->value, member->place(auth));
    return true;
}

static bool
check(const struct endpoint_auth *auth, struct buf *why)
{
    return auth->oauth2 ? oauth2_check(&auth->client, why)
                        : auth_header_check(&auth->header, why);
}

struct endpoint_auth *
endpoint_auth_read(struct slice object, struct buf *why)
{
    struct endpoint_auth *auth = xcalloc(1, sizeof(*auth));
    struct json_member member;
    size_t at = 0;

    if (object.len > ENDPOINT_AUTH_MAX) {
        (void)wrong(why, "type", "the object is too large");
        goto failed;
    }
    if (!read_type(object, auth, why))
        goto failed;
    while (json_next(object, &at, &member)) {
        if (!read_member(&member, auth, why))
            goto failed;
    }
    if (!auth->oauth2 && auth->header.kind == AUTH_BASIC &&
        auth->header.password.ptr == NULL)
        auth->header.password = slice_copy(SLICE(""));
    if (check(auth, why))
        return auth;
failed:
    endpoint_auth_free(auth);
    return NULL;
}

bool
endpoint_auth_check_member(struct slice type, const char *name,
                           struct slice text, struct buf *why)
{
    /* The other members are such as no check refuses. */
    struct endpoint_auth auth = {.client = {.token_url = SLICE("u"),
                                            .client_id = SLICE("i"),
                                            .client_secret = SLICE("s")}};
    struct buf line = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
    const struct member *member;
    bool good;

    if (!set_type(type, &auth))
        return true;
    member = find_member(&auth, slice_of(name));
    if (member == NULL)
        return true;
    if (!auth.oauth2 && auth.header.kind == AUTH_BASIC)
        auth.header.user = auth.header.password = SLICE("");
    else
        auth.header.token = SLICE("t");
    *member->place(&auth) = text;
    good = check(&auth, &line);
    if (!good)
        buf_add_text(why, line.data + strlen(name) + strlen(": "));
    buf_free(&line);
    return good;
}

void
endpoint_auth_free(struct endpoint_auth *auth)
{
    size_t i;

    if (auth == NULL)
        return;
    for (i = 0; i < MEMBERS; i++)
        wipe(members[i].place(auth));
    free(auth);
}

void
endpoint_auth_print_shown(const struct endpoint_auth *auth, struct buf *out)
{
    /* place() gives the address of what is only read here. */
    struct endpoint_auth copy = *auth;
    size_t i;

    buf_addf(out, "{\"type\":\"%s\"",
             auth->oauth2 ? "oauth2" : auth_kind_name(auth->header.kind));
    for (i = 0; i < MEMBERS; i++) {
        struct slice text = *members[i].place(&copy);

        if (text.ptr == NULL)
            continue;
        buf_addf(out, ",\"%s\":", members[i].name);
        json_add_string(out, members[i].secret ? SLICE("***") : text);
    }
    if (auth->oauth2)
        buf_addf(out, ",\"secret_in_body\":%s",
                 auth->client.secret_in_body ? "true" : "false");
    buf_add_char(out, '}');
}
