/*
 * json_schema_impl.h - the compiled form of a schema, shared by the files of
 * json_schema.h. Included by them only.
 *
 *   json_schema.c          compiling as a whole, $ref, cycles
 *   json_schema_read.c     one schema, and words made of schemas
 *   json_schema_word.c     words made of anything else
 *   json_schema_check.c    the walk through a value
 *   json_schema_scalar.c   numbers, strings, lists of values
 *   json_schema_object.c   members of an object, items of an array
 */
#ifndef JSON_SCHEMA_IMPL_H
#define JSON_SCHEMA_IMPL_H

#include "json_schema.h"
#include "regexp.h"

#include <stdint.h>

/* Of the six kinds of JSON a bit each, by enum json_kind, and one more. */
#define SCHEMA_KIND(kind) (1U << (unsigned)(kind))
#define SCHEMA_INTEGER (1U << 6) /* numbers without a fraction */
#define SCHEMA_ALL_KINDS 0x3fU

/* The nodes that every schema has. */
#define SCHEMA_ANY 0   /* true: everything is right */
#define SCHEMA_NEVER 1 /* false: nothing is */

struct schema_list {
    uint16_t *node;
    size_t count;
};

/* What an object's member of that name has to be. Sorted by name. */
struct schema_property {
    struct slice name; /* decoded */
    uint16_t node;     /* SCHEMA_ANY: only required */
    bool declared;     /* stands in `properties` */
    bool required;
};

struct schema_pattern {
    struct regexp *regexp;
    uint16_t node;
};

#define SCHEMA_PROPERTIES_MAX 1024 /* of one object */

/* Absent limits have ptr NULL. */
struct schema_node {
    unsigned kinds; /* SCHEMA_KIND()s */

    /* `enum` and `const`: each as json_canon() writes it */
    struct slice *values;  /* sorted by schema_compare_values() */
    size_t value_count;    /* 0: no such word */
    struct slice shown;    /* as they stand in the schema */
    struct slice constant; /* `const`, in the same form */
    struct slice constant_shown;

    /* numbers */
    struct slice minimum, maximum, above, below, multiple;

    /* strings */
    int64_t min_length, max_length; /* -1: no limit; of the others as well */
    struct regexp *pattern;
    struct slice pattern_text;

    /* arrays */
    uint16_t items;
    struct schema_list prefix;
    int64_t min_items, max_items;
    bool unique;

    /* objects */
    struct schema_property *properties;
    size_t property_count;
    size_t required;
    struct schema_pattern *patterns;
    size_t pattern_count;
    uint16_t others; /* additionalProperties */
    uint16_t names;  /* propertyNames */
    int64_t min_members, max_members;

    /* together; a $ref is one more of all */
    struct schema_list all, any, one; /* count 0: no such word */
    uint16_t no;
    bool has_if;
    uint16_t if_node, then_node, else_node;
};

struct json_schema {
    struct buf text;  /* minified; slices of the nodes point into it */
    struct buf texts; /* decoded names */
    struct schema_node *nodes;
    size_t count;
    uint16_t root;
};

/* -- compiling ---------------------------------------------------------------- */

/* A $ref whose node is not known yet: one of the node's `all`. */
struct schema_reference {
    uint16_t node;
    size_t slot;
    struct slice pointer; /* decoded */
    char *path;           /* for what is said about it */
};

struct schema_parse {
    struct json_schema *schema;
    const char *field;
    struct problems *problems;
    struct buf path; /* ,"properties","id" */
    struct schema_reference *references;
    size_t reference_count;
    const char **places; /* per node: where its text begins */
    size_t steps;        /* of all expressions so far */
};

/* Adds a problem about what the path leads to; false. */
bool schema_fail(struct schema_parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Goes to a member, by its name as it stands in the text, or (absent) to an
   item. Returns what schema_leave() wants. */
size_t schema_enter(struct buf *path, struct slice name, size_t index);
void schema_leave(struct buf *path, size_t len);

/* Reads the schema that stands there, unless that was done; its node is in
   *out, SCHEMA_ANY after a failure. */
void schema_read(struct schema_parse *parse, struct json_value value,
                 uint16_t *out);

/* A node may move whenever another one is added. */
struct schema_node *schema_node_at(struct schema_parse *parse, uint16_t node);
uint16_t schema_add_node(struct schema_parse *parse, const char *place);

/* A JSON string, or a name between its quotes, decoded into the schema's
   memory. */
struct slice schema_decode(struct schema_parse *parse, struct slice quoted);

/* NULL: a problem says why. */
struct regexp *schema_expression(struct schema_parse *parse, struct slice text);

/* Reads what stands behind `word`, for that node. */
void schema_read_word(struct schema_parse *parse, uint16_t node,
                      struct slice word, struct json_value value);
/* The same where it is made of schemas. False: it is not. */
bool schema_read_part(struct schema_parse *parse, uint16_t node,
                      struct slice word, struct json_value value);

/* The property of that name, made where there is none. NULL: too many. */
struct schema_property *schema_property(struct schema_parse *parse,
                                        uint16_t node, struct slice name);

/* -- checking ------------------------------------------------------------------ */

struct schema_walk {
    const struct json_schema *schema;
    const char *field;
    struct problems *problems;
    struct buf path;
    unsigned silent; /* inside anyOf and the like: nothing is reported */
    unsigned depth;
    uint64_t budget; /* bytes that may still be looked at */
    bool spent;      /* more would be needed: the verdict does not count */
};

/* Reports, unless the walk is silent; false. */
bool schema_wrong(struct schema_walk *walk, const char *type,
                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define SCHEMA_STEPS_PER_BYTE 8 /* small ones, that count as a byte */

/* For qsort() and bsearch(): two struct slice. */
int schema_compare_values(const void *left, const void *right);

/* False: too much work. */
bool schema_spend(struct schema_walk *walk, size_t bytes);

bool schema_check_node(struct schema_walk *walk, uint16_t node,
                       struct json_value value);
bool schema_check_number(struct schema_walk *walk,
                         const struct schema_node *node, struct slice text);
bool schema_check_string(struct schema_walk *walk,
                         const struct schema_node *node, struct slice quoted);
bool schema_check_values(struct schema_walk *walk,
                         const struct schema_node *node,
                         struct json_value value);
bool schema_check_array(struct schema_walk *walk,
                        const struct schema_node *node, struct slice array);
bool schema_check_object(struct schema_walk *walk,
                         const struct schema_node *node, struct slice object);

const struct schema_property *
schema_find_property(const struct schema_node *node, struct slice name);

#endif /* JSON_SCHEMA_IMPL_H */
