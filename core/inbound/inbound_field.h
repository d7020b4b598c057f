/*
 * inbound_field.h - the fields of the two inbound shapes, as tables.
 *
 * Shared by inbound.c, which walks the tables, and inbound_field.c, which knows
 * what to do with each value.
 */
#ifndef INBOUND_FIELD_H
#define INBOUND_FIELD_H

#include "inbound.h"
#include "json.h"

#define INBOUND_FIELDS_MAX 7
#define INBOUND_RECEIVED_MAX 64 /* bytes of a foreign source that are shown */

/* A body being read. */
struct inbound_reading {
    const struct source *source;
    struct problems *problems;
    struct buf scratch; /* a decoded text, until the next one */
    struct inbound in;
    bool other_source; /* "source" names another one: received says which */
    char received[INBOUND_RECEIVED_MAX + 1];
};

enum inbound_kind { KIND_STR, KIND_STR_OR_NUMBER, KIND_DICT };

/* When a field must be there and not null. */
enum inbound_need {
    NEED_ALWAYS,
    NEED_NEVER,
    NEED_ROW,    /* unless the action is delete */
    NEED_OLD_ROW /* only if it is */
};

struct inbound_field {
    const char *name;
    enum inbound_kind kind;
    enum inbound_need need;
    /* Gets a value of that kind; adds a problem or fills r->in. */
    void (*take)(struct inbound_reading *r, const char *name,
                 const struct json_value *value);
};

/* Fields in the order in which they are read and problems are told. */
struct inbound_shape {
    const struct inbound_field *fields;
    size_t count;      /* at most INBOUND_FIELDS_MAX */
    const char *table; /* the field that names the table */
};

extern const struct inbound_shape inbound_own_shape;
extern const struct inbound_shape inbound_supabase_shape;

#endif /* INBOUND_FIELD_H */
