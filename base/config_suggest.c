/*
 * config_suggest.c - the option that somebody may have meant.
 */
#include "config_impl.h"

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
   at most CONFIG_NAME_MAX long. */
static size_t
distance(const char *a, const char *b)
{
    size_t rows[3][CONFIG_NAME_MAX + 1];
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

const char *
config_suggest(const struct config *config, const char *name)
{
    size_t len = strlen(name), best = len / 3 > 2 ? len / 3 + 1 : 3, i;
    const char *found = NULL;

    if (len > CONFIG_NAME_MAX)
        return NULL;
    for (i = 0; i < config->count; i++) {
        const char *candidate = config->table[i].name;
        size_t away;

        if (strlen(candidate) > CONFIG_NAME_MAX)
            continue;
        away = distance(name, candidate);
        /* Nothing in common is no likeness, however short the names. */
        if (away < best && away < strlen(candidate) && away < len) {
            best = away;
            found = candidate;
        }
    }
    return found;
}

void
config_say_unknown(const struct config *config, const char *name,
                   struct buf *why)
{
    const char *meant = config_suggest(config, name);

    buf_addf(why, "unknown option \"%.*s\"", CONFIG_NAME_MAX, name);
    if (meant != NULL)
        buf_addf(why, "; did you mean \"%s\"?", meant);
    else
        buf_add_text(why, "; remove the line or correct the name");
}
