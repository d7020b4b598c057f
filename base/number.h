/*
 * number.h - numbers from text, strictly: all of it, or nothing.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits with an optional '-', no white space, no '+', no leading
   zeros beside a lone 0, min <= value <= max. Writes *out only on success. */
bool number_i64(struct slice text, int64_t min, int64_t max, int64_t *out)
    __attribute__((warn_unused_result));
bool number_u64(struct slice text, uint64_t max, uint64_t *out)
    __attribute__((warn_unused_result));

#endif /* NUMBER_H */
