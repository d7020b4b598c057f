/*
 * subscription_form.h - what somebody wants a subscription to be: the JSON of
 * POST and PATCH /api/webhooks, and of `postern webhook add`.
 *
 *   url, events (= event_types), secret, description, active, retry_count,
 *   retry_delay, timeout (= timeout_seconds), headers, metadata, format,
 *   channels, max_concurrency, retry_schedule, rate_limit, ordering,
 *   on_exhausted, template, template_type, cloudevents_source, filter, auth,
 *   client_certificate, ed25519, signature_headers, batch, ttl_seconds,
 *   capture_responses, application
 */
#ifndef SUBSCRIPTION_FORM_H
#define SUBSCRIPTION_FORM_H

#include "body.h"
#include "problem.h"
#include "slice.h"
#include "target.h"

#include <stdbool.h>

enum subscription_field {
    FORM_URL,
    FORM_EVENTS,
    FORM_SECRET,
    FORM_DESCRIPTION,
    FORM_ACTIVE,
    FORM_RETRY_COUNT,
    FORM_RETRY_DELAY,
    FORM_TIMEOUT,
    FORM_HEADERS,
    FORM_METADATA,
    FORM_FORMAT,
    FORM_CHANNELS,
    FORM_MAX_CONCURRENCY,
    FORM_RETRY_SCHEDULE,
    FORM_RATE_LIMIT,
    FORM_ORDERING,
    FORM_ON_EXHAUSTED,
    FORM_TEMPLATE,
    FORM_TEMPLATE_TYPE,
    FORM_CLOUDEVENTS_SOURCE,
    FORM_FILTER,
    FORM_AUTH,
    FORM_CLIENT_CERTIFICATE,
    FORM_ED25519,
    FORM_SIGNATURE_HEADERS,
    FORM_BATCH,
    FORM_TTL,
    FORM_CAPTURE,
    FORM_APPLICATION,
    FORM_FIELDS
};

#define SUBSCRIPTION_RETRY_COUNT 3 /* defaults */
#define SUBSCRIPTION_RETRY_DELAY_S 2
#define SUBSCRIPTION_TIMEOUT_S 10
#define SUBSCRIPTION_HEADERS_MAX 8192   /* bytes of all names and values */
#define SUBSCRIPTION_METADATA_MAX 65536 /* bytes of JSON */
#define SUBSCRIPTION_TTL_MAX_S (365 * 86400)

struct subscription_form {
    struct body_value value[FORM_FIELDS];
    /* Whoever reads other bodies into this one sets these two: its name in the
       Svix-compatible API, absent = none. */
    bool sets_uid;
    struct slice uid;
};

struct subscription_rules {
    bool require_https;
    const struct target_nets *allow; /* private networks that may be named */
    bool may_name_application;       /* an admin; else the field is unknown */
    bool part;                       /* PATCH: only what is given changes */
};

/* False: problems say why, in field order. The form is to be freed in any
   case; its values may point into body. */
bool subscription_form_read(struct subscription_form *form, struct slice body,
                            const struct subscription_rules *rules,
                            struct problems *problems)
    __attribute__((warn_unused_result));

/* The word that a field of a few words was given, as its column spells it. */
const char *subscription_form_word(const struct subscription_form *form,
                                   enum subscription_field field);

/* Wipes the secrets. */
void subscription_form_free(struct subscription_form *form);

/* The same check for a URL alone (POST /api/webhooks/test). */
void subscription_check_url(const char *field, struct slice url,
                            const struct subscription_rules *rules,
                            struct problems *problems);

#endif /* SUBSCRIPTION_FORM_H */
