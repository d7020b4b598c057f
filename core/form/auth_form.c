/*
 * auth_form.c - the credentials of a subscription, as somebody wants them to
 * be; see auth_form.h.
 */
#include "auth_form.h"

#include "body.h"
#include "endpoint_auth.h"
#include "header_allowed.h"

#include <openssl/crypto.h>

enum auth_field {
    AUTH_TYPE,
    AUTH_USER,
    AUTH_PASSWORD,
    AUTH_TOKEN,
    AUTH_HEADER,
    AUTH_TOKEN_URL,
    AUTH_CLIENT_ID,
    AUTH_CLIENT_SECRET,
    AUTH_SCOPE,
    AUTH_AUDIENCE,
    AUTH_SECRET_IN_BODY,
    AUTH_FIELDS
};

static const char *const types[] = {"basic", "bearer", "api_key", "oauth2",
                                    NULL};
enum { BASIC = 1, BEARER = 2, API_KEY = 4, OAUTH2 = 8, ANY = 15 };

/* Of which types each member is, and of which it cannot be left out. */
static const struct belonging {
    unsigned known, needed;
} belongings[AUTH_FIELDS] = {
    [AUTH_TYPE] = {ANY, ANY},
    [AUTH_USER] = {BASIC, BASIC},
    [AUTH_PASSWORD] = {BASIC, 0},
    [AUTH_TOKEN] = {BEARER | API_KEY, BEARER | API_KEY},
    [AUTH_HEADER] = {API_KEY, 0},
    [AUTH_TOKEN_URL] = {OAUTH2, OAUTH2},
    [AUTH_CLIENT_ID] = {OAUTH2, OAUTH2},
    [AUTH_CLIENT_SECRET] = {OAUTH2, OAUTH2},
    [AUTH_SCOPE] = {OAUTH2, 0},
    [AUTH_AUDIENCE] = {OAUTH2, 0},
    [AUTH_SECRET_IN_BODY] = {OAUTH2, 0},
};

struct check {
    const struct subscription_rules *rules;
    struct slice type; /* absent: an unknown one */
};

static void
check_member(const struct body_value *value, void *context,
             struct problems *problems)
{
    const struct check *check = context;
    struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);

    if (!endpoint_auth_check_member(check->type, value->name,
                                    slice_make(value->text, value->text_len),
                                    &why))
        problem_add(problems, value->name, NULL, "value_error.auth", "%s",
                    why.data);
    buf_free(&why);
}

static void
check_token_url(const struct body_value *value, void *context,
                struct problems *problems)
{
    const struct check *check = context;

    subscription_check_url(value->name,
                           slice_make(value->text, value->text_len),
                           check->rules, problems);
}

static const struct body_field fields[AUTH_FIELDS] = {
    [AUTH_TYPE] = {.name = "type", .type = BODY_WORD, .words = types},
    [AUTH_USER] = {.name = "user",
                   .type = BODY_STR,
                   .max = AUTH_TEXT_MAX,
                   .check = check_member},
    [AUTH_PASSWORD] = {.name = "password",
                       .type = BODY_STR,
                       .max = AUTH_TEXT_MAX,
                       .check = check_member},
    [AUTH_TOKEN] = {.name = "token",
                    .type = BODY_STR,
                    .min = 1,
                    .max = AUTH_TOKEN_MAX,
                    .check = check_member},
    [AUTH_HEADER] = {.name = "header",
                     .type = BODY_STR,
                     .min = 1,
                     .max = HEADER_NAME_MAX,
                     .check = check_member},
    [AUTH_TOKEN_URL] = {.name = "token_url",
                        .type = BODY_STR,
                        .min = 1,
                        .max = OAUTH2_TEXT_MAX,
                        .check = check_token_url},
    [AUTH_CLIENT_ID] = {.name = "client_id",
                        .type = BODY_STR,
                        .min = 1,
                        .max = OAUTH2_ID_MAX,
                        .check = check_member},
    [AUTH_CLIENT_SECRET] = {.name = "client_secret",
                            .type = BODY_STR,
                            .min = 1,
                            .max = OAUTH2_SECRET_MAX,
                            .check = check_member},
    [AUTH_SCOPE] = {.name = "scope",
                    .type = BODY_STR,
                    .max = OAUTH2_TEXT_MAX,
                    .check = check_member},
    [AUTH_AUDIENCE] = {.name = "audience",
                       .type = BODY_STR,
                       .max = OAUTH2_TEXT_MAX,
                       .check = check_member},
    [AUTH_SECRET_IN_BODY] = {.name = "secret_in_body", .type = BODY_BOOL},
};

static unsigned
find_type(struct slice object, struct slice *name)
{
    struct json_value value;
    size_t i;

    *name = SLICE_NONE;
    if (!json_find(object, "type", &value) || value.type != JSON_STRING)
        return ANY;
    *name = json_plain_string(value.text);
    for (i = 0; name->ptr != NULL && types[i] != NULL; i++) {
        if (slice_is(*name, types[i]))
            return 1u << i;
    }
    return ANY;
}

static size_t
make_table(unsigned type, struct body_field table[AUTH_FIELDS])
{
    size_t i, count = 0;

    for (i = 0; i < AUTH_FIELDS; i++) {
        if ((belongings[i].known & type) == 0)
            continue;
        table[count] = fields[i];
        table[count++].rules =
            (belongings[i].needed & type) == type ? BODY_REQUIRED : 0;
    }
    return count;
}

static void
free_values(struct body_value *values, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (values[i].text != NULL)
            OPENSSL_cleanse(values[i].text, values[i].text_len);
    }
    body_free(values, count);
}

static bool
read_members(struct slice object, const struct subscription_rules *rules,
             struct problems *problems)
{
    struct check check = {.rules = rules};
    struct body_field table[AUTH_FIELDS];
    size_t count = make_table(find_type(object, &check.type), table);
    const struct body_options options = {.part = false, .context = &check};
    const struct json_value json = {.type = JSON_OBJECT, .text = object};
    struct body_value values[AUTH_FIELDS];
    bool good = body_read_value(json, table, count, &options, values, problems);

    free_values(values, count);
    return good;
}

void
auth_form_check(const char *field, struct slice object,
                const struct subscription_rules *rules,
                struct problems *problems)
{
    struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
    struct endpoint_auth *auth = NULL;
    size_t first = problems->count;

    if (object.len > ENDPOINT_AUTH_MAX) {
        problem_add(problems, field, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes",
                    ENDPOINT_AUTH_MAX);
    } else if (!read_members(object, rules, problems)) {
        problem_put_name(problems, first, field);
    } else {
        /* What is stored is read by this one, so it has the last word. */
        auth = endpoint_auth_read(object, &why);
        if (auth == NULL)
            problem_add(problems, field, NULL, "value_error.auth", "%s",
                        why.data);
    }
    endpoint_auth_free(auth);
    buf_free(&why);
}
