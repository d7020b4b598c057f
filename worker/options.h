/*
 * options.h - the command line of posternd.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_SETS_MAX 64

struct options {
    const char *config;           /* -c FILE, or NULL */
    char *sets[OPTIONS_SETS_MAX]; /* --set name=value */
    size_t set_count;
    bool check;     /* -t */
    bool once;      /* --once */
    int max_time_s; /* --max-time, 0 = none */
    bool help;
    bool version;
};

/* False: *why says what is wrong. Strings are those of argv. */
bool options_parse(int argc, char **argv, struct options *options,
                   struct buf *why) __attribute__((warn_unused_result));

extern const char options_help[];

#endif /* OPTIONS_H */
