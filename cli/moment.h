/*
 * moment.h - a point in time as people write it on a command line.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include "command.h"

#include <stdint.h>

/* The value of that option: RFC 3339, or so long ago as "90s", "30m", "24h" or
   "7d" says. *wall_us stays as it is where the option is not given. Anything
   but EXIT_OK has been reported. */
int moment_take(struct cli *cli, const char *option, int64_t *wall_us)
    __attribute__((warn_unused_result));

/* False: it is none, or before 1970. */
bool moment_read(const char *text, int64_t now_us, int64_t *wall_us)
    __attribute__((warn_unused_result));

#endif /* MOMENT_H */
