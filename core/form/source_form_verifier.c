/*
 * source_form_verifier.c - the verifiers of a source as somebody wants them.
 */
#include "source_form_verifier.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 100
#define TEXT_BYTES 256

enum verifier_field {
    VERIFIER_KIND,
    VERIFIER_HEADER,
    VERIFIER_PREFIX,
    VERIFIER_PREFIX_OPTIONAL,
    VERIFIER_ENCODING,
    VERIFIER_DIGEST,
    VERIFIER_SIGNED,
    VERIFIER_TIMESTAMP_HEADER,
    VERIFIER_ID_HEADER,
    VERIFIER_WINDOW,
    VERIFIER_SECRETS,
    VERIFIER_FIELDS
};

static const char *const encodings[] = {"hex", "base64", NULL};
/* In the order of enum verify_digest. */
static const char *const digests[] = {"sha256", "sha512", "sha1", NULL};

#define TEXT(field, bytes)                                                     \
    {                                                                          \
        .name = (field), .type = BODY_STR, .rules = BODY_NULLABLE, .min = 1,   \
        .max = (bytes)                                                         \
    }

static const struct body_field fields[VERIFIER_FIELDS] = {
    [VERIFIER_KIND] = {.name = "kind",
                       .type = BODY_STR,
                       .rules = BODY_REQUIRED,
                       .min = 1,
                       .max = 32},
    [VERIFIER_HEADER] = TEXT("header", HEADER_BYTES),
    [VERIFIER_PREFIX] = TEXT("prefix", HEADER_BYTES),
    [VERIFIER_PREFIX_OPTIONAL] = {.name = "prefix_optional",
                                  .type = BODY_BOOL,
                                  .rules = BODY_NULLABLE},
    [VERIFIER_ENCODING] = {.name = "encoding",
                           .type = BODY_WORD,
                           .rules = BODY_NULLABLE,
                           .words = encodings},
    [VERIFIER_DIGEST] = {.name = "digest",
                         .type = BODY_WORD,
                         .rules = BODY_NULLABLE,
                         .words = digests},
    [VERIFIER_SIGNED] = TEXT("signed", TEXT_BYTES),
    [VERIFIER_TIMESTAMP_HEADER] = TEXT("timestamp_header", HEADER_BYTES),
    [VERIFIER_ID_HEADER] = TEXT("id_header", HEADER_BYTES),
    [VERIFIER_WINDOW] = {.name = "window",
                         .type = BODY_INT,
                         .rules = BODY_NULLABLE,
                         .min = VERIFY_ANY_TIME,
                         .max = 86400},
    [VERIFIER_SECRETS] = {.name = "secrets",
                          .type = BODY_LIST_STR,
                          .rules = BODY_NULLABLE,
                          .max = VERIFIER_SECRETS_MAX,
                          .item_min = 1,
                          .item_max = VERIFIER_SECRET_BYTES},
};

/* Points into the values. */
static struct verifier
verifier_of(const struct body_value *value, struct slice *secrets)
{
    const struct body_value *list = &value[VERIFIER_SECRETS];
    size_t i;

    for (i = 0; i < list->item_count; i++)
        secrets[i] = slice_make(list->items[i].text, list->items[i].text_len);
    return (struct verifier){
        .kind = value[VERIFIER_KIND].text,
        .header = value[VERIFIER_HEADER].text,
        .prefix = value[VERIFIER_PREFIX].text,
        .prefix_optional = value[VERIFIER_PREFIX_OPTIONAL].number != 0,
        .base64 = value[VERIFIER_ENCODING].number != 0,
        .digest = (enum verify_digest)value[VERIFIER_DIGEST].number,
        .signed_text = value[VERIFIER_SIGNED].text,
        .timestamp_header = value[VERIFIER_TIMESTAMP_HEADER].text,
        .id_header = value[VERIFIER_ID_HEADER].text,
        .window_s = value[VERIFIER_WINDOW].number,
        .secrets = secrets,
        .secret_count = list->item_count,
    };
}

/* A preset has nothing of its own but secrets. */
static bool
has_settings(const struct verifier *verifier)
{
    return verifier->header != NULL || verifier->prefix != NULL ||
           verifier->prefix_optional || verifier->base64 ||
           verifier->digest != VERIFY_SHA256 || verifier->signed_text != NULL ||
           verifier->timestamp_header != NULL || verifier->id_header != NULL ||
           verifier->window_s != 0;
}

static const char *
problem_of(const struct verifier *verifier)
{
    if (strcmp(verifier->kind, VERIFIER_PRESET) != 0)
        return verifier_problem(verifier);
    return has_settings(verifier) ? "a preset has secrets only" : NULL;
}

/* Two that the same header picks would refuse every request. */
static bool
is_twice(const struct verifier_list *list, const struct verifier *verifier)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        const struct verifier *other = &list->list[i];

        if (strcmp(other->kind, verifier->kind) == 0 &&
            (other->header == NULL) == (verifier->header == NULL) &&
            (other->header == NULL ||
             slice_is_nocase(slice_of(other->header), verifier->header)))
            return true;
    }
    return false;
}

static void
check_secrets(const struct verifier *verifier, struct problems *problems)
{
    bool preset = strcmp(verifier->kind, VERIFIER_PRESET) == 0;
    size_t i;

    for (i = 0; i < verifier->secret_count; i++) {
        if (!source_form_check_secret(verifier->secrets[i], "secrets",
                                      problems))
            return;
        if (!preset && !verifier_takes_secret(verifier, verifier->secrets[i]))
            problem_add(problems, "secrets", NULL, "value_error.secret",
                        "secret %zu is none that this kind of verifier can "
                        "use",
                        i + 1);
    }
}

static void
add_verifier(struct source_form *form, const struct body_value *value,
             struct problems *problems)
{
    struct slice secrets[VERIFIER_SECRETS_MAX];
    struct verifier verifier = verifier_of(value, secrets);
    const char *why = problem_of(&verifier);

    if (why == NULL && is_twice(&form->verifiers, &verifier))
        why = "there is another one of this kind and header";
    if (why != NULL) {
        problem_add(problems, "kind", NULL, "value_error.verifier", "%s", why);
        return;
    }
    check_secrets(&verifier, problems);
    form->no_secrets[form->verifiers.count] = !value[VERIFIER_SECRETS].given;
    (void)!verifier_list_add(&form->verifiers, &verifier);
}

static void
wipe_values(struct body_value *value)
{
    struct body_value *list = &value[VERIFIER_SECRETS];
    size_t i;

    for (i = 0; i < list->item_count; i++)
        if (list->items[i].text != NULL)
            OPENSSL_cleanse(list->items[i].text, list->items[i].text_len);
    body_free(value, VERIFIER_FIELDS);
}

/* ["body",0,"kind"] becomes ["body","verifiers",0,"kind"]. */
static void
read_element(struct source_form *form, struct json_value element, size_t index,
             const char *field, struct problems *problems)
{
    const struct body_options options = {.part = false};
    struct body_value value[VERIFIER_FIELDS] = {{0}};
    size_t before = problems->count;

    if (element.type != JSON_OBJECT) {
        body_problem_item(problems, field, index, "type_error.dict",
                          "dict type expected");
        return;
    }
    if (body_read_value(element, fields, VERIFIER_FIELDS, &options, value,
                        problems))
        add_verifier(form, value, problems);
    wipe_values(value);
    problem_put_index(problems, before, index);
    problem_put_name(problems, before, field);
}

void
source_form_verifiers(struct source_form *form, const char *field,
                      struct json_value json, struct problems *problems)
{
    struct json_member item;
    size_t at = 0, count = 0;

    if (json.type == JSON_NULL)
        return;
    if (json.type != JSON_ARRAY) {
        problem_type(problems, field, NULL, "list");
        return;
    }
    while (json_next(json.text, &at, &item))
        count++;
    if (count > VERIFIER_ENTRIES_MAX - 1) {
        problem_add(problems, field, NULL, "value_error.list.max_items",
                    "ensure this value has at most %d items",
                    VERIFIER_ENTRIES_MAX - 1);
        return;
    }
    for (at = 0, count = 0; json_next(json.text, &at, &item); count++)
        read_element(form, item.value, count, field, problems);
}
