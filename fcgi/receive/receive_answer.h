/*
 * receive_answer.h - the bodies that receivers answer with, to the letter.
 *
 * Written piece by piece without a JSON library: this is the busiest path.
 */
#ifndef RECEIVE_ANSWER_H
#define RECEIVE_ANSWER_H

#include "buf.h"
#include "inbound.h"
#include "reply.h"

#include <stdint.h>

/* 202 {"status":"accepted","message","details":{"event_type","source",
   "record_id","table_name"|"database_id","timestamp"}} */
void receive_answer_accepted(struct reply *reply, const struct source *source,
                             const struct inbound *in);

/* 200 {"status":"duplicate","message","details":{...the same...,"event_id"}} */
void receive_answer_duplicate(struct reply *reply, const struct source *source,
                              const struct inbound *in, uint64_t event_id);

/* 400: the body names another source than the path. */
void receive_answer_wrong_source(struct reply *reply,
                                 const struct source *source,
                                 const char *received);

/* 200 {"status":"valid","message","parsed_payload":{...},
   "would_be_processed"} */
void receive_answer_valid(struct reply *reply, const struct source *source,
                          const struct inbound *in, bool would_be_processed);

#endif /* RECEIVE_ANSWER_H */
