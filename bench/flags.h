/*
 * flags.h - the command line of a benchmark program: --name value pairs, all
 * of them in one table.
 */
#ifndef FLAGS_H
#define FLAGS_H

#include <stdint.h>

struct flag {
    const char *name; /* without the dashes; NULL ends a table */
    const char *help; /* with the unit */
    uint64_t *number; /* one of these two is set */
    const char **text;
    uint64_t max; /* of number */
};

/* Fills in what was given. Anything wrong: usage on stderr and exit code 64. */
void flags_read(const struct flag *flags, int argc, char **argv);

#endif /* FLAGS_H */
