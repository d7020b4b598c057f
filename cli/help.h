/*
 * help.h - what --help prints: of everything, of a group, of one command.
 */
#ifndef HELP_H
#define HELP_H

#include "command.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * group    NULL: all commands, with a line for each
 * verb     NULL: all commands of the group, with their usage
 * Both have to exist. json: an object for each command instead:
 * {"command","usage","help","options"}.
 */
void help_print(FILE *to, bool json, const char *group, const char *verb);

/* `postern help [GROUP [VERB]]`, and --help behind any words, which are taken.
   Words that name no command are refused. */
int help_asked(struct cli *cli) __attribute__((warn_unused_result));

/* Says that there is no such group, or no such verb of a group; EXIT_USE. */
int help_unknown(const char *group, const char *verb);

#endif /* HELP_H */
