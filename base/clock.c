/*
 * clock.c - what time it is, and how times are written; see clock.h.
 *
 * Dates are reckoned in the proleptic Gregorian calendar by arithmetic alone,
 * so the result depends neither on TZ nor on the zone files of the host.
 */
#include "clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#define FIRST_US INT64_C(-62135596800000000) /* 0001-01-01T00:00:00Z */
#define LAST_US INT64_C(253402300799999999)  /* 9999-12-31T23:59:59.999999Z */

struct civil {
    int64_t year;
    unsigned month, day, hour, minute, second, us;
};

static int64_t
read_clock(clockid_t which)
{
    struct timespec now;
    int failed = clock_gettime(which, &now);

    assert(failed == 0);
    (void)failed;
    return (int64_t)now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / 1000;
}

int64_t
clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_boot_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

/*
 * Days since 1970-01-01. The year is counted from March, so that the leap day
 * is its last day and the lengths of the months before it follow one formula.
 */
static int64_t
days_of_date(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year =
        (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static void
date_of_days(int64_t days, struct civil *c)
{
    int64_t from_march = days + 719468; /* since 0000-03-01, never negative */
    int64_t era = from_march / 146097;
    int64_t of_era = from_march - era * 146097;
    int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    c->day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    c->month = (unsigned)(month < 10 ? month + 3 : month - 9);
    c->year = year + era * 400 + (c->month <= 2 ? 1 : 0);
}

static struct civil
civil_of(int64_t wall_us)
{
    struct civil c;
    int64_t days, of_day;

    if (wall_us < FIRST_US)
        wall_us = FIRST_US;
    if (wall_us > LAST_US)
        wall_us = LAST_US;
    days = wall_us / CLOCK_US_PER_DAY;
    if (wall_us % CLOCK_US_PER_DAY < 0)
        days--;
    of_day = wall_us - days * CLOCK_US_PER_DAY;
    date_of_days(days, &c);
    c.us = (unsigned)(of_day % CLOCK_US_PER_S);
    of_day /= CLOCK_US_PER_S;
    c.second = (unsigned)(of_day % 60);
    c.minute = (unsigned)(of_day / 60 % 60);
    c.hour = (unsigned)(of_day / 3600);
    return c;
}

/* Writes the date, `between`, and the time to the second: 19 characters. */
static void
format_seconds(const struct civil *c, char between, char out[CLOCK_TEXT_MAX])
{
    (void)snprintf(out, CLOCK_TEXT_MAX, "%04d-%02u-%02u%c%02u:%02u:%02u",
                   (int)c->year, c->month, c->day, between, c->hour, c->minute,
                   c->second);
}

void
clock_format_rfc3339(int64_t wall_us, char out[CLOCK_TEXT_MAX])
{
    struct civil c = civil_of(wall_us);
    size_t len = 19;

    format_seconds(&c, 'T', out);
    if (c.us != 0) {
        (void)snprintf(out + len, CLOCK_TEXT_MAX - len, ".%06u", c.us);
        for (len += 7; out[len - 1] == '0';)
            len--;
    }
    out[len] = 'Z';
    out[len + 1] = '\0';
}

void
clock_format_rfc3339_ms(int64_t wall_us, char out[CLOCK_TEXT_MAX])
{
    struct civil c = civil_of(wall_us);

    format_seconds(&c, 'T', out);
    (void)snprintf(out + 19, CLOCK_TEXT_MAX - 19, ".%03uZ", c.us / 1000);
}

void
clock_format_log(int64_t wall_us, char out[CLOCK_TEXT_MAX])
{
    struct civil c = civil_of(wall_us);

    format_seconds(&c, ' ', out);
}

void
clock_format_sql(int64_t wall_us, char out[CLOCK_TEXT_MAX])
{
    struct civil c = civil_of(wall_us);

    format_seconds(&c, ' ', out);
    (void)snprintf(out + 19, CLOCK_TEXT_MAX - 19, ".%06u", c.us);
}

/* Takes exactly `count` digits off the front. */
static bool
take_digits(struct slice *text, size_t count, unsigned *out)
{
    unsigned value = 0;
    size_t i;

    if (text->len < count)
        return false;
    for (i = 0; i < count; i++) {
        unsigned digit = (unsigned char)text->ptr[i] - (unsigned)'0';

        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    text->ptr += count;
    text->len -= count;
    *out = value;
    return true;
}

/* Takes one character off the front if it is one of `any`. */
static bool
take_char(struct slice *text, const char *any, char *out)
{
    if (text->len == 0 || text->ptr[0] == '\0' ||
        strchr(any, text->ptr[0]) == NULL)
        return false;
    *out = text->ptr[0];
    text->ptr++;
    text->len--;
    return true;
}

/* A fraction of 1..max_digits digits, if there is a point; to microseconds. */
static bool
take_fraction(struct slice *text, size_t max_digits, unsigned *us)
{
    unsigned digit, value = 0;
    size_t count = 0;
    char point;

    *us = 0;
    if (!take_char(text, ".", &point))
        return true;
    while (take_digits(text, 1, &digit)) {
        if (++count > max_digits)
            return false;
        if (count <= 6)
            value = value * 10 + digit;
    }
    if (count == 0)
        return false;
    for (; count < 6; count++)
        value *= 10;
    *us = value;
    return true;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30,
                                         31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Date, a separator out of `between`, time and fraction: microseconds UTC. */
static bool
take_moment(struct slice *text, const char *between, size_t max_digits,
            int64_t *wall_us)
{
    unsigned year, month, day, hour, minute, second, us;
    char c;

    if (!take_digits(text, 4, &year) || !take_char(text, "-", &c) ||
        !take_digits(text, 2, &month) || !take_char(text, "-", &c) ||
        !take_digits(text, 2, &day) || !take_char(text, between, &c) ||
        !take_digits(text, 2, &hour) || !take_char(text, ":", &c) ||
        !take_digits(text, 2, &minute) || !take_char(text, ":", &c) ||
        !take_digits(text, 2, &second) || !take_fraction(text, max_digits, &us))
        return false;
    if (year == 0 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    if (second == 60) {
        second = 59;
        us = 999999;
    }
    *wall_us = days_of_date(year, month, day) * CLOCK_US_PER_DAY +
               (int64_t)(hour * 3600 + minute * 60 + second) * CLOCK_US_PER_S +
               us;
    return true;
}

/* Z, +hh:mm, +hh or nothing; how far local time is ahead of UTC. */
static bool
take_offset(struct slice *text, int64_t *ahead_us)
{
    unsigned hours, minutes = 0;
    char sign, c;

    *ahead_us = 0;
    if (text->len == 0 || take_char(text, "Zz", &c))
        return true;
    if (!take_char(text, "+-", &sign) || !take_digits(text, 2, &hours))
        return false;
    if (take_char(text, ":", &c) && !take_digits(text, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ahead_us = (int64_t)(hours * 60 + minutes) * 60 * CLOCK_US_PER_S;
    if (sign == '-')
        *ahead_us = -*ahead_us;
    return true;
}

bool
clock_parse(struct slice text, int64_t *wall_us)
{
    int64_t local_us, ahead_us;

    if (!take_moment(&text, "Tt ", 9, &local_us) ||
        !take_offset(&text, &ahead_us) || text.len != 0)
        return false;
    if (local_us - ahead_us < FIRST_US || local_us - ahead_us > LAST_US)
        return false;
    *wall_us = local_us - ahead_us;
    return true;
}

bool
clock_parse_sql(struct slice text, int64_t *wall_us)
{
    int64_t us;

    if (!take_moment(&text, " ", 6, &us) || text.len != 0)
        return false;
    *wall_us = us;
    return true;
}
