/*
 * subscription_batch.h - what somebody wants the batches of a subscription to
 * be: {"max_size":100,"max_wait_ms":5000}.
 */
#ifndef SUBSCRIPTION_BATCH_H
#define SUBSCRIPTION_BATCH_H

#include "problem.h"
#include "slice.h"
#include "subscription_form.h"

#include <stdint.h>

#define BATCH_SIZE_MAX 1000
#define BATCH_WAIT_MAX_MS 60000
#define BATCH_WAIT_MS 5000 /* unless said */

struct subscription_batch {
    uint32_t max_size;
    uint32_t max_wait_ms;
};

/* False: problems say why, under the name of the field. object is JSON. */
bool subscription_batch_read(const char *field, struct slice object,
                             struct subscription_batch *batch,
                             struct problems *problems)
    __attribute__((warn_unused_result));

/* A format whose parts do not name their events cannot be batched. format: as
   the column spells it; what the form says itself goes before. */
void subscription_batch_check(const struct subscription_form *form,
                              struct slice format, struct problems *problems);

/* The form asks for batches, and not for a format: that of the row decides. */
bool subscription_batch_needs_format(const struct subscription_form *form);

/* The form asks for a format without batches, and not for batches. */
bool subscription_batch_ends(const struct subscription_form *form);

#endif /* SUBSCRIPTION_BATCH_H */
