/*
 * args.h - the words of a command line, taken one by one.
 *
 * Options may stand anywhere, as --name VALUE or --name=VALUE; "--" ends them,
 * and "-" alone is an ordinary word. A command takes the options it knows,
 * then its words; args_finish() refuses what is left over.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGS_MAX 256 /* words a command line may have */

struct args {
    const char *word[ARGS_MAX];
    bool taken[ARGS_MAX];
    bool literal[ARGS_MAX]; /* stood behind "--" */
    size_t count;
    const char *wrong; /* the option whose value is missing, or NULL */
};

/* False: more words than ARGS_MAX. The words must outlive args. */
bool args_init(struct args *args, int argc, char **argv)
    __attribute__((warn_unused_result));

/* True if the option was there (all its repetitions are taken). */
bool args_flag(struct args *args, const char *name);

/* The value of the first --name that is not taken yet, or NULL. Called again
   it gives the next one. */
const char *args_value(struct args *args, const char *name);

/* The next word that is no option, or NULL. Take options first. */
const char *args_word(struct args *args);

/* Is that the next word? It is not taken. */
bool args_next_is(const struct args *args, const char *word);

/* The first word that nobody took, or NULL when there is none. */
const char *args_left(const struct args *args);

#endif /* ARGS_H */
