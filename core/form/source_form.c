/*
 * source_form.c - what somebody wants a source to be.
 */
#include "source_form.h"

#include "id.h"
#include "json.h"
#include "provider.h"
#include "source_form_verifier.h"

#include <openssl/crypto.h>
#include <string.h>

#define KEY_TABLES_MAX 100
#define KEY_COLUMNS_MAX 8

const char *
source_form_name_problem(struct slice name)
{
    static const char *const reserved[] = {"stats", "test"};
    uint64_t id;
    size_t i;

    for (i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!letter && (i == 0 || (c != '-' && c != '_')))
            return "a name has lower-case letters, digits, '-' and '_', and "
                   "begins with a letter or digit";
    }
    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (slice_is(name, reserved[i]))
            return "this name is reserved";
    return id_parse(ID_SOURCE, name, &id) ? "this name is reserved" : NULL;
}

static void
check_name(const struct body_value *value, void *context,
           struct problems *problems)
{
    const char *why =
        source_form_name_problem(slice_make(value->text, value->text_len));

    (void)context;
    if (why != NULL)
        problem_add(problems, value->name, NULL, "value_error.name", "%s", why);
}

static void
check_provider(const struct body_value *value, void *context,
               struct problems *problems)
{
    struct buf permitted = BUF_INIT(1024);
    unsigned i;

    (void)context;
    if (provider_known(value->text))
        return;
    for (i = 0; provider_at(i) != NULL; i++)
        buf_addf(&permitted, "%s'%s'", i == 0 ? "" : ", ",
                 provider_at(i)->name);
    problem_enum(problems, value->name, NULL, permitted.data);
    buf_free(&permitted);
}

bool
source_form_check_secret(struct slice secret, const char *field,
                         struct problems *problems)
{
    if (slice_has_control(secret)) {
        problem_add(problems, field, NULL, "value_error.secret",
                    "control characters are not allowed");
        return false;
    }
    if (secret.len >= SOURCE_SECRET_MIN && secret.len <= VERIFIER_SECRET_BYTES)
        return true;
    problem_add(problems, field, NULL, "value_error.secret",
                "a secret has %d to %d bytes", SOURCE_SECRET_MIN,
                VERIFIER_SECRET_BYTES);
    return false;
}

static void
check_secret(const struct body_value *value, void *context,
             struct problems *problems)
{
    (void)context;
    (void)source_form_check_secret(slice_make(value->text, value->text_len),
                                   value->name, problems);
}

/* Part of an HTTP header. */
static void
check_api_key(const struct body_value *value, void *context,
              struct problems *problems)
{
    size_t i;

    (void)context;
    for (i = 0; i < value->text_len; i++) {
        if (value->text[i] <= ' ' || value->text[i] > '~') {
            problem_add(problems, value->name, NULL, "value_error.api_key",
                        "only printable ASCII characters are allowed, and no "
                        "spaces");
            return;
        }
    }
}

/* A list of column names. */
static bool
are_columns(struct json_value list)
{
    struct json_member item;
    size_t at = 0, count = 0;

    if (list.type != JSON_ARRAY)
        return false;
    for (; json_next(list.text, &at, &item); count++)
        if (item.value.type != JSON_STRING || item.value.text.len <= 2)
            return false;
    return count > 0 && count <= KEY_COLUMNS_MAX;
}

static void
check_key_columns(const struct body_value *value, void *context,
                  struct problems *problems)
{
    struct buf text = BUF_INIT(SOURCE_KEY_COLUMNS_BYTES);
    struct json_member table;
    size_t at = 0, count = 0;
    bool good = true;

    (void)context;
    for (; json_next(value->raw, &at, &table); count++)
        good = good && are_columns(table.value);
    json_minify(value->raw, &text);
    if (!good)
        problem_add(problems, value->name, NULL, "value_error.key_columns",
                    "value is not of the form "
                    "{\"table\": [\"column\", ...]}");
    else if (!buf_ok(&text) || count > KEY_TABLES_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes",
                    SOURCE_KEY_COLUMNS_BYTES);
    buf_free(&text);
}

/* As the column spells them. */
static const char *const relays[] = {"processed", "received", NULL};

static const struct body_field fields[SOURCE_FIELDS] = {
    [SOURCE_NAME_FIELD] = {.name = "name",
                           .type = BODY_STR,
                           .rules = BODY_REQUIRED,
                           .min = 1,
                           .max = SOURCE_NAME_BYTES,
                           .check = check_name},
    [SOURCE_PROVIDER_FIELD] = {.name = "provider",
                               .type = BODY_STR,
                               .rules = BODY_REQUIRED,
                               .min = 1,
                               .max = 32,
                               .check = check_provider},
    [SOURCE_DESCRIPTION_FIELD] = {.name = "description",
                                  .type = BODY_STR,
                                  .rules = BODY_NULLABLE,
                                  .max = 255},
    [SOURCE_SECRET_FIELD] = {.name = "secret",
                             .type = BODY_STR,
                             .rules = BODY_NULLABLE,
                             .max = VERIFIER_SECRET_BYTES,
                             .check = check_secret},
    [SOURCE_KEEP_SECRETS_FIELD] = {.name = "keep_secrets", .type = BODY_BOOL},
    [SOURCE_API_KEY_FIELD] = {.name = "api_key",
                              .type = BODY_STR,
                              .rules = BODY_NULLABLE,
                              .min = 1,
                              .max = SOURCE_API_KEY_BYTES,
                              .check = check_api_key},
    [SOURCE_MAX_ATTEMPTS_FIELD] = {.name = "max_attempts",
                                   .type = BODY_INT,
                                   .rules = BODY_NULLABLE,
                                   .min = 1,
                                   .max = 20},
    [SOURCE_RETRY_DELAY_FIELD] = {.name = "retry_delay",
                                  .type = BODY_INT,
                                  .rules = BODY_NULLABLE,
                                  .min = 1,
                                  .max = 86400},
    [SOURCE_CONCURRENCY_FIELD] = {.name = "concurrency",
                                  .type = BODY_INT,
                                  .rules = BODY_NULLABLE,
                                  .min = 1,
                                  .max = 1000},
    [SOURCE_RELAY_FIELD] = {.name = "relay",
                            .type = BODY_WORD,
                            .rules = BODY_NULLABLE,
                            .words = relays},
    [SOURCE_KEY_COLUMNS_FIELD] = {.name = "key_columns",
                                  .type = BODY_DICT,
                                  .rules = BODY_NULLABLE,
                                  .check = check_key_columns},
    [SOURCE_APPLICATION_FIELD] = {.name = "application",
                                  .type = BODY_STR,
                                  .rules = BODY_NULL_AT_NEW,
                                  .min = 1,
                                  .max = 255},
};

#define VERIFIERS "verifiers"

/* Names that are no options; `application` is the last but for the end. */
static const char *const own_names[] = {
    "name",        "provider",     "description", "secret",      "keep_secrets",
    "api_key",     "max_attempts", "retry_delay", "concurrency", "relay",
    "key_columns", VERIFIERS,      "application", NULL};
static const char *const app_names[] = {
    "name",        "provider",     "description", "secret",      "keep_secrets",
    "api_key",     "max_attempts", "retry_delay", "concurrency", "relay",
    "key_columns", VERIFIERS,      NULL};

static const char *
provider_of(const struct source_form *form)
{
    const struct body_value *provider = &form->value[SOURCE_PROVIDER_FIELD];

    return provider->given && provider->text != NULL ? provider->text : "hmac";
}

/* Where requests go: whether they may is looked at now, and again at every
   connect. An API inside one's own network may do without TLS. */
static void
check_targets(const struct source_options *options,
              const struct subscription_rules *rules, struct problems *problems)
{
    struct subscription_rules plain = *rules;

    plain.require_https = false;
    if (options->api_url != NULL)
        subscription_check_url("api_url", slice_of(options->api_url), &plain,
                               problems);
    if (options->invalidate_url != NULL)
        subscription_check_url("invalidate_url",
                               slice_of(options->invalidate_url), rules,
                               problems);
}

static void
check_options(const struct source_form *form, const char *const *names,
              const struct subscription_rules *rules, struct problems *problems)
{
    struct source_options options;
    struct buf text = BUF_INIT(SOURCE_JSON_MAX);

    source_options_init(&options, provider_of(form));
    source_options_read(&options, provider_of(form), form->object, names,
                        problems);
    check_targets(&options, rules, problems);
    source_options_print(&options, provider_of(form), &text);
    if (!buf_ok(&text))
        problem_add(problems, NULL, NULL, "value_error.max_bytes",
                    "ensure the options have at most %d bytes",
                    SOURCE_JSON_MAX);
    buf_free(&text);
    source_options_free(&options);
}

bool
source_form_read(struct source_form *form, struct slice body,
                 const struct subscription_rules *rules,
                 struct problems *problems)
{
    bool admin = rules->may_name_application;
    size_t count = admin ? SOURCE_FIELDS : SOURCE_APPLICATION_FIELD, i;
    const struct body_options options = {.part = rules->part};
    struct json_value given[SOURCE_FIELDS] = {{.type = JSON_NULL}};
    struct json_value json, verifiers;
    struct json_error error;
    size_t before = problems->count;

    memset(form, 0, sizeof(*form));
    if (!json_read(body, &json, &error)) {
        problem_json(problems, &error);
        return false;
    }
    if (json.type != JSON_OBJECT) {
        problem_not_object(problems);
        return false;
    }
    form->object = json.text;
    for (i = 0; i < count; i++)
        if (!json_find(json.text, fields[i].name, &given[i]))
            given[i].text = SLICE_NONE;
    (void)!body_read_given(given, fields, count, &options, form->value,
                           problems);
    form->verifiers_given = json_find(json.text, VERIFIERS, &verifiers);
    if (form->verifiers_given)
        source_form_verifiers(form, VERIFIERS, verifiers, problems);
    check_options(form, admin ? own_names : app_names, rules, problems);
    /* A full list reports no more, which does not make this body good. */
    return problems->count == before && before < PROBLEM_MAX;
}

void
source_form_options(const struct source_form *form,
                    struct source_options *options, const char *provider)
{
    struct problems none = {.count = 0};

    source_options_read(options, provider, form->object, own_names, &none);
}

void
source_form_free(struct source_form *form)
{
    static const enum source_field secrets[] = {SOURCE_SECRET_FIELD,
                                                SOURCE_API_KEY_FIELD};
    size_t i;

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        struct body_value *value = &form->value[secrets[i]];

        if (value->text != NULL)
            OPENSSL_cleanse(value->text, value->text_len);
    }
    verifier_list_free(&form->verifiers);
    body_free(form->value, SOURCE_FIELDS);
}
