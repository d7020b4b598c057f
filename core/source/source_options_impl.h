/*
 * source_options_impl.h - what the files behind source_options.h share; nobody
 * else includes it.
 *
 *   source_options.c       the table, and what goes through all of it
 *   source_option_value.c  one option: read, print, compare, from a command
 *                          line
 *   source_option_check.c  what type and bounds cannot say
 */
#ifndef SOURCE_OPTIONS_IMPL_H
#define SOURCE_OPTIONS_IMPL_H

#include "body.h"
#include "json.h"
#include "source_options.h"

enum option_kind {
    OPTION_NUMBER,  /* uint32_t */
    OPTION_PERCENT, /* int, -1 for null */
    OPTION_BOOL,    /* bool */
    OPTION_TEXT,    /* char *, NULL for null */
    OPTION_WORD,    /* an enum, by the index of its word */
    OPTION_LIST,    /* struct source_texts */
    OPTION_VALUE,   /* char *: any JSON, NULL for null */
    OPTION_RULES    /* struct slice: a JSON array of objects, or absent */
};

/* Adds problems to an option whose type and bounds are right. */
typedef void option_check(const char *name, const struct body_value *value,
                          struct problems *problems);

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset; /* in struct source_options */
    int64_t max;   /* number; bytes of a text, of each item of a list, or of
                      JSON */
    const char *const *words; /* OPTION_WORD; ends with NULL */
    option_check *check;      /* or NULL */
    const char *help;
};

/* NULL behind the last. */
const struct option *option_at(size_t index);
/* NULL: there is none of that name. */
const struct option *option_named(struct slice name);

/* Takes a JSON value that is not null over. What is wrong is added to
   problems, and the option stays as it was. */
void option_read(const struct option *option, struct json_value json,
                 struct source_options *options, struct problems *problems);
/* Its JSON. */
void option_print(const struct option *option,
                  const struct source_options *options, struct buf *out);
/* As in `from`. */
void option_copy(const struct option *option, struct source_options *options,
                 const struct source_options *from);
void option_free(const struct option *option, struct source_options *options);
/* What kind of value it takes, for people. */
const char *option_kind_name(const struct option *option);

option_check check_networks; /* CIDR */
option_check check_url;      /* http or https */
option_check check_path;     /* JSON path */
option_check check_dedupe;
option_check check_patterns; /* of event types */
option_check check_texts;    /* no control characters, nothing empty */
option_check check_status;   /* 0, or 200 to 299 */
option_check check_templates;
/* False: problems say why. */
bool check_triggers(const char *name, struct slice rules,
                    struct problems *problems);

#endif /* SOURCE_OPTIONS_IMPL_H */
