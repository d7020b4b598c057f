/*
 * body.h - reads the JSON object of a request by a table of fields.
 *
 * A table row says name, alias, type and bounds. Reading reports every problem
 * of the body at once, in the order of the table and then the unknown fields,
 * in the wording of problem.h. Strict: no "3" for 3, no 1 for true, no unknown
 * field, no alias that contradicts its name.
 */
#ifndef BODY_H
#define BODY_H

#include "json.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum body_type {
    BODY_STR,      /* text; min..max characters, no NUL */
    BODY_INT,      /* number; min..max */
    BODY_BOOL,     /* number is 0 or 1 */
    BODY_WORD,     /* one of `words`; number is its index */
    BODY_TIME,     /* RFC 3339; number is microseconds UTC */
    BODY_DICT,     /* raw is the object */
    BODY_DICT_STR, /* items with name and text; at most max of them */
    BODY_LIST_STR, /* items with text, item_min..item_max characters each */
    BODY_LIST_INT  /* items with number, item_min..item_max each */
};

/* What else holds for a field. */
enum {
    BODY_REQUIRED = 1,    /* missing is a problem, unless reading a part */
    BODY_NULLABLE = 2,    /* null stands for the default */
    BODY_NULL_AT_NEW = 4, /* the same, but not when reading a part */
    BODY_ONLY_AT_NEW = 8  /* unknown when reading a part */
};

struct body_item {
    char *name; /* BODY_DICT_STR, else NULL */
    size_t name_len;
    char *text; /* NUL-terminated, and without NUL inside */
    size_t text_len;
    int64_t number;
};

struct body_value {
    bool given;       /* there, and not null */
    bool null;        /* there, as null */
    const char *name; /* the name it came by: `name` or `alias` of the field */
    struct slice raw; /* as it stands in the body */
    char *text;       /* BODY_STR, decoded; NUL-terminated, no NUL inside */
    size_t text_len;
    int64_t number;
    struct body_item *items;
    size_t item_count;
};

struct body_field {
    const char *name;
    const char *alias; /* or NULL */
    enum body_type type;
    unsigned rules;
    int64_t min, max;           /* value, characters or items, see above */
    int64_t item_min, item_max; /* of each item */
    const char *const *words;   /* BODY_WORD: ends with NULL */
    /* What the table cannot say; called only when all of the above holds, or
       NULL. Adds to problems. */
    void (*check)(const struct body_value *value, void *context,
                  struct problems *problems);
};

struct body_options {
    bool part;     /* PATCH: nothing is required */
    void *context; /* for check */
};

/*
 * Reads text (all of it, RFC 8259) into values[0..count-1], one for each row of
 * the table. False: problems say why; values still have to be freed.
 */
bool body_read(struct slice text, const struct body_field *table, size_t count,
               const struct body_options *options, struct body_value *values,
               struct problems *problems) __attribute__((warn_unused_result));

/* The same for a value that json_read() has accepted. */
bool body_read_value(struct json_value value, const struct body_field *table,
                     size_t count, const struct body_options *options,
                     struct body_value *values, struct problems *problems)
    __attribute__((warn_unused_result));

/* The same for a value that json_read() has accepted as part of a longer text:
   element number `index` of an array, which stands in front of every loc. */
bool body_read_element(struct json_value element, size_t index,
                       const struct body_field *table, size_t count,
                       const struct body_options *options,
                       struct body_value *values, struct problems *problems)
    __attribute__((warn_unused_result));

/* The same for values that come one by one: given[i], accepted by json_read(),
   for row i of the table; text.ptr NULL = not there. */
bool body_read_given(const struct json_value *given,
                     const struct body_field *table, size_t count,
                     const struct body_options *options,
                     struct body_value *values, struct problems *problems)
    __attribute__((warn_unused_result));

/* values may be all zero. */
void body_free(struct body_value *values, size_t count);

/* A problem of one item: loc ["body",field,index]. */
void body_problem_item(struct problems *problems, const char *field,
                       size_t index, const char *type, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif /* BODY_H */
