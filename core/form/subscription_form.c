/*
 * subscription_form.c - what somebody wants a subscription to be.
 */
#include "subscription_form.h"

#include "client_cert.h"
#include "encode.h"
#include "format.h"
#include "header_allowed.h"
#include "pattern.h"
#include "retry.h"
#include "sign.h"
#include "sign_pair.h"
#include "subscription_batch.h"
#include "subscription_check.h"
#include "template.h"

#include <openssl/crypto.h>
#include <string.h>

#define SECRET_PREFIX "whsec_"

static struct slice
text_of(const struct body_value *value)
{
    return slice_make(value->text, value->text_len);
}

static void
check_url(const struct body_value *value, void *context,
          struct problems *problems)
{
    subscription_check_url(value->name, text_of(value), context, problems);
}

void
subscription_check_url(const char *field, struct slice url,
                       const struct subscription_rules *rules,
                       struct problems *problems)
{
    static const char *const types[] = {
        [TARGET_OK] = "",
        [TARGET_BAD_URL] = "value_error.url",
        [TARGET_NOT_HTTPS] = "value_error.url.scheme",
        [TARGET_PRIVATE] = "value_error.url.host",
    };
    enum target_result result =
        target_check_url(url, rules->require_https, rules->allow, NULL);

    if (result != TARGET_OK)
        problem_add(problems, field, NULL, types[result], "%s",
                    target_result_text(result));
}

static void
check_events(const struct body_value *value, void *context,
             struct problems *problems)
{
    size_t i;

    (void)context;
    for (i = 0; i < value->item_count; i++) {
        const struct body_item *item = &value->items[i];

        if (!pattern_is_valid(slice_make(item->text, item->text_len)))
            body_problem_item(problems, value->name, i,
                              "value_error.event_type",
                              "invalid event type or pattern");
    }
}

/* Standard Webhooks signs with the decoded bytes of such a secret, so they
   have to be there. */
static bool
is_decodable(struct slice base64)
{
    uint8_t key[SIGN_SECRET_MAX];
    int len = decode_base64(base64, key, sizeof(key));

    OPENSSL_cleanse(key, sizeof(key));
    return len > 0;
}

static void
check_secret(const struct body_value *value, void *context,
             struct problems *problems)
{
    static const size_t prefix_len = sizeof(SECRET_PREFIX) - 1;
    struct slice text = text_of(value);
    size_t i;

    (void)context;
    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e) {
            problem_add(problems, value->name, NULL, "value_error.secret",
                        "only printable ASCII characters are allowed");
            return;
        }
    }
    if (sign_pair_looks_private(text)) {
        problem_add(problems, value->name, NULL, "value_error.secret",
                    "whsk_ begins a private key, which is none to be shared; "
                    "for ed25519 signatures set \"ed25519\"");
        return;
    }
    if (strncmp(text.ptr, SECRET_PREFIX, prefix_len) != 0)
        return;
    text = slice_make(text.ptr + prefix_len, text.len - prefix_len);
    if (!is_decodable(text))
        problem_add(problems, value->name, NULL, "value_error.secret",
                    "what follows whsec_ must be base64");
}

static void
check_metadata(const struct body_value *value, void *context,
               struct problems *problems)
{
    (void)context;
    if (value->raw.len > SUBSCRIPTION_METADATA_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes",
                    SUBSCRIPTION_METADATA_MAX);
}

static void
check_batch(const struct body_value *value, void *context,
            struct problems *problems)
{
    struct subscription_batch batch;

    (void)context;
    (void)!subscription_batch_read(value->name, value->raw, &batch, problems);
}

/* In the order of enum payload_format. */
static const char *const formats[] = {
    "envelope", "payload", "standard", "cloudevents", "cloudevents-binary",
    "slack",    "discord", "template", "github",      NULL};

/* As the columns spell them. */
static const char *const orderings[] = {"none", "fifo", NULL};
static const char *const exhausted[] = {"skip", "pause", NULL};
static const char *const template_types[] = {"json", "text", NULL};
static const char *const header_names[] = {"webhook", "svix", NULL};

static const struct body_field fields[FORM_FIELDS] = {
    [FORM_URL] = {.name = "url",
                  .type = BODY_STR,
                  .rules = BODY_REQUIRED,
                  .min = 1,
                  .max = TARGET_URL_MAX,
                  .check = check_url},
    [FORM_EVENTS] = {.name = "events",
                     .alias = "event_types",
                     .type = BODY_LIST_STR,
                     .rules = BODY_REQUIRED,
                     .min = 1,
                     .max = 100,
                     .item_min = 1,
                     .item_max = PATTERN_MAX,
                     .check = check_events},
    [FORM_SECRET] = {.name = "secret",
                     .type = BODY_STR,
                     .rules = BODY_NULL_AT_NEW,
                     .min = 8,
                     .max = SIGN_SECRET_MAX,
                     .check = check_secret},
    [FORM_DESCRIPTION] = {.name = "description",
                          .type = BODY_STR,
                          .rules = BODY_NULLABLE,
                          .max = 1000},
    [FORM_ACTIVE] = {.name = "active",
                     .type = BODY_BOOL,
                     .rules = BODY_NULLABLE},
    [FORM_RETRY_COUNT] = {.name = "retry_count",
                          .type = BODY_INT,
                          .rules = BODY_NULLABLE,
                          .max = 10},
    [FORM_RETRY_DELAY] = {.name = "retry_delay",
                          .type = BODY_INT,
                          .rules = BODY_NULLABLE,
                          .min = 1,
                          .max = 86400},
    [FORM_TIMEOUT] = {.name = "timeout",
                      .alias = "timeout_seconds",
                      .type = BODY_INT,
                      .rules = BODY_NULLABLE,
                      .min = 1,
                      .max = 60},
    [FORM_HEADERS] = {.name = "headers",
                      .type = BODY_DICT_STR,
                      .rules = BODY_NULLABLE,
                      .max = 20,
                      .item_min = 1,
                      .item_max = HEADER_VALUE_MAX,
                      .check = subscription_check_headers},
    [FORM_METADATA] = {.name = "metadata",
                       .type = BODY_DICT,
                       .rules = BODY_NULLABLE,
                       .check = check_metadata},
    [FORM_FORMAT] = {.name = "format",
                     .type = BODY_WORD,
                     .rules = BODY_NULLABLE,
                     .words = formats},
    [FORM_CHANNELS] = {.name = "channels",
                       .type = BODY_LIST_STR,
                       .rules = BODY_NULLABLE,
                       .max = 10,
                       .item_min = 1,
                       .item_max = 128},
    [FORM_MAX_CONCURRENCY] = {.name = "max_concurrency",
                              .type = BODY_INT,
                              .rules = BODY_NULLABLE,
                              .max = 1000},
    [FORM_RETRY_SCHEDULE] = {.name = "retry_schedule",
                             .type = BODY_LIST_INT,
                             .rules = BODY_NULLABLE,
                             .max = 20,
                             .item_min = 1,
                             .item_max = RETRY_WAIT_MAX_S},
    [FORM_RATE_LIMIT] = {.name = "rate_limit",
                         .type = BODY_INT,
                         .rules = BODY_NULLABLE,
                         .max = 10000},
    [FORM_ORDERING] = {.name = "ordering",
                       .type = BODY_WORD,
                       .rules = BODY_NULLABLE,
                       .words = orderings},
    [FORM_ON_EXHAUSTED] = {.name = "on_exhausted",
                           .type = BODY_WORD,
                           .rules = BODY_NULLABLE,
                           .words = exhausted},
    [FORM_TEMPLATE] = {.name = "template",
                       .type = BODY_STR,
                       .rules = BODY_NULLABLE,
                       .min = 1,
                       .max = TEMPLATE_TEXT_MAX},
    [FORM_TEMPLATE_TYPE] = {.name = "template_type",
                            .type = BODY_WORD,
                            .rules = BODY_NULLABLE,
                            .words = template_types},
    [FORM_CLOUDEVENTS_SOURCE] = {.name = "cloudevents_source",
                                 .type = BODY_STR,
                                 .rules = BODY_NULLABLE,
                                 .min = 1,
                                 .max = FORMAT_SOURCE_MAX,
                                 .check = subscription_check_source},
    [FORM_FILTER] = {.name = "filter",
                     .type = BODY_DICT,
                     .rules = BODY_NULLABLE,
                     .check = subscription_check_filter},
    [FORM_AUTH] = {.name = "auth",
                   .type = BODY_DICT,
                   .rules = BODY_NULLABLE,
                   .check = subscription_check_auth},
    [FORM_CLIENT_CERTIFICATE] = {.name = "client_certificate",
                                 .type = BODY_STR,
                                 .rules = BODY_NULLABLE,
                                 .min = 1,
                                 .max = CLIENT_CERT_MAX,
                                 .check = subscription_check_certificate},
    [FORM_ED25519] = {.name = "ed25519",
                      .type = BODY_BOOL,
                      .rules = BODY_NULLABLE},
    [FORM_SIGNATURE_HEADERS] = {.name = "signature_headers",
                                .type = BODY_WORD,
                                .rules = BODY_NULLABLE,
                                .words = header_names},
    [FORM_BATCH] = {.name = "batch",
                    .type = BODY_DICT,
                    .rules = BODY_NULLABLE,
                    .check = check_batch},
    [FORM_TTL] = {.name = "ttl_seconds",
                  .type = BODY_INT,
                  .rules = BODY_NULLABLE,
                  .max = SUBSCRIPTION_TTL_MAX_S},
    [FORM_CAPTURE] = {.name = "capture_responses",
                      .type = BODY_BOOL,
                      .rules = BODY_NULLABLE},
    [FORM_APPLICATION] = {.name = "application",
                          .type = BODY_STR,
                          .rules = BODY_NULLABLE | BODY_ONLY_AT_NEW,
                          .min = 1,
                          .max = 255},
};

bool
subscription_form_read(struct subscription_form *form, struct slice body,
                       const struct subscription_rules *rules,
                       struct problems *problems)
{
    struct subscription_rules copy = *rules;
    struct body_options options = {rules->part, &copy};
    /* The last row stands for what only an admin may say. */
    size_t count = rules->may_name_application ? FORM_FIELDS : FORM_APPLICATION;

    memset(form, 0, sizeof(*form));
    if (!body_read(body, fields, count, &options, form->value, problems))
        return false;
    subscription_check_template(form, rules, problems);
    /* Of a part the row knows the rest. */
    if (!rules->part || !subscription_batch_needs_format(form))
        subscription_batch_check(form, SLICE("envelope"), problems);
    return problems->count == 0;
}

const char *
subscription_form_word(const struct subscription_form *form,
                       enum subscription_field field)
{
    return fields[field].words[form->value[field].number];
}

void
subscription_form_free(struct subscription_form *form)
{
    struct body_value *secret = &form->value[FORM_SECRET];
    struct body_value *headers = &form->value[FORM_HEADERS];
    struct body_value *pem = &form->value[FORM_CLIENT_CERTIFICATE];
    size_t i;

    if (secret->text != NULL)
        OPENSSL_cleanse(secret->text, secret->text_len);
    if (pem->text != NULL)
        OPENSSL_cleanse(pem->text, pem->text_len);
    for (i = 0; i < headers->item_count; i++) {
        if (headers->items[i].text != NULL)
            OPENSSL_cleanse(headers->items[i].text, headers->items[i].text_len);
    }
    body_free(form->value, FORM_FIELDS);
}
