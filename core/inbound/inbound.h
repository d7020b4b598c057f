/*
 * inbound.h - what an inbound webhook says, whichever shape it has.
 *
 * Shapes, told apart by the source's provider and by what is in the body:
 *
 *   our own   {event_type, source, table_name, record_id, data, timestamp?,
 *             metadata?}; from sources of provider "notion" also {event_type:
 *             page.updated, page_id, database_id, user_id, timestamp, changes}
 *   Supabase  {type: INSERT|UPDATE|DELETE, table, schema, record, old_record}
 *             (https://supabase.com/docs/guides/database/webhooks)
 *   Notion    {id, timestamp, type, entity: {id, type}, data, authors, ...}
 *             of all versions of its API; types it does not know yet are taken
 *   others    one row each in inbound_provider.c: where type, record and time
 *             are, in headers or by path; any other JSON or form by the paths
 *             that the source's options give
 *
 * Forms are decoded: `payload` where the form has such a field (GitHub, Slack),
 * else an object of its fields. Unknown fields are ignored; numbers keep their
 * digits.
 *
 * The type of the event is <source>.<entity>.<action>: supabase.users.insert,
 * notion.page.content_updated, github.push, github.pull_request.opened,
 * stripe.invoice.paid; what a type cannot hold is written as
 * pattern_add_clean() does. A body without a type where its provider has one
 * always is wrong; where nobody knows (source "shop") it is shop.event.
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

/* A request whose signature was checked. */
struct inbound_request {
    struct slice body;         /* as it came */
    struct slice content_type; /* or absent */
    /* As in verify.h; NULL: there are no headers. */
    struct slice (*header)(void *arg, const char *name);
    void *arg;
    int64_t now_us;      /* time of arrival, wall clock */
    const uint8_t *once; /* 32 bytes: what verify_once() says; or NULL */
};

struct inbound {
    enum inbound_action action;
    /* Which record. Where the event is about none record_id is "", and action
       is INBOUND_OTHER; with a record there is a table. Notion: the database
       that a page lies in, else the kind ("page", "database", "comment", ...);
       ids without dashes in lower case. */
    char table[INBOUND_TABLE_MAX + 1];      /* "users", "auth.users" */
    char record_id[INBOUND_RECORD_MAX + 1]; /* "42", "a=1,b=2" */
    /* As the sender wrote them, where ids were cleaned: for the answer. "": as
       they are. */
    char table_sent[INBOUND_TABLE_MAX + 1];
    char record_sent[INBOUND_RECORD_MAX + 1];
    char entity[32];       /* Notion: "page", "database", ...; else "" */
    char type[256];        /* "supabase.users.insert" */
    int64_t version_us;    /* when the source says it changed, UTC */
    bool has_timestamp;    /* else version_us is the time of arrival */
    struct slice payload;  /* JSON to be stored: the body, or the form's */
    struct slice data;     /* the record as JSON; absent: it is not in there */
    struct slice metadata; /* the sender's metadata object, or absent */
    struct slice dedupe;   /* what tells a repeat, by the source's rule; absent:
                              nothing does */
    struct buf decoded;    /* the inbound's: of a form */
    struct buf key;        /* the inbound's: of dedupe */
};

enum inbound_result {
    INBOUND_OK,
    INBOUND_INVALID,      /* problems say why: 422 */
    INBOUND_WRONG_SOURCE, /* "source" names another one: 400; *received set */
    INBOUND_WRONG_TYPE    /* neither JSON nor a form that it takes: 415 */
};

/*
 * source    its name, provider, options and key_columns are used
 * out       always to be given to inbound_free(), which may be done twice;
 *           slices point into the request or into out; valid for INBOUND_OK
 * problems  is added to; only INBOUND_INVALID adds something
 * received  what the body gave as source, for INBOUND_WRONG_SOURCE; cut after
 *           64 bytes
 */
enum inbound_result
inbound_read(const struct source *source, const struct inbound_request *request,
             struct inbound *out, struct problems *problems, char received[65])
    __attribute__((warn_unused_result));
void inbound_free(struct inbound *inbound);

/* True for no content type, application/json and anything +json. */
bool inbound_is_json(struct slice content_type);

/*
 * The same from a stored event, without headers: type and metadata as
 * inbound_metadata() wrote them. No dedupe. False: it is none of ours.
 */
bool inbound_recall(const struct source *source, struct slice type,
                    struct slice payload, struct slice metadata,
                    int64_t accepted_us, struct inbound *out)
    __attribute__((warn_unused_result));

/* Does the source's watch list want it? NULL, or why not: "database not
   watched", "table not watched", "type not watched", "own change". Names in
   the list are looked up by id in `names` (may be NULL: nothing known); as long
   as a name that would decide is not known the event is let pass, see
   inbound_unnamed(). */
struct inbound_names; /* inbound_watch.h */
const char *inbound_ignored(const struct source *source,
                            const struct inbound *in,
                            const struct inbound_names *names);

/* Action words: "insert", "update", "delete", "other"; read in any letter
   case. False, *action untouched, for anything else. */
const char *inbound_action_name(enum inbound_action action);
bool inbound_action_from_name(struct slice name, enum inbound_action *action)
    __attribute__((warn_unused_result));

/*
 * {"source","table","record_id","action","timestamp"[,"entity"][,"metadata"]}:
 * what events.metadata holds for an inbound event and what its relayed
 * deliveries carry. record_id is always a string; timestamp is version_us, so
 * the time of arrival where the sender gave none; metadata is the sender's,
 * minified.
 */
void inbound_metadata(const struct source *source, const struct inbound *in,
                      struct buf *out);

#endif /* INBOUND_H */
