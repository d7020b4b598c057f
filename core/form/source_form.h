/*
 * source_form.h - what somebody wants a source to be: the JSON of POST and
 * PATCH /api/sources, and of `postern source add` and `set`.
 *
 *   name, provider, description, application, secret, keep_secrets, verifiers,
 *   api_key, max_attempts, retry_delay, concurrency, relay, key_columns, and
 *   every option of source_options.h
 *
 * A verifier has the members of verifier_list.h; without `secrets` it keeps
 * those of the present verifier of its kind and header.
 */
#ifndef SOURCE_FORM_H
#define SOURCE_FORM_H

#include "body.h"
#include "problem.h"
#include "slice.h"
#include "source_options.h"
#include "subscription_form.h"
#include "verifier_list.h"

#include <stdbool.h>

enum source_field {
    SOURCE_NAME_FIELD,
    SOURCE_PROVIDER_FIELD,
    SOURCE_DESCRIPTION_FIELD,
    SOURCE_SECRET_FIELD,
    SOURCE_KEEP_SECRETS_FIELD,
    SOURCE_API_KEY_FIELD,
    SOURCE_MAX_ATTEMPTS_FIELD,
    SOURCE_RETRY_DELAY_FIELD,
    SOURCE_CONCURRENCY_FIELD,
    SOURCE_RELAY_FIELD,
    SOURCE_KEY_COLUMNS_FIELD,
    SOURCE_APPLICATION_FIELD, /* the last: only an admin has it */
    SOURCE_FIELDS
};

#define SOURCE_NAME_BYTES 64
#define SOURCE_SECRET_MIN 8
#define SOURCE_API_KEY_BYTES 2048
#define SOURCE_KEY_COLUMNS_BYTES 1000

struct source_form {
    struct body_value value[SOURCE_FIELDS];
    bool verifiers_given; /* null and [] are an empty list */
    struct verifier_list verifiers;
    bool no_secrets[VERIFIER_ENTRIES_MAX]; /* of that verifier none are given */
    struct slice object; /* the body, for source_form_options() */
};

/* False: problems say why. The form is to be freed in any case; it points into
   body. rules->part: PATCH. */
bool source_form_read(struct source_form *form, struct slice body,
                      const struct subscription_rules *rules,
                      struct problems *problems)
    __attribute__((warn_unused_result));

/* Takes the options that are given over; the form was read without problems. */
void source_form_options(const struct source_form *form,
                         struct source_options *options, const char *provider);

/* Wipes the secrets. */
void source_form_free(struct source_form *form);

/* Why a name cannot be that of a source; NULL: it can. */
const char *source_form_name_problem(struct slice name);

/* A secret as such: bytes and length. False: a problem has been added at
   loc ["body",field]. */
bool source_form_check_secret(struct slice secret, const char *field,
                              struct problems *problems);

#endif /* SOURCE_FORM_H */
