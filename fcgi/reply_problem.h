/*
 * reply_problem.h - errors as RFC 9457 (application/problem+json), for clients
 * that ask for them.
 *
 *   {"type":"about:blank","title","status","detail","code","instance",
 *    "request_id"} and, for 422, "errors":[{"loc","msg","type","pointer"}]
 */
#ifndef REPLY_PROBLEM_H
#define REPLY_PROBLEM_H

#include "problem.h"
#include "reply.h"

/* Both write the body and the content type; status and code are set. */

/* members: more of them, as JSON text that begins with a comma, or absent. */
void reply_problem_error(struct reply *reply, const char *detail,
                         struct slice members);
void reply_problem_fields(struct reply *reply, const struct problems *problems);

/* The reason phrase of a status. */
const char *reply_phrase(int status);

#endif /* REPLY_PROBLEM_H */
