/*
 * answer_mask.h - taking out of an endpoint's answer what only the endpoint may
 * know of its subscription, before anything of it is stored.
 */
#ifndef ANSWER_MASK_H
#define ANSWER_MASK_H

#include "catalog.h"
#include "http_request.h"

#include <stdbool.h>
#include <stddef.h>

/* Masks in the text the signing secrets, the values of the subscription's own
   headers, its credentials, and the Authorization that was sent. cut: the text
   may end in the middle of one of them. */
void answer_mask(const struct subscription *subscription,
                 const struct request *request, char *text, size_t len,
                 bool cut);

#endif /* ANSWER_MASK_H */
