/*
 * svix_message_form.h - a message that somebody wants to send, in the words of
 * Svix's API, told to the rest as an event.
 *
 *   eventType, payload, eventId, channels, deliverAt, tags; ignored:
 *   payloadRetentionPeriod, payloadRetentionHours, application
 */
#ifndef SVIX_MESSAGE_FORM_H
#define SVIX_MESSAGE_FORM_H

#include "app.h"
#include "buf.h"
#include "event.h"
#include "trigger_form.h"

#include <stdbool.h>

struct svix_message_form {
    struct trigger trigger;
    struct buf metadata; /* {"tags":[...],"deliverAt":"..."} */
};

/* Reads the request's body. False: the answer is written. The form is to be
   freed in any case. */
bool svix_message_form_read(struct svix_message_form *form,
                            struct exchange *exchange)
    __attribute__((warn_unused_result));

void svix_message_form_free(struct svix_message_form *form);

#endif /* SVIX_MESSAGE_FORM_H */
