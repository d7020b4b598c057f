/*
 * source_options.h - how a source behaves: everything about it that is neither
 * its identity nor a secret.
 *
 * One table (source_options.c) has every option: its name, its kind, its
 * bounds, its place in the struct, and one sentence of help. The API reads and
 * prints options by it, `postern source set NAME option=value` does, the
 * column sources.settings holds them as a JSON object, and
 * docs/reference/sources.md lists them. What is not given is as the provider
 * has it (provider.h).
 */
#ifndef SOURCE_OPTIONS_H
#define SOURCE_OPTIONS_H

#include "buf.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_LIST_MAX 100   /* entries of one list */
#define SOURCE_TEXT_MAX 2048  /* bytes of one text */
#define SOURCE_JSON_MAX 60000 /* bytes of all options as JSON */

struct source_texts {
    char **list; /* count texts */
    size_t count;
};

enum verify_mode {
    VERIFY_ENFORCE,
    VERIFY_MONITOR, /* take everything, note what would be refused */
    VERIFY_OFF      /* take everything, as not verified */
};

/* What becomes of an event whose source cannot be asked. */
enum when_down {
    DOWN_HOLD,  /* tried again until it can (at most max_attempts of answers) */
    DOWN_APPLY, /* after max_attempts: applied as it came, not verified */
    DOWN_FAIL   /* after max_attempts: failed */
};

struct source_options {
    /* who may send */
    enum verify_mode verify;
    struct source_texts allow_from; /* CIDR; none = everybody */
    char *public_url;    /* that the sender knows us by; NULL = not known */
    uint32_t rate_limit; /* requests per second; 0 = no limit */
    uint32_t address_rate_limit; /* the same for one address */
    uint32_t queue_size;         /* live process jobs; 0 = no limit */

    /* what it says */
    char *dedupe;     /* "none", "header:NAME", "json:PATH", "signature",
                             "body_sha256"; NULL = as the provider has it */
    char *type_path;  /* JSON paths as in inbound_path.h; NULL = as the */
    char *table_path; /* provider has it */
    char *record_path;
    char *data_path;
    char *time_path;
    struct source_texts watch;          /* tables, ids or names; none = all */
    struct source_texts watch_types;    /* patterns of types; none = all */
    struct source_texts ignore_authors; /* ids whose changes are not ours to
                                           follow: our own bot */
    uint32_t answer_status;             /* 0 = as the provider has it */
    char *answer_body;                  /* JSON; NULL = the usual one */

    /* what is done with it */
    bool mirror;              /* keep its records */
    uint32_t debounce_ms;     /* quiet time of an entity before it is fetched */
    uint32_t debounce_max_ms; /* and how long that may be put off */
    bool fetch;               /* ask the source before an event counts */
    char *api_url;            /* NULL = as the provider has it, or settings */
    uint32_t api_rate;        /* requests per second to its API; 0 = no limit */
    enum when_down when_down;
    int confidence_percent;         /* -1 = settings' confidence_threshold */
    char *version_field;            /* of a record: when it changed */
    struct source_texts cache_keys; /* templates: "{source}:{table}:{id}" */
    char *invalidate_url;           /* is POSTed cache.invalidated events */
    struct slice triggers; /* JSON array (trigger_rule.h), or absent; owned */
    struct source_texts poll_tables; /* asked for changes now and then */
    uint32_t poll_s;                 /* every so many seconds; 0 = never */
};

/* As that provider has it; an unknown one is like "hmac". */
void source_options_init(struct source_options *options, const char *provider);
void source_options_free(struct source_options *options);

/*
 * Takes the members of a JSON object over. A member that is null becomes what
 * the provider has. Names in `skip` (NULL-terminated) belong to somebody else.
 * Adds problems, loc ["body",NAME,...], for unknown names, wrong types and what
 * is out of bounds; whatever is right has been taken over all the same.
 */
void source_options_read(struct source_options *options, const char *provider,
                         struct slice object, const char *const *skip,
                         struct problems *problems);

/* "name=value" of a command line, lists with commas: the same as JSON text of
   that option, or NULL in *json with a reason. */
bool source_option_json(struct slice name, struct slice value, struct buf *json,
                        char why[200]) __attribute__((warn_unused_result));

/* The members that differ from the provider's, as a JSON object. */
void source_options_print(const struct source_options *options,
                          const char *provider, struct buf *out);
/* ,"name":value for every option, in the order of the table. */
void source_options_members(const struct source_options *options,
                            struct buf *out);

/* For help and documentation. NULL behind the last. */
struct source_option_help {
    const char *name;
    const char *kind; /* "number", "text", "list", "yes or no", ... */
    const char *help;
};
const struct source_option_help *source_option_help(size_t index);

#endif /* SOURCE_OPTIONS_H */
