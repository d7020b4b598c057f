/*
 * simulate.h - what the parts of `postern simulate` share: the bodies that
 * providers send, and their signatures.
 */
#ifndef SIMULATE_H
#define SIMULATE_H

#include "command.h"

#define SIMULATE_BODY_MAX (1024 * 1024)

/* Each takes its words and options and writes the body of one webhook; anything
   but EXIT_OK has been reported. */
int simulate_notion_body(struct cli *cli, struct buf *body)
    __attribute__((warn_unused_result));
int simulate_supabase_body(struct cli *cli, struct buf *body)
    __attribute__((warn_unused_result));

/* A random UUID (RFC 9562, version 4); out holds 37 bytes. */
void simulate_uuid(char out[37]);

/*
 * Adds the header lines that sign the body, each with CR LF, as that source
 * wants them.
 *
 * secret   that signs in the way that is usual for the provider; NULL: how the
 *          source is set up, with its newest secret, else WEBHOOK_SECRET, else
 *          for Supabase the key of the project
 */
int simulate_sign(struct cli *cli, const char *source, const char *provider,
                  const char *secret, struct slice body, struct buf *headers)
    __attribute__((warn_unused_result));

#endif /* SIMULATE_H */
