/*
 * nearest.h - the word that somebody may have meant by one that is not known.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64 /* bytes of a word; longer ones are like nothing */

struct nearest {
    const char *word;
    const char *found; /* the likest so far; NULL: none is like it */
    size_t best;
};

/* Letter case does not count, and '-', '.' and '_' are the same. The words have
   to live as long as the struct. */
void nearest_begin(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif /* NEAREST_H */
