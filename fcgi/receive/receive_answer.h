/*
 * receive_answer.h - the bodies that receivers answer with, to the letter.
 *
 * Written piece by piece without a JSON library: this is the busiest path.
 */
#ifndef RECEIVE_ANSWER_H
#define RECEIVE_ANSWER_H

#include "buf.h"
#include "event.h"
#include "inbound.h"
#include "reception.h"
#include "reply.h"

/* The words of /api/v1/webhooks/...: receive_answer_accepted(),
   receive_answer_ignored(). */
extern const struct receive_face receive_documented;

/*
 * 202 {"status":"accepted","message","details":{"event_type","source",
 *      "record_id","table_name"|"database_id","timestamp"}}, or
 * 200 {"status":"duplicate","message","details":{...the same...,"event_id"}};
 * with the status and the body that the source or its provider wants, if they
 * want others. Where that body is a fixed one, or none (204), repeats and
 * ignored events get it too: their sender reads nothing else.
 */
void receive_answer_accepted(struct reply *reply, const struct source *source,
                             const struct inbound *in,
                             const struct new_event *event);

/* 200 {"status":"ignored","reason":...} */
void receive_answer_ignored(struct reply *reply, const struct source *source,
                            const char *reason);

/* 200 {"status":"captured","message"}: of a handshake's token. */
void receive_answer_captured(struct reply *reply);

/* 400: the body names another source than the path. */
void receive_answer_wrong_source(struct reply *reply,
                                 const struct source *source,
                                 const char *received);

/* 415: neither JSON nor, of a source that takes them, a form. */
void receive_answer_wrong_type(struct reply *reply,
                               const struct provider *provider);

/* 200 {"status":"valid","message","parsed_payload":{...},
   "would_be_processed"} */
void receive_answer_valid(struct reply *reply, const struct source *source,
                          const struct inbound *in, bool would_be_processed);

/* 204; with a Content-Type, which Discord asks for. */
void receive_answer_empty(struct reply *reply);

/* 200 text/plain. */
void receive_answer_text(struct reply *reply, struct slice text);

#endif /* RECEIVE_ANSWER_H */
