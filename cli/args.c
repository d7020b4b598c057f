/*
 * args.c - the words of a command line, taken one by one.
 */
#include "args.h"

#include <string.h>

bool
args_init(struct args *args, int argc, char **argv)
{
    bool literal = false;
    int i;

    memset(args, 0, sizeof(*args));
    for (i = 0; i < argc; i++) {
        if (!literal && strcmp(argv[i], "--") == 0) {
            literal = true;
            continue;
        }
        if (args->count == ARGS_MAX)
            return false;
        args->literal[args->count] = literal;
        args->word[args->count++] = argv[i];
    }
    return true;
}

static bool
is_option(const struct args *args, size_t i)
{
    return !args->literal[i] && args->word[i][0] == '-' &&
           args->word[i][1] != '\0';
}

bool
args_flag(struct args *args, const char *name)
{
    bool found = false;
    size_t i;

    for (i = 0; i < args->count; i++) {
        if (!args->taken[i] && is_option(args, i) &&
            strcmp(args->word[i], name) == 0) {
            args->taken[i] = true;
            found = true;
        }
    }
    return found;
}

const char *
args_value(struct args *args, const char *name)
{
    size_t len = strlen(name), i;

    for (i = 0; i < args->count; i++) {
        if (args->taken[i] || !is_option(args, i) ||
            strncmp(args->word[i], name, len) != 0)
            continue;
        if (args->word[i][len] == '=') {
            args->taken[i] = true;
            return args->word[i] + len + 1;
        }
        if (args->word[i][len] != '\0')
            continue;
        args->taken[i] = true;
        if (i + 1 == args->count || args->taken[i + 1]) {
            args->wrong = name;
            return NULL;
        }
        args->taken[i + 1] = true;
        return args->word[i + 1];
    }
    return NULL;
}

const char *
args_word(struct args *args)
{
    size_t i;

    for (i = 0; i < args->count; i++) {
        if (!args->taken[i] && !is_option(args, i)) {
            args->taken[i] = true;
            return args->word[i];
        }
    }
    return NULL;
}

bool
args_next_is(const struct args *args, const char *word)
{
    size_t i;

    for (i = 0; i < args->count; i++)
        if (!args->taken[i] && !is_option(args, i))
            return strcmp(args->word[i], word) == 0;
    return false;
}

const char *
args_left(const struct args *args)
{
    size_t i;

    for (i = 0; i < args->count; i++)
        if (!args->taken[i])
            return args->word[i];
    return NULL;
}
