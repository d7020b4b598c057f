/*
 * response_code.h - HTTP status codes in filters: one, or a class of them.
 */
#ifndef RESPONSE_CODE_H
#define RESPONSE_CODE_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define RESPONSE_CODE_WANTED "a status code such as 404, or a class such as 4xx"

/* "404", or "4xx" for 400 to 499. */
bool response_code_read(struct slice text, uint32_t *min, uint32_t *max)
    __attribute__((warn_unused_result));

#endif /* RESPONSE_CODE_H */
