/*
 * inbound_time.h - points in time as providers write them.
 *
 *   1777279600, 1777279600123, 1777279600.000005   since 1970, in seconds,
 *       milliseconds, microseconds or nanoseconds by the number of digits, as
 *       JSON numbers or strings
 *   2026-01-01T15:00:00Z and all else that clock_parse() takes
 *   2026-01-01T15:00:00.000+0000, 2026-01-01 15:00:00 +0200, ... UTC
 *   Thu, 01 Jan 2026 15:00:00 +0000                RFC 5322, RFC 9110
 */
#ifndef INBOUND_TIME_H
#define INBOUND_TIME_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Microseconds UTC since 1970. False, with *wall_us untouched, for anything
   else, and for what is before 1970. */
bool inbound_time(struct slice text, int64_t *wall_us)
    __attribute__((warn_unused_result));

#endif /* INBOUND_TIME_H */
