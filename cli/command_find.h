/*
 * command_find.h - looking commands and their options up, and what somebody
 * may have meant.
 *
 * The options of a command are those that its usage names. Two rows may have
 * the same words: two ways to call one command.
 */
#ifndef COMMAND_FIND_H
#define COMMAND_FIND_H

#include "command.h"

#include <stdbool.h>

#define COMMAND_OPTION_MAX 64 /* bytes of an option, with its dashes and NUL */

/* Goes through all rows; start with *table = 0, *row = 0. NULL: that was the
   last. */
const struct command *command_next(size_t *table, size_t *row);

bool command_group_exists(const char *group);

/* The command of these words; verb is ignored for a group that is a command
   itself, and may be NULL. NULL: there is none. */
const struct command *command_find(const char *group, const char *verb);

/* The next option in the usage of a row: start with *at = 0. */
bool command_next_option(const struct command *command, size_t *at,
                         char option[COMMAND_OPTION_MAX])
    __attribute__((warn_unused_result));

/* Is it an option of that command (of any row with its words)? word: as on the
   command line, "--name" or "--name=value". *valued: the next word is its
   value. */
bool command_has_option(const struct command *command, const char *word,
                        bool *valued) __attribute__((warn_unused_result));

/* NULL: nothing is like it. */
const char *command_like_group(const char *word);
const char *command_like_verb(const char *group, const char *word);

/* An option of that command, or of all of them. False: none is like it. */
bool command_like_option(const struct command *command, const char *word,
                         char option[COMMAND_OPTION_MAX])
    __attribute__((warn_unused_result));

#endif /* COMMAND_FIND_H */
