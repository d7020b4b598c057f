/*
 * inbound.h - what an inbound webhook says, whichever shape it has.
 *
 * Two shapes are told apart: the seeds' own body
 *   {event_type, source, table_name, record_id, data, timestamp?, metadata?}
 * and Supabase's
 *   {type: INSERT|UPDATE|DELETE, table, schema, record, old_record}
 * (https://supabase.com/docs/guides/database/webhooks). Nothing is copied but
 * what has to be decoded; numbers keep their digits.
 */
#ifndef INBOUND_H
#define INBOUND_H

#include "buf.h"
#include "catalog.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

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
    char table[INBOUND_TABLE_MAX + 1]; /* "users", "auth.users" */
    char record_id[INBOUND_RECORD_MAX + 1]; /* "42", "a=1,b=2" */
    char type[256];          /* "supabase.users.insert" */
    int64_t version_us;      /* when the source says it changed, UTC */
    bool has_timestamp;      /* else version_us is the time of arrival */
    struct slice data;       /* the record as JSON; absent on delete */
    struct slice metadata;   /* the sender's metadata object, or absent */
};

enum inbound_result {
    INBOUND_OK,
    INBOUND_INVALID,     /* problems say why: 422 */
    INBOUND_WRONG_SOURCE /* "source" names another one: 400; *received set */
};

/*
 * body      raw bytes
 * now_us    time of arrival, for a body without a timestamp
 * out       slices point into body; written only for INBOUND_OK
 * received  what the body gave as source, for INBOUND_WRONG_SOURCE
 */
enum inbound_result inbound_read(const struct source *source,
                                 struct slice body, int64_t now_us,
                                 struct inbound *out,
                                 struct problems *problems, char received[65])
    __attribute__((warn_unused_result));

/* Action words: "insert", ... */
const char *inbound_action_name(enum inbound_action action);
bool inbound_action_from_name(struct slice name, enum inbound_action *action);

/*
 * {"source","table","record_id","action","timestamp"[,"metadata"]}: what
 * events.metadata holds for an inbound event and what its relayed deliveries
 * carry.
 */
void inbound_metadata(const struct source *source, const struct inbound *in,
                      struct buf *out);

#endif /* INBOUND_H */
