/*
 * config_impl.h - what the files of config.h share. Included by them only.
 */
#ifndef CONFIG_IMPL_H
#define CONFIG_IMPL_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILE_MAX 1048576 /* bytes of a configuration file */
#define CONFIG_LINE_MAX 16384   /* bytes of one of its lines */
#define CONFIG_NAME_MAX 64      /* bytes of a name worth comparing */

/* Who said it; a later one in this list beats the earlier ones. */
enum config_rank {
    CONFIG_BY_DEFAULT,
    CONFIG_BY_FILE,
    CONFIG_BY_DROP_IN,
    CONFIG_BY_DOTENV_ALIAS,
    CONFIG_BY_DOTENV,
    CONFIG_BY_CREDENTIAL,
    CONFIG_BY_ALIAS,
    CONFIG_BY_ENVIRONMENT,
    CONFIG_BY_HAND
};

struct config_value {
    char *text;   /* as written; a CONFIG_PATH made absolute if it can be */
    char *origin; /* for people: "default", "FILE:LINE", ... */
    enum config_rank rank;
    bool indirect;  /* read from the file that POSTERN_NAME_FILE names */
    int64_t number; /* INT, BYTES, BOOL (0 or 1), ENUM (index) */
    double real;    /* REAL */
};

struct config {
    const struct config_option *table;
    size_t count;
    struct config_value *values; /* one per row of the table */
    char *path;                  /* of the file that was read, or NULL */
    char *directory; /* of the configuration file with its '/', or "" */
};

/* One value on its way into the config. */
struct config_source {
    enum config_rank rank;
    bool indirect;
    const char *origin; /* copied */
    const char *file;   /* the file the text stands in: if others may open it, a
                         secret is refused; NULL: none */
};

/* Reads `text` by the option's type into value->number or ->real. */
bool config_parse(const struct config_option *option, const char *text,
                  struct config_value *value)
    __attribute__((warn_unused_result));

/* Appends 'name = "text": must be ...' for a text that config_parse() has
   refused. */
void config_say_wrong(const struct config_option *option, const char *text,
                      struct buf *why);

/* Checks the text and keeps it unless a higher rank has spoken. False: *why
   has "origin: name = ...: must be ..." appended. */
bool config_assign(struct config *config, const struct config_option *option,
                   const char *text, const struct config_source *source,
                   struct buf *why) __attribute__((warn_unused_result));

/* By name in any letter case, or by alias; NULL if there is none. */
const struct config_option *config_find(const struct config *config,
                                        const char *name);

/* Appends 'unknown option "name"' and what may have been meant. */
void config_say_unknown(const struct config *config, const char *name,
                        struct buf *why);

/* Reads an INI file, and the files of conf.d beside it. */
bool config_read_file(struct config *config, const char *path,
                      enum config_rank rank, struct buf *why)
    __attribute__((warn_unused_result));
bool config_read_drop_ins(struct config *config, struct buf *why)
    __attribute__((warn_unused_result));

/* Reads .env beside the file; none is fine. */
bool config_read_dotenv(struct config *config, struct buf *why)
    __attribute__((warn_unused_result));

/* Reads "NAME=value" strings, and $CREDENTIALS_DIRECTORY if it is among
   them. */
bool config_read_environment(struct config *config, char *const *environment,
                             struct buf *why)
    __attribute__((warn_unused_result));

/* Takes NAME=value if NAME belongs to an option, ignores it otherwise. */
bool config_take_variable(struct config *config, const char *name,
                          const char *text, const struct config_source *alias,
                          const struct config_source *proper, struct buf *why)
    __attribute__((warn_unused_result));

#endif /* CONFIG_IMPL_H */
