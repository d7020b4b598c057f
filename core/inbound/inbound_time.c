/*
 * inbound_time.c - points in time as providers write them; see inbound_time.h.
 */
#include "inbound_time.h"

#include "clock.h"
#include "number.h"

#include <stdio.h>
#include <strings.h>

#define TEXT_MAX 64 /* bytes: no time is longer */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
count_digits(struct slice text)
{
    size_t count = 0;

    while (count < text.len && is_digit(text.ptr[count]))
        count++;
    return count;
}

/* ".000005" behind seconds, to microseconds; what follows is cut off. */
static bool
read_fraction(struct slice text, int64_t *us)
{
    size_t i, digits;

    *us = 0;
    if (text.len == 0)
        return true;
    if (text.ptr[0] != '.')
        return false;
    text = slice_make(text.ptr + 1, text.len - 1);
    digits = count_digits(text);
    if (digits == 0 || digits != text.len)
        return false;
    for (i = 0; i < 6; i++)
        *us = *us * 10 + (i < digits ? text.ptr[i] - '0' : 0);
    return true;
}

static bool
read_number(struct slice text, int64_t *wall_us)
{
    /* Units by the number of digits: eleven are seconds until the year 5138,
       and milliseconds before March 1973, which nobody sends. */
    static const struct {
        size_t digits;
        int64_t multiply, divide;
    } units[] = {
        {11, CLOCK_US_PER_S, 1},
        {14, CLOCK_US_PER_MS, 1},
        {17, 1, 1},
        {19, 1, 1000},
    };
    size_t digits = count_digits(text), i = 0;
    int64_t value, us;

    if (!number_i64(slice_make(text.ptr, digits), 0, INT64_MAX, &value))
        return false;
    while (i < sizeof(units) / sizeof(units[0]) && units[i].digits < digits)
        i++;
    if (i == sizeof(units) / sizeof(units[0]) ||
        !read_fraction(slice_make(text.ptr + digits, text.len - digits), &us))
        return false;
    value = value * units[i].multiply / units[i].divide;
    if (i == 0)
        value += us;
    *wall_us = value;
    return true;
}

/* Takes the next word off, and the white space in front of it. */
static struct slice
next_word(struct slice *text)
{
    struct slice word;
    size_t len = 0;

    *text = slice_trim(*text);
    while (len < text->len && text->ptr[len] != ' ')
        len++;
    word = slice_make(text->ptr, len);
    *text = slice_make(text->ptr + len, text->len - len);
    return word;
}

/* 1 to 12; 0: no month. */
static int
month_of(struct slice name)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr",
                                        "May", "Jun", "Jul", "Aug",
                                        "Sep", "Oct", "Nov", "Dec"};
    int i;

    for (i = 0; i < 12; i++)
        if (slice_is_nocase(name, names[i]))
            return i + 1;
    return 0;
}

/* "Thu, 01 Jan 2026 15:00:00 +0000" as "2026-01-01 15:00:00 +0000". */
static bool
put_date_first(struct slice text, char out[TEXT_MAX + 3])
{
    const char *comma = memchr(text.ptr, ',', text.len);
    size_t skip = comma == NULL ? 0 : (size_t)(comma - text.ptr) + 1;
    struct slice rest = slice_make(text.ptr + skip, text.len - skip);
    struct slice day = next_word(&rest), name = next_word(&rest),
                 year = next_word(&rest);
    int month = month_of(name), len;

    rest = slice_trim(rest);
    if (month == 0 || day.len < 1 || day.len > 2 || year.len != 4 ||
        rest.len == 0)
        return false;
    len = snprintf(out, TEXT_MAX + 1, "%.4s-%02d-%s%.*s %.*s", year.ptr, month,
                   day.len == 1 ? "0" : "", (int)day.len, day.ptr,
                   (int)rest.len, rest.ptr);
    return len > 0 && len <= TEXT_MAX;
}

/* The offset as clock_parse() wants it: "UTC" and "GMT" become "Z", a space in
   front of it goes, "+0000" becomes "+00:00". */
static void
mend_offset(char text[TEXT_MAX + 3])
{
    char *end = text + strlen(text), *sign, *at;

    if (end - text > 4 && (strcasecmp(end - 4, " UTC") == 0 ||
                           strcasecmp(end - 4, " GMT") == 0)) {
        end[-4] = 'Z';
        end[-3] = '\0';
        return;
    }
    /* Behind the date, whose parts are also divided by '-'. */
    sign = strrchr(text, '+') != NULL ? strrchr(text, '+') : strrchr(text, '-');
    if (sign == NULL || sign - text < 11)
        return;
    if (sign[-1] == ' ') {
        memmove(sign - 1, sign, strlen(sign) + 1);
        sign--;
    }
    for (at = sign + 1; is_digit(*at); at++)
        ;
    if (*at == '\0' && at - sign == 5) {
        memmove(sign + 4, sign + 3, 3);
        sign[3] = ':';
    }
}

bool
inbound_time(struct slice text, int64_t *wall_us)
{
    char copy[TEXT_MAX + 3];
    int64_t us;

    text = slice_trim(text);
    if (text.len == 0 || text.len > TEXT_MAX ||
        memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    if (is_digit(text.ptr[0]) && read_number(text, wall_us))
        return true;
    if (!clock_parse(text, &us)) {
        if (!put_date_first(text, copy)) {
            memcpy(copy, text.ptr, text.len);
            copy[text.len] = '\0';
        }
        mend_offset(copy);
        if (!clock_parse(slice_of(copy), &us))
            return false;
    }
    if (us < 0)
        return false;
    *wall_us = us;
    return true;
}
