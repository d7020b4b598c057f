/*
 * svix_endpoint_form.h - what somebody wants an endpoint to be, in the words of
 * Svix's API, told to the rest as a subscription.
 *
 *   url, description, uid, disabled, eventTypes (= filterTypes), channels,
 *   secret, throttleRate (= rateLimit), metadata, headers, version (ignored)
 *
 * A new endpoint sends the payload alone and is retried by Svix's schedule.
 */
#ifndef SVIX_ENDPOINT_FORM_H
#define SVIX_ENDPOINT_FORM_H

#include "app.h"
#include "slice.h"
#include "subscription_form.h"

#include <stdbool.h>

/* What a request says about an endpoint. */
enum svix_endpoint_way {
    SVIX_ENDPOINT_NEW,
    SVIX_ENDPOINT_REPLACE, /* what is not said gets its default */
    SVIX_ENDPOINT_CHANGE   /* what is not said stays */
};

struct svix_endpoint_form {
    struct subscription_form subscription;

    /* What the others point into. */
    struct body_value *values;
    struct buf json;
};

/* Reads the request's body. False: the answer is written. The form is to be
   freed in any case. */
bool svix_endpoint_form_read(struct svix_endpoint_form *form,
                             struct exchange *exchange,
                             enum svix_endpoint_way way)
    __attribute__((warn_unused_result));

/* The same for the headers alone: a JSON object that is to replace them. */
bool svix_endpoint_form_headers(struct svix_endpoint_form *form,
                                struct exchange *exchange, struct slice headers)
    __attribute__((warn_unused_result));

/* Wipes the secrets. */
void svix_endpoint_form_free(struct svix_endpoint_form *form);

#endif /* SVIX_ENDPOINT_FORM_H */
