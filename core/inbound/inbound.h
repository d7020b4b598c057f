/*
 * inbound.h - what an inbound webhook says, whichever shape it has.
 *
 * Two shapes are told apart: our own body
 *   {event_type, source, table_name, record_id, data, timestamp?, metadata?}
 * and Supabase's
 *   {type: INSERT|UPDATE|DELETE, table, schema, record, old_record}
 * (https://supabase.com/docs/guides/database/webhooks). The second is taken
 * from a source of provider "supabase", when there is no event_type but a type
 * and a table or a record. Unknown fields are ignored; numbers keep their
 * digits.
 *
 * The type of the event is <source>.<table>.<action>; what a type cannot hold
 * is written as pattern_add_clean() does.
 */
#ifndef INBOUND_H
#define INBOUND_H

#include "buf.h"
#include "catalog.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define INBOUND_SOURCE_MAX 64  /* bytes of a source's name */
#define INBOUND_TABLE_MAX 128  /* bytes, schema included */
#define INBOUND_RECORD_MAX 255 /* bytes */

enum inbound_action {
    INBOUND_INSERT,
    INBOUND_UPDATE,
    INBOUND_DELETE,
    INBOUND_OTHER
};

struct inbound {
    enum inbound_action action;
    char table[INBOUND_TABLE_MAX + 1];      /* "users", "auth.users" */
    char record_id[INBOUND_RECORD_MAX + 1]; /* "42", "a=1,b=2" */
    char type[256];                         /* "supabase.users.insert" */
    int64_t version_us;    /* when the source says it changed, UTC */
    bool has_timestamp;    /* else version_us is the time of arrival */
    struct slice data;     /* the record as JSON; absent on delete */
    struct slice metadata; /* the sender's metadata object, or absent */
};

enum inbound_result {
    INBOUND_OK,
    INBOUND_INVALID,     /* problems say why: 422 */
    INBOUND_WRONG_SOURCE /* "source" names another one: 400; *received set */
};

/*
 * source    name, provider and key_columns are used
 * body      raw bytes
 * now_us    time of arrival, for a body without a timestamp
 * out       slices point into body; written only for INBOUND_OK
 * problems  is added to; only INBOUND_INVALID adds something
 * received  what the body gave as source, for INBOUND_WRONG_SOURCE; cut after
 *           64 bytes
 */
enum inbound_result inbound_read(const struct source *source, struct slice body,
                                 int64_t now_us, struct inbound *out,
                                 struct problems *problems, char received[65])
    __attribute__((warn_unused_result));

/* Action words: "insert", "update", "delete", "other"; read in any letter
   case. False, *action untouched, for anything else. */
const char *inbound_action_name(enum inbound_action action);
bool inbound_action_from_name(struct slice name, enum inbound_action *action)
    __attribute__((warn_unused_result));

/*
 * {"source","table","record_id","action","timestamp"[,"metadata"]}: what
 * events.metadata holds for an inbound event and what its relayed deliveries
 * carry. record_id is always a string; timestamp is version_us, so the time of
 * arrival where the sender gave none; metadata is the sender's, minified.
 */
void inbound_metadata(const struct source *source, const struct inbound *in,
                      struct buf *out);

#endif /* INBOUND_H */
