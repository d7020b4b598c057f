/*
 * source_words.h - a source as the options of a command line describe it:
 * `postern source add` and `set`.
 */
#ifndef SOURCE_WORDS_H
#define SOURCE_WORDS_H

#include "buf.h"
#include "command.h"
#include "source_form.h"

#define SOURCE_WORDS_USAGE                                                     \
    "[--secret S | --secret-stdin | --no-secret] [--keep-others] "             \
    "[--api-key K | --api-key-stdin | --no-api-key] [--verifiers JSON] "       \
    "[--description T] [--max-attempts N] [--retry-delay S] "                  \
    "[--concurrency N] [--relay processed|received] [--key-columns JSON] "     \
    "[OPTION=VALUE]..."

/* Takes the options, and the words with '=' in them, and writes the JSON that
   the API would get, without its closing brace: the caller adds what else there
   is. `body` has to be wiped: a secret may be in it. */
int source_words_take(struct cli *cli, struct buf *body)
    __attribute__((warn_unused_result));

/* --secret, or --secret-stdin into `line`; absent: neither was given. */
int source_words_secret(struct cli *cli, struct buf *line, struct slice *secret)
    __attribute__((warn_unused_result));

/* Reads that JSON; anything but EXIT_OK has been reported. part: only what is
   given changes. The form is to be freed in any case. */
int source_words_read(const struct cli *cli, struct slice body, bool part,
                      struct source_form *form)
    __attribute__((warn_unused_result));

/* Takes the next word that has no '=' in it, or NULL. */
const char *source_words_name(struct cli *cli);

#endif /* SOURCE_WORDS_H */
