/*
 * inbound_dedupe.h - what tells that an event was received before.
 *
 * A rule, of the source's option `dedupe` or usual for its provider:
 *
 *   none           nothing does
 *   header:NAME    the value of a header
 *   json:PATH      a string or number of the body (inbound_path.h)
 *   body_sha256    the bytes of the body
 *   signature      all that was signed, where a time or an id is signed too
 *                  (verify_once())
 *
 * "|" stands between alternatives, of which the first one decides that has a
 * value: "header:webhook-id|header:svix-id|json:id".
 */
#ifndef INBOUND_DEDUPE_H
#define INBOUND_DEDUPE_H

#include "inbound.h"
#include "inbound_path.h"

/* NULL, or what is wrong with a rule, as inbound_path_problem(). */
const char *inbound_dedupe_problem(struct slice rule);

/* The rule by which repeats of the source's events are told. */
const char *inbound_dedupe_rule(const struct source *source);

/* Does it have `signature` in it? If so, the request needs `once`. */
bool inbound_dedupe_asks_signature(const struct source *source);

/* Sets in->dedupe (and in->key, which it points into), or leaves it absent. */
void inbound_dedupe(const struct source *source,
                    const struct inbound_request *request,
                    const struct json_value *payload, struct inbound *in);

#endif /* INBOUND_DEDUPE_H */
