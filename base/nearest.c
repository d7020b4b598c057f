/*
 * nearest.c - see nearest.h.
 */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

static char
folded(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' || c == '.' ? '_' : c;
}

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Letters to insert, remove or change to get from one to the other
   (Levenshtein), two neighbours changing places counted once. Both texts are
   at most NEAREST_MAX long. */
static size_t
distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b), i, k;

    for (k = 0; k <= b_len; k++)
        rows[0][k] = k;
    for (i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (k = 1; k <= b_len; k++) {
            bool same = folded(a[i - 1]) == folded(b[k - 1]);

            row[k] = least(above[k] + 1, row[k - 1] + 1,
                           above[k - 1] + (same ? 0 : 1));
            if (i > 1 && k > 1 && folded(a[i - 1]) == folded(b[k - 2]) &&
                folded(a[i - 2]) == folded(b[k - 1]))
                row[k] = least(row[k], above2[k - 2] + 1, row[k]);
        }
    }
    return rows[a_len % 3][b_len];
}

void
nearest_begin(struct nearest *nearest, const char *word)
{
    size_t len = strlen(word);

    *nearest = (struct nearest){
        .word = len > NEAREST_MAX ? "" : word,
        .best = len / 3 > 2 ? len / 3 + 1 : 3,
    };
}

void
nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t away;

    if (strlen(candidate) > NEAREST_MAX)
        return;
    away = distance(nearest->word, candidate);
    /* Nothing in common is no likeness, however short the words. */
    if (away < nearest->best && away < strlen(candidate) &&
        away < strlen(nearest->word)) {
        nearest->best = away;
        nearest->found = candidate;
    }
}
