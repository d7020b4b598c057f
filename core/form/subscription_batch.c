/*
 * subscription_batch.c - the batches of a subscription; see
 * subscription_batch.h.
 */
#include "subscription_batch.h"

#include "body.h"
#include "format.h"

enum batch_field { BATCH_SIZE, BATCH_WAIT, BATCH_FIELDS };

static const struct body_field fields[BATCH_FIELDS] = {
    [BATCH_SIZE] = {.name = "max_size",
                    .type = BODY_INT,
                    .rules = BODY_REQUIRED,
                    .min = 2,
                    .max = BATCH_SIZE_MAX},
    [BATCH_WAIT] = {.name = "max_wait_ms",
                    .type = BODY_INT,
                    .rules = BODY_NULLABLE,
                    .max = BATCH_WAIT_MAX_MS},
};

bool
subscription_batch_read(const char *field, struct slice object,
                        struct subscription_batch *batch,
                        struct problems *problems)
{
    static const struct body_options options = {false, NULL};
    const struct json_value json = {.type = JSON_OBJECT, .text = object};
    struct body_value values[BATCH_FIELDS];
    size_t first = problems->count;
    bool good;

    good =
        body_read_value(json, fields, BATCH_FIELDS, &options, values, problems);
    if (good)
        *batch = (struct subscription_batch){
            .max_size = (uint32_t)values[BATCH_SIZE].number,
            .max_wait_ms = values[BATCH_WAIT].given
                               ? (uint32_t)values[BATCH_WAIT].number
                               : BATCH_WAIT_MS,
        };
    else
        problem_put_name(problems, first, field);
    body_free(values, BATCH_FIELDS);
    return good;
}

void
subscription_batch_check(const struct subscription_form *form,
                         struct slice format, struct problems *problems)
{
    enum payload_format found = FORMAT_ENVELOPE;

    if (!form->value[FORM_BATCH].given)
        return;
    if (form->value[FORM_FORMAT].given)
        format = slice_of(subscription_form_word(form, FORM_FORMAT));
    else if (form->value[FORM_FORMAT].null)
        format = slice_of(format_name(FORMAT_ENVELOPE));
    if (!format_from_name(format, &found) || format_has_batch(found))
        return;
    problem_add(problems, "batch", NULL, "value_error.batch",
                "format %s cannot be sent in batches: its events carry no id; "
                "formats envelope and cloudevents can",
                format_name(found));
}

bool
subscription_batch_needs_format(const struct subscription_form *form)
{
    return form->value[FORM_BATCH].given && !form->value[FORM_FORMAT].given &&
           !form->value[FORM_FORMAT].null;
}

bool
subscription_batch_ends(const struct subscription_form *form)
{
    const struct body_value *batch = &form->value[FORM_BATCH];
    enum payload_format format;

    return !batch->given && !batch->null && form->value[FORM_FORMAT].given &&
           format_from_name(slice_of(subscription_form_word(form, FORM_FORMAT)),
                            &format) &&
           !format_has_batch(format);
}
