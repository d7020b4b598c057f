/*
 * clock.h - what time it is, and how times are written.
 *
 * Inside a process time is monotonic microseconds; between processes it is
 * UTC, microseconds since 1970-01-01T00:00:00Z. The two never mix.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_US_PER_MS INT64_C(1000)
#define CLOCK_US_PER_S INT64_C(1000000)
#define CLOCK_US_PER_DAY INT64_C(86400000000)

#define CLOCK_TEXT_MAX 40 /* bytes any of the formats below needs, with NUL */

int64_t
clock_mono_us(void); /* CLOCK_MONOTONIC: only differences mean a thing */
/* The same, and time that the machine was asleep counts: for what others
   reckon with, whose clocks go on. The two must not be compared. */
int64_t clock_boot_us(void); /* CLOCK_BOOTTIME */
int64_t clock_wall_us(void); /* CLOCK_REALTIME, UTC */

/* RFC 3339 in UTC: 2026-01-01T15:00:00Z, with a fraction of as few digits as
   keep the value (none, or up to six). Years 0001..9999. */
void clock_format_rfc3339(int64_t wall_us, char out[CLOCK_TEXT_MAX]);

/* The same with always three digits, rounded down: one below the other. */
void clock_format_rfc3339_ms(int64_t wall_us, char out[CLOCK_TEXT_MAX]);

/* 2026-01-01 15:00:00, UTC, as log lines of the text format start. */
void clock_format_log(int64_t wall_us, char out[CLOCK_TEXT_MAX]);

/* 2026-01-01 15:00:00.123456, a MariaDB literal without quotes. */
void clock_format_sql(int64_t wall_us, char out[CLOCK_TEXT_MAX]);

/*
 * Reads RFC 3339 (any offset, `T`, `t` or a space, fraction of 1..9 digits,
 * digits past the sixth are dropped) and what PostgreSQL prints
 * (2026-01-01 15:00:00+00, offsets of two digits, no offset = UTC).
 * False, with *wall_us untouched, for anything else, impossible dates (30
 * February) included; a leap second :60 counts as :59.999999.
 */
bool clock_parse(struct slice text, int64_t *wall_us)
    __attribute__((warn_unused_result));

/* MariaDB's DATETIME(6)/TIMESTAMP(6) text back to microseconds UTC. */
bool clock_parse_sql(struct slice text, int64_t *wall_us)
    __attribute__((warn_unused_result));

#endif /* CLOCK_H */
