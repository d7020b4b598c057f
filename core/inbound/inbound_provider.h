/*
 * inbound_provider.h - what the bodies of the providers say: one row for each
 * of them, with places as in inbound_path.h (inbound_provider.c).
 *
 * Those of provider "hmac", "token" and "basic", and of names that nobody
 * knows, say what the source's options say: type_path, table_path, record_path,
 * data_path and time_path, which stand above the row of any other provider too.
 */
#ifndef INBOUND_PROVIDER_H
#define INBOUND_PROVIDER_H

#include "inbound_field.h"
#include "inbound_path.h"

struct inbound_provider {
    const char *name;
    /* The type's first part, and what follows it behind a dot, if it is there.
       A type that is not there is a problem, unless there is one to fall back
       to. */
    const char *type;
    const char *suffix;
    const char *fallback;
    const char *split; /* characters of the type that stand for dots */
    bool lower;        /* in lower case */
    /* Instead of both: appends the type; false: it is not there. */
    bool (*name_type)(const struct json_value *payload, struct buf *scratch,
                      struct buf *type);
    /* The record; no table: the type without its last part. */
    const char *table;
    const char *record;
    const char *data;
    const char *time;
    bool by_entity; /* the three stand in the member that is named like the
                       record's kind: "issue" for issues.opened, ... */
    const char *event_time; /* where that has no time */
    /* For watch lists: other names of what it is about; who did it. */
    const char *watched;
    const char *author;
    bool any;    /* also our own body; no payload is expected in a form */
    bool arrays; /* the body may be an array */
};

/* Never NULL. */
const struct inbound_provider *inbound_provider_named(const char *name);

/* One of those whose bodies nobody knows in advance. */
bool inbound_provider_is_any(const char *name);

/* Fills r->in, or adds problems. */
void inbound_provider_read(struct inbound_reading *r,
                           const struct json_value *payload);

/* As inbound_shape_recall(). */
void inbound_provider_recall(struct inbound_reading *r,
                             const struct json_value *payload);

/* inbound_provider_name.c: types that are put together from several members. */
bool inbound_name_slack(const struct json_value *payload, struct buf *scratch,
                        struct buf *type);
bool inbound_name_jira(const struct json_value *payload, struct buf *scratch,
                       struct buf *type);
bool inbound_name_twilio(const struct json_value *payload, struct buf *scratch,
                         struct buf *type);
bool inbound_name_discord(const struct json_value *payload, struct buf *scratch,
                          struct buf *type);
bool inbound_name_supabase_auth(const struct json_value *payload,
                                struct buf *scratch, struct buf *type);
bool inbound_name_x(const struct json_value *payload, struct buf *scratch,
                    struct buf *type);

#endif /* INBOUND_PROVIDER_H */
