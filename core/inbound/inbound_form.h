/*
 * inbound_form.h - a form (application/x-www-form-urlencoded) as JSON.
 *
 * A form with a field `payload` that is a JSON object or array is that value
 * (GitHub, Slack's interactivity); any other form is an object of its fields,
 * all of them strings; a name that comes several times has an array of them.
 */
#ifndef INBOUND_FORM_H
#define INBOUND_FORM_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define INBOUND_FORM_FIELDS 1000

/*
 * '+' is a space and a broken %xx stays as it is, as browsers have it; bytes
 * that are not UTF-8 become U+FFFD. out is emptied first. False: more than
 * INBOUND_FORM_FIELDS fields, or too large by far for its length.
 */
bool inbound_form(struct slice body, struct buf *out)
    __attribute__((warn_unused_result));

#endif /* INBOUND_FORM_H */
