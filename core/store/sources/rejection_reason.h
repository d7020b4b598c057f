/*
 * rejection_reason.h - the words that say in `rejections` why a request, or a
 * row of `outbox`, came to nothing.
 */
#ifndef REJECTION_REASON_H
#define REJECTION_REASON_H

#include "buf.h"
#include "slice.h"
#include "store_source_rejection.h"

#include <stdbool.h>

/* Can rows of that scope have it? */
bool rejection_reason_known(enum rejection_scope scope, struct slice word);

/* 'duplicate', 'invalid_source', ...: all that they can have, for a person. */
void rejection_reasons_print(enum rejection_scope scope, struct buf *out);

#endif /* REJECTION_REASON_H */
