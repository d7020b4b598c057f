/*
 * flags.c - see flags.h.
 */
#include "flags.h"

#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 64

static _Noreturn void
usage(const struct flag *flags, const char *program, const char *wrong)
{
    fprintf(stderr, "%s: %s\n", program, wrong);
    for (; flags->name != NULL; flags++)
        fprintf(stderr, "  --%-12s %s\n", flags->name, flags->help);
    exit(EXIT_USAGE);
}

void
flags_read(const struct flag *flags, int argc, char **argv)
{
    const struct flag *flag;
    int i;

    for (i = 1; i < argc; i += 2) {
        for (flag = flags; flag->name != NULL; flag++)
            if (strncmp(argv[i], "--", 2) == 0 &&
                strcmp(argv[i] + 2, flag->name) == 0)
                break;
        if (flag->name == NULL || i + 1 == argc)
            usage(flags, argv[0], argv[i]);
        if (flag->text != NULL)
            *flag->text = argv[i + 1];
        else if (!number_u64(slice_of(argv[i + 1]), flag->max, flag->number))
            usage(flags, argv[0], argv[i]);
    }
}
