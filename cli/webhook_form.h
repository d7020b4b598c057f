/*
 * webhook_form.h - a subscription as the options of a command line describe it:
 * `postern webhook add` and `set`.
 */
#ifndef WEBHOOK_FORM_H
#define WEBHOOK_FORM_H

#include "buf.h"
#include "command.h"
#include "subscription_form.h"

#define WEBHOOK_FORM_USAGE                                                     \
    "[--secret S | --secret-stdin] [--description T] [--retry-count N] "       \
    "[--retry-delay S] "                                                       \
    "[--timeout S] [--header 'N: V']... [--format F] [--channels C,...] "      \
    "[--max-concurrency N] [--rate-limit N] [--ordering none|fifo] "           \
    "[--on-exhausted skip|pause] [--metadata JSON] [--filter JSON|@FILE] "     \
    "[--template TEXT|@FILE] [--template-type json|text] "                     \
    "[--cloudevents-source URI] [--auth JSON|@FILE] "                          \
    "[--client-certificate FILE] [--ed25519 | --no-ed25519] "                  \
    "[--signature-headers webhook|svix] [--batch-size N] "                     \
    "[--batch-wait-ms MS] [--ttl S] "                                          \
    "[--capture-responses | --no-capture-responses] "

/* Takes the options and writes the JSON that the API would get, without its
   closing brace: the caller adds what else there is. */
int webhook_form_take(struct cli *cli, struct buf *body)
    __attribute__((warn_unused_result));

/* Reads that JSON; anything but EXIT_OK has been reported. part: only what is
   given changes. The form is to be freed in any case. */
int webhook_form_read(const struct cli *cli, struct slice body, bool part,
                      struct subscription_form *form)
    __attribute__((warn_unused_result));

/* The ID that a command has as its only word, options being taken before; opens
   the database. Anything but EXIT_OK has been reported. */
int webhook_take_id(struct cli *cli, uint32_t *id)
    __attribute__((warn_unused_result));

#endif /* WEBHOOK_FORM_H */
