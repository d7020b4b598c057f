/*
 * replay_form.h - what somebody wants to have delivered again: the JSON of
 * POST /api/webhooks/{id}/recover and /replay-missing, of
 * POST /api/deliveries/retry, and of the same in Svix's API.
 */
#ifndef REPLAY_FORM_H
#define REPLAY_FORM_H

#include "body.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum replay_form_kind {
    REPLAY_FORM_RANGE, /* since, until, rate, confirm */
    REPLAY_FORM_RETRY, /* the same with the filters of a list of deliveries */
    REPLAY_FORM_SVIX,  /* since, until */
    REPLAY_FORM_BULK,  /* the same with the filters of Svix's API */
    REPLAY_FORM_KINDS
};

#define REPLAY_FORM_FIELDS 10

struct replay_form_rules {
    int64_t now_us;
    bool may_name_application; /* an admin; else the field is unknown */
};

struct replay_form {
    bool confirm;
    int64_t since_us; /* 0 = from the beginning */
    int64_t until_us; /* now, unless said */
    bool has_rate;
    uint32_t rate;
    /* Of the filters; texts are the form's. */
    struct slice application;            /* or absent */
    uint32_t subscription_id;            /* 0 = any */
    const char *status;                  /* of a finished delivery */
    struct slice event_type;             /* or absent */
    const struct body_item *event_types; /* or count 0 */
    size_t event_type_count;
    struct slice response_code; /* "404", "4xx", or absent */
    struct slice error_class;   /* or absent */

    struct body_value value[REPLAY_FORM_FIELDS];
    char code_text[4];
    enum replay_form_kind kind;
};

/* False: problems say why, in field order. The form is to be freed in any
   case. */
bool replay_form_read(struct replay_form *form, struct slice body,
                      enum replay_form_kind kind,
                      const struct replay_form_rules *rules,
                      struct problems *problems)
    __attribute__((warn_unused_result));

void replay_form_free(struct replay_form *form);

#endif /* REPLAY_FORM_H */
