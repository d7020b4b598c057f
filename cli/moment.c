/*
 * moment.c - see moment.h.
 */
#include "moment.h"

#include "clock.h"
#include "number.h"
#include "output.h"

#include <string.h>

static const struct unit {
    char letter;
    int64_t us;
} units[] = {
    {'s', CLOCK_US_PER_S},
    {'m', 60 * CLOCK_US_PER_S},
    {'h', 3600 * CLOCK_US_PER_S},
    {'d', CLOCK_US_PER_DAY},
};

bool
moment_read(const char *text, int64_t now_us, int64_t *wall_us)
{
    struct slice digits = slice_of(text);
    uint64_t number;
    size_t i;

    if (clock_parse(digits, wall_us))
        return true;
    if (digits.len == 0)
        return false;
    digits.len--;
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].letter != text[digits.len] ||
            !number_u64(digits, (uint64_t)(now_us / units[i].us), &number))
            continue;
        *wall_us = now_us - (int64_t)number * units[i].us;
        return true;
    }
    return false;
}

int
moment_take(struct cli *cli, const char *option, int64_t *wall_us)
{
    const char *text = args_value(&cli->args, option);

    if (text == NULL || moment_read(text, clock_wall_us(), wall_us))
        return EXIT_OK;
    return output_error(
        EXIT_USE,
        "%s takes a time such as 2026-01-31T12:00:00Z, or so long "
        "ago: 90m, 24h, 7d; not '%s'",
        option, text);
}
