/*
 * command_find.c - see command_find.h.
 */
#include "command_find.h"

#include "nearest.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64 /* of one command, with those of all */

static const char *const global_options[] = {"--config", "--set",  "--json",
                                             "--quiet",  "--help", "--version"};

const struct command *
command_next(size_t *table, size_t *row)
{
    while (command_tables[*table] != NULL) {
        const struct command *command = &command_tables[*table][(*row)++];

        if (command->group != NULL)
            return command;
        ++*table;
        *row = 0;
    }
    return NULL;
}

bool
command_group_exists(const char *group)
{
    const struct command *command;
    size_t table = 0, row = 0;

    while ((command = command_next(&table, &row)) != NULL)
        if (strcmp(command->group, group) == 0)
            return true;
    return false;
}

const struct command *
command_find(const char *group, const char *verb)
{
    const struct command *command;
    size_t table = 0, row = 0;

    while ((command = command_next(&table, &row)) != NULL) {
        if (strcmp(command->group, group) != 0)
            continue;
        if (command->verb == NULL)
            return command;
        if (verb != NULL && strcmp(command->verb, verb) == 0)
            return command;
    }
    return NULL;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool
command_next_option(const struct command *command, size_t *at,
                    char option[COMMAND_OPTION_MAX])
{
    const char *start = command->usage + *at;
    size_t len;

    /* "[--name" or "| --name", but no dashes inside of a word. */
    while ((start = strstr(start, "--")) != NULL && start != command->usage &&
           strchr(" [|(", start[-1]) == NULL)
        start += 2;
    if (start == NULL)
        return false;
    for (len = 2; is_letter(start[len]);)
        len++;
    *at = (size_t)(start - command->usage) + len;
    (void)snprintf(option, COMMAND_OPTION_MAX, "%.*s", (int)len, start);
    return true;
}

static bool
is_same(const struct command *a, const struct command *b)
{
    return strcmp(a->group, b->group) == 0 &&
           (a->verb == NULL ? b->verb == NULL
                            : b->verb != NULL && strcmp(a->verb, b->verb) == 0);
}

/* "--name VALUE" in a usage, but not "[--flag]" or "--flag | --other". */
static bool
has_value(const char *behind)
{
    return behind[0] == ' ' && strchr("[|(-", behind[1]) == NULL;
}

bool
command_has_option(const struct command *command, const char *word,
                   bool *valued)
{
    size_t len = strcspn(word, "="), table = 0, row = 0, at;
    char option[COMMAND_OPTION_MAX];
    const struct command *other;

    while ((other = command_next(&table, &row)) != NULL) {
        at = 0;
        while (is_same(command, other) &&
               command_next_option(other, &at, option)) {
            if (strlen(option) != len || strncmp(option, word, len) != 0)
                continue;
            *valued = word[len] == '\0' && has_value(other->usage + at);
            return true;
        }
    }
    return false;
}

const char *
command_like_group(const char *word)
{
    const struct command *command;
    size_t table = 0, row = 0;
    struct nearest nearest;

    nearest_begin(&nearest, word);
    while ((command = command_next(&table, &row)) != NULL)
        nearest_offer(&nearest, command->group);
    return nearest.found;
}

const char *
command_like_verb(const char *group, const char *word)
{
    const struct command *command;
    size_t table = 0, row = 0;
    struct nearest nearest;

    nearest_begin(&nearest, word);
    while ((command = command_next(&table, &row)) != NULL)
        if (strcmp(command->group, group) == 0 && command->verb != NULL)
            nearest_offer(&nearest, command->verb);
    return nearest.found;
}

/* Without the dashes, which every option has. */
static const char *
name_of(const char *option)
{
    return option + strspn(option, "-");
}

bool
command_like_option(const struct command *command, const char *word,
                    char option[COMMAND_OPTION_MAX])
{
    char options[OPTIONS_MAX][COMMAND_OPTION_MAX], name[COMMAND_OPTION_MAX];
    const struct command *other;
    size_t table = 0, row = 0, at, count = 0, i;
    struct nearest nearest;

    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(name_of(word), "="),
                   name_of(word));
    nearest_begin(&nearest, name);
    for (i = 0; i < sizeof(global_options) / sizeof(global_options[0]); i++)
        nearest_offer(&nearest, name_of(global_options[i]));
    while (command != NULL && (other = command_next(&table, &row)) != NULL) {
        at = 0;
        while (is_same(command, other) && count < OPTIONS_MAX &&
               command_next_option(other, &at, options[count]))
            nearest_offer(&nearest, name_of(options[count++]));
    }
    if (nearest.found != NULL)
        (void)snprintf(option, COMMAND_OPTION_MAX, "--%s", nearest.found);
    return nearest.found != NULL;
}
