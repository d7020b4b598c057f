/*
 * inbound_field.h - the fields of the inbound shapes that are read field by
 * field, as tables.
 *
 * Shared by inbound_shape.c, which walks the tables, and the files that know
 * what to do with each value: inbound_field.c (our own body, Supabase's) and
 * inbound_notion.c.
 */
#ifndef INBOUND_FIELD_H
#define INBOUND_FIELD_H

#include "inbound.h"
#include "json.h"

#define INBOUND_FIELDS_MAX 8
#define INBOUND_RECEIVED_MAX 64 /* bytes of a foreign source that are shown */

/* A body being read. */
struct inbound_reading {
    const struct source *source;
    const struct inbound_request *request;
    struct problems *problems;
    struct buf scratch; /* a decoded text, until the next one */
    struct inbound *in;
    bool notion;       /* its ids are written in one way */
    bool other_source; /* "source" names another one: received says which */
    char received[INBOUND_RECEIVED_MAX + 1];
};

enum inbound_kind { KIND_STR, KIND_STR_OR_NUMBER, KIND_DICT, KIND_ANY };

/* When a field must be there and not null. */
enum inbound_need {
    NEED_ALWAYS,
    NEED_NEVER,
    NEED_ROW,     /* unless the action is delete */
    NEED_OLD_ROW, /* only if it is */
    NEED_PAGE,    /* if it is about a page */
    NEED_DATABASE /* if it is about a database */
};

struct inbound_field {
    const char *name;
    enum inbound_kind kind;
    enum inbound_need need;
    /* Gets a value of that kind; adds a problem or fills r->in. NULL: only
       whether it is there is of interest. */
    void (*take)(struct inbound_reading *r, const char *name,
                 const struct json_value *value);
};

/* Fields in the order in which they are read and problems are told. */
struct inbound_shape {
    const struct inbound_field *fields;
    size_t count; /* at most INBOUND_FIELDS_MAX */
    /* After the fields, if none is wrong: the type, at least. */
    void (*finish)(struct inbound_reading *r);
};

extern const struct inbound_shape inbound_own_shape;
extern const struct inbound_shape inbound_supabase_shape;
extern const struct inbound_shape inbound_notion_shape;
/* {event_type: page.created | ..., page_id, database_id, ...} */
extern const struct inbound_shape inbound_notion_short_shape;

/* Copies a text that fits into out, which holds max bytes and a NUL. */
bool inbound_take_text(struct inbound_reading *r, const char *name,
                       const char *sub, const struct json_value *value,
                       size_t max, char *out);

/* A field that is a time. */
void inbound_take_timestamp(struct inbound_reading *r, const char *name,
                            const struct json_value *value);

/* The type <source>.<tail>, cleaned; too long a tail is a problem of that
   field. */
void inbound_name_type(struct inbound_reading *r, const char *field,
                       struct slice tail);

#endif /* INBOUND_FIELD_H */
