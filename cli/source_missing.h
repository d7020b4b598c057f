/*
 * source_missing.h - what a source still needs before it can work, and the
 * command that gives it.
 */
#ifndef SOURCE_MISSING_H
#define SOURCE_MISSING_H

#include "command.h"

/* Says it, a line for each thing; nothing for a source that is complete.
   cli_sealer() and cli_schema() were called. */
void source_missing_say(struct cli *cli, const char *name);

#endif /* SOURCE_MISSING_H */
