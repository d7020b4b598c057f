/*
 * config.h - options from files, the environment and defaults, by one table.
 *
 * A table row gives name, type, default, unit and help; everything that names
 * an option (the file, --help, the man page, `postern config show`) is made
 * from it. Sources, strongest first:
 *
 *   1. set by hand: config_set(), i.e. --set NAME=VALUE on the command line
 *   2. environment: POSTERN_NAME, and the row's alias (a name that other
 *      programs know as well, such as SUPABASE_KEY); any string option also as
 *      POSTERN_NAME_FILE, a file holding the value
 *   3. for secrets: the file $CREDENTIALS_DIRECTORY/name (systemd)
 *   4. `.env` beside the configuration file (aliases and POSTERN_ names only)
 *   5. conf.d/NAME.conf beside the file, in name order
 *   6. the file itself (INI: name = value; [sections] only group visually)
 *   7. the default
 *
 * Names may be written in any letter case, and in files the alias does too. An
 * unknown name in a file is an error with a suggestion; an unknown name in the
 * environment or in .env is somebody else's and ignored, and so is an alias
 * without a value.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {
    CONFIG_STRING, /* any text */
    CONFIG_SECRET, /* text that is never shown */
    CONFIG_PATH,   /* in files, relative ones count from postern.conf */
    CONFIG_INT,    /* min..max, in `unit` */
    CONFIG_BYTES,  /* as CONFIG_INT, suffixes k, M, G (1024) allowed */
    CONFIG_BOOL,   /* yes/no, true/false, on/off, 1/0 */
    CONFIG_ENUM,   /* one of `choices`, separated by '|' */
    CONFIG_REAL    /* min..max, a decimal fraction */
};

struct config_option {
    const char *name;
    const char *alias; /* another environment name, or NULL */
    enum config_type type;
    const char *fallback; /* the default, written as in the file */
    int64_t min, max;
    const char *choices; /* CONFIG_ENUM */
    const char *unit;    /* for humans: "s", "ms", "bytes", or "" */
    const char *section; /* heading it stands under in postern.conf */
    bool reloadable;     /* SIGHUP is enough */
    const char *help;    /* one or two sentences */
};

struct config; /* opaque */

/* table: `count` rows that outlive the config. */
struct config *config_new(const struct config_option *table, size_t count);
void config_free(struct config *config);

/*
 * Reads the file (NULL: none), its conf.d and .env, and the environment given
 * as "NAME=value" strings ending with NULL. Refuses a file, .env included, that
 * others may use (mode & 007) if it sets a CONFIG_SECRET. False: *why (at most
 * max bytes) says file, line, what is wrong and what to do; the values are
 * those of before.
 */
bool config_load(struct config *config, const char *path, char *const *environ,
                 struct buf *why) __attribute__((warn_unused_result));

bool config_set(struct config *config, const char *name, const char *value,
                struct buf *why) __attribute__((warn_unused_result));

/* Values; the name must be in the table with that type (asserted), only
   config_string() gives the text of any type. Strings live until the next
   successful config_load() or config_set(), or config_free(); "" when unset. */
const char *config_string(const struct config *config, const char *name);
int64_t config_int(const struct config *config, const char *name);
bool config_bool(const struct config *config, const char *name);
double config_real(const struct config *config, const char *name);
int config_enum(const struct config *config, const char *name); /* index */

/* The path that config_load() has read last; NULL: none. */
const char *config_file(const struct config *config);

/* Where the value came from: "default", "environment POSTERN_X",
   "/etc/postern/postern.conf:12", ... */
const char *config_origin(const struct config *config, const char *name);

/* The name in the table that looks most like `name`, or NULL. */
const char *config_suggest(const struct config *config, const char *name);

/* Writes a complete file with every option explained and commented out. */
void config_print_template(const struct config_option *table, size_t count,
                           struct buf *out);

#endif /* CONFIG_H */
