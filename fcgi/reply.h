/*
 * reply.h - the answer to a request, in the words of its family.
 *
 * Four families of error bodies (docs/reference/errors.md):
 *   FAMILY_RECEIVE  {"error","message",...}       /api/v1/webhooks/...
 *   FAMILY_HOOK     {"detail":"..."}              /webhooks/notion
 *   FAMILY_SVIX     {"code","detail"}              the Svix-compatible API
 *   FAMILY_API      {"detail"}, 401 offers a scheme: everything else
 * and 422 in FastAPI's shape in all. With Accept: application/problem+json
 * every error is RFC 9457 instead.
 */
#ifndef REPLY_H
#define REPLY_H

#include "buf.h"
#include "problem.h"
#include "request.h"

#include <stdbool.h>

enum family { FAMILY_API, FAMILY_RECEIVE, FAMILY_HOOK, FAMILY_SVIX };

struct reply {
    int status;
    const char *content_type; /* static */
    struct buf headers;       /* more header lines, each ended by CR LF */
    struct buf body;
    enum family family;
    bool problem_json;             /* the client asked for RFC 9457 */
    const struct request *request; /* whose path and id RFC 9457 names; or
                                      NULL */
    const char *code;   /* the stable word of an error; NULL if it is none */
    const char *reason; /* static, for the log alone where it can say more than
                           the client may know; or NULL */
};

void reply_init(struct reply *reply);
void reply_clear(struct reply *reply); /* wipes the body */
void reply_free(struct reply *reply);

/* value may come from outside: CR, LF and NUL in it are refused (asserted for
   name). */
void reply_header(struct reply *reply, const char *name, const char *value);

void reply_json_text(struct reply *reply, int status, struct slice json);
void reply_empty(struct reply *reply, int status); /* 204, 304 */

/*
 * An error. code is the stable word ("invalid_signature"), message one
 * sentence. In FAMILY_API the message is the detail. Retry-After (503, 429)
 * and WWW-Authenticate (401) are added where they belong.
 */
void reply_error(struct reply *reply, int status, const char *code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with more members, for example ",\"expected\":\"supabase\"":
   complete JSON members, each after its comma. */
void reply_error_members(struct reply *reply, int status, const char *code,
                         struct slice members, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* 422. */
void reply_problems(struct reply *reply, const struct problems *problems);

/* 503 with Retry-After: the database is away. */
void reply_unavailable(struct reply *reply);

/* The same: there is too much to do at the moment. */
void reply_overloaded(struct reply *reply, const char *message);

/* Appends status line (as CGI wants it), headers and, unless the method is
   HEAD, the body: what a transport sends. */
void reply_print(const struct reply *reply, enum method method,
                 struct buf *out);

/* The same without the body, which is returned: empty where none is sent,
   valid as long as the reply. */
struct slice reply_print_head(const struct reply *reply, enum method method,
                              struct buf *out);

#endif /* REPLY_H */
