/*
 * svix_endpoint_form.c - see svix_endpoint_form.h.
 */
#include "svix_endpoint_form.h"

#include "alloc.h"
#include "header_allowed.h"
#include "member.h"
#include "svix_reply.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MAX ((size_t)1024 * 1024) /* bytes of a subscription's body */
#define SECRET_PREFIX "whsec_"

/* Now, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h. */
#define SCHEDULE "[5,300,1800,7200,18000,36000,36000]"
#define TIMEOUT "15" /* seconds */

enum field {
    FIELD_URL,
    FIELD_DESCRIPTION,
    FIELD_UID,
    FIELD_DISABLED,
    FIELD_TYPES,
    FIELD_CHANNELS,
    FIELD_SECRET,
    FIELD_THROTTLE,
    FIELD_METADATA,
    FIELD_HEADERS,
    FIELD_VERSION,
    FIELDS
};

/* Bounds that a subscription has as well are left to it. */
static const struct body_field fields[FIELDS] = {
    [FIELD_URL] = {.name = "url",
                   .type = BODY_STR,
                   .rules = BODY_REQUIRED,
                   .min = 1,
                   .max = 65536},
    [FIELD_DESCRIPTION] = {.name = "description",
                           .type = BODY_STR,
                           .rules = BODY_NULLABLE,
                           .max = 1000},
    [FIELD_UID] = {.name = "uid",
                   .type = BODY_STR,
                   .rules = BODY_NULLABLE,
                   .min = 1,
                   .max = SVIX_UID_MAX,
                   .check = svix_check_uid},
    [FIELD_DISABLED] = {.name = "disabled",
                        .type = BODY_BOOL,
                        .rules = BODY_NULLABLE},
    [FIELD_TYPES] = {.name = "eventTypes",
                     .alias = "filterTypes",
                     .type = BODY_LIST_STR,
                     .rules = BODY_NULLABLE,
                     .max = 100,
                     .item_min = 1,
                     .item_max = 255},
    [FIELD_CHANNELS] = {.name = "channels",
                        .type = BODY_LIST_STR,
                        .rules = BODY_NULLABLE,
                        .max = 10,
                        .item_min = 1,
                        .item_max = 128},
    [FIELD_SECRET] = {.name = "secret",
                      .type = BODY_STR,
                      .rules = BODY_NULLABLE,
                      .min = 1,
                      .max = 256},
    [FIELD_THROTTLE] = {.name = "throttleRate",
                        .alias = "rateLimit",
                        .type = BODY_INT,
                        .rules = BODY_NULLABLE,
                        .min = 1,
                        .max = 10000},
    [FIELD_METADATA] = {.name = "metadata",
                        .type = BODY_DICT,
                        .rules = BODY_NULLABLE},
    [FIELD_HEADERS] = {.name = "headers",
                       .type = BODY_DICT_STR,
                       .rules = BODY_NULLABLE,
                       .max = 20,
                       .item_min = 1,
                       .item_max = HEADER_VALUE_MAX},
    [FIELD_VERSION] = {.name = "version",
                       .type = BODY_INT,
                       .rules = BODY_NULLABLE,
                       .min = 0,
                       .max = 65535},
};

/* Members that are taken over as they stand. */
static const struct {
    enum field field;
    const char *name;
} same[] = {
    {FIELD_URL, "url"},
    {FIELD_DESCRIPTION, "description"},
    {FIELD_THROTTLE, "rate_limit"},
    {FIELD_METADATA, "metadata"},
};

/* What our names are here: those that the body has where it has one of two. */
static void
rename_problems(const struct body_value *values, struct problems *problems)
{
    const char *types = values[FIELD_TYPES].name;
    const char *throttle = values[FIELD_THROTTLE].name;
    const struct svix_name names[] = {
        {"events", types == NULL ? "eventTypes" : types},
        {"active", "disabled"},
        {"rate_limit", throttle == NULL ? "throttleRate" : throttle},
        {NULL, NULL},
    };

    svix_rename_problems(problems, names);
}

static bool
is_said(const struct body_value *value, enum svix_endpoint_way way)
{
    return value->given || value->null || way == SVIX_ENDPOINT_REPLACE;
}

static void
add_same(const struct body_value *values, enum svix_endpoint_way way,
         struct buf *json)
{
    size_t i;

    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        const struct body_value *value = &values[same[i].field];

        if (value->given)
            member_raw(json, same[i].name, value->raw, "null");
        else if (is_said(value, way))
            member_text(json, same[i].name, NULL);
    }
}

/* No types at all are all types; an empty list of channels is all as well. */
static void
add_lists(const struct body_value *values, enum svix_endpoint_way way,
          struct buf *json)
{
    const struct body_value *types = &values[FIELD_TYPES],
                            *channels = &values[FIELD_CHANNELS];

    if (types->given && types->item_count > 0)
        member_raw(json, "events", types->raw, "[]");
    else if (way == SVIX_ENDPOINT_NEW || is_said(types, way))
        member_raw(json, "events", SLICE("[\"*\"]"), "[]");
    if (channels->given)
        member_raw(json, "channels", channels->raw, "[]");
    else if (is_said(channels, way))
        member_text(json, "channels", NULL);
}

/* Svix takes the base64 with or without its prefix. */
static void
add_secret(const struct body_value *secret, struct buf *json)
{
    struct buf text = BUF_INIT(1024);

    if (!secret->given)
        return;
    if (strncmp(secret->text, SECRET_PREFIX, strlen(SECRET_PREFIX)) != 0)
        buf_add_text(&text, SECRET_PREFIX);
    buf_add(&text, secret->text, secret->text_len);
    member_slice(json, "secret", buf_slice(&text));
    buf_wipe(&text);
}

/* The body that our own API would get. */
static void
translate(const struct body_value *values, enum svix_endpoint_way way,
          struct buf *json)
{
    const struct body_value *disabled = &values[FIELD_DISABLED];

    buf_add_char(json, '{');
    add_same(values, way, json);
    add_lists(values, way, json);
    if (is_said(disabled, way))
        member_bool(json, "active", !disabled->given || disabled->number == 0);
    add_secret(&values[FIELD_SECRET], json);
    if (values[FIELD_HEADERS].given)
        member_raw(json, "headers", values[FIELD_HEADERS].raw, "{}");
    if (way == SVIX_ENDPOINT_NEW) {
        member_text(json, "format", "payload");
        member_raw(json, "retry_schedule", SLICE(SCHEDULE), "");
        member_raw(json, "timeout", SLICE(TIMEOUT), "");
    }
    buf_add_char(json, '}');
}

static bool
read_subscription(struct svix_endpoint_form *form, struct exchange *exchange,
                  bool part)
{
    const struct app *app = exchange->app;
    const struct subscription_rules rules = {
        .require_https = app->settings->require_https,
        .allow = &app->allow_targets,
        .part = part,
    };
    struct problems problems;

    problems.count = 0;
    if (!buf_ok(&form->json)) {
        reply_error(exchange->reply, 413, "payload_too_large",
                    "The request body is too large");
        return false;
    }
    if (subscription_form_read(&form->subscription, buf_slice(&form->json),
                               &rules, &problems))
        return true;
    rename_problems(form->values, &problems);
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
start(struct svix_endpoint_form *form)
{
    memset(form, 0, sizeof(*form));
    form->values = xcalloc(FIELDS, sizeof(form->values[0]));
    buf_init(&form->json, JSON_MAX);
}

bool
svix_endpoint_form_read(struct svix_endpoint_form *form,
                        struct exchange *exchange, enum svix_endpoint_way way)
{
    const struct body_value *uid;

    start(form);
    if (!svix_read_body(exchange, fields, FIELDS, way == SVIX_ENDPOINT_CHANGE,
                        form->values))
        return false;
    translate(form->values, way, &form->json);
    if (!read_subscription(form, exchange, way != SVIX_ENDPOINT_NEW))
        return false;
    uid = &form->values[FIELD_UID];
    form->subscription.sets_uid = is_said(uid, way);
    if (uid->given)
        form->subscription.uid = slice_make(uid->text, uid->text_len);
    return true;
}

bool
svix_endpoint_form_headers(struct svix_endpoint_form *form,
                           struct exchange *exchange, struct slice headers)
{
    start(form);
    buf_add_char(&form->json, '{');
    member_raw(&form->json, "headers", headers, "{}");
    buf_add_char(&form->json, '}');
    return read_subscription(form, exchange, true);
}

void
svix_endpoint_form_free(struct svix_endpoint_form *form)
{
    struct body_value *secret;

    if (form->values == NULL)
        return;
    secret = &form->values[FIELD_SECRET];
    if (secret->text != NULL)
        OPENSSL_cleanse(secret->text, secret->text_len);
    subscription_form_free(&form->subscription);
    body_free(form->values, FIELDS);
    free(form->values);
    buf_wipe(&form->json);
    memset(form, 0, sizeof(*form));
}
