/*
 * sign_list.h - the signatures of one message by all live secrets, and what
 * the headers are called that carry them.
 *
 * Standard Webhooks 1.0.0: signatures stand in one header with a space between
 * them. Receivers try each, so a secret can be replaced while the old one still
 * signs.
 */
#ifndef SIGN_LIST_H
#define SIGN_LIST_H

#include "buf.h"
#include "slice.h"

#include <stddef.h>
#include <stdint.h>

/* Svix's own libraries read both, those of Standard Webhooks the first. */
enum sign_naming { SIGN_WEBHOOK, SIGN_SVIX };

struct sign_names {
    const char *id;
    const char *timestamp;
    const char *signature;
};

const struct sign_names *sign_names(enum sign_naming naming);

struct sign_pair;

/* A live secret: a pair for v1a, else the text for v1. */
struct sign_secret {
    struct slice text;
    const struct sign_pair *pair; /* or NULL */
};

#define SIGN_LIST_MAX 1024 /* bytes for up to eight signatures */

/* Appends "v1,... v1,... v1a,..." in the order of the secrets: the newest one
   first. Nothing for none. */
void sign_list(const struct sign_secret *secrets, size_t count, struct slice id,
               int64_t timestamp_s, struct slice body, struct buf *out);

#endif /* SIGN_LIST_H */
