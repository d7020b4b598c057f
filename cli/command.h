/*
 * command.h - the table of commands and what they share.
 *
 * A command is `postern GROUP [VERB] ...`; its row in a table says how it is
 * called and what it does, and --help is printed from there.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "args.h"
#include "db.h"
#include "seal.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>

/* sysexits numbers; EXIT STATUS of postern(1) is made from these lines. */
enum exit_code {
    EXIT_OK = 0,           /* done */
    EXIT_UNHEALTHY = 1,    /* done with failures, or not healthy */
    EXIT_USE = 64,         /* the command line is wrong */
    EXIT_DATA = 65,        /* the input is wrong */
    EXIT_NONE = 66,        /* there is no such object or file */
    EXIT_UNREACHABLE = 69, /* the database or the gateway is away */
    EXIT_BUG = 70,         /* something is broken that should not be */
    EXIT_LATER = 75,       /* temporary: try again */
    EXIT_DENIED = 77,      /* a file may not be read or written */
    EXIT_CONFIG = 78 /* the configuration, the key or the schema is wrong */
};

struct cli {
    struct args args;
    const struct command *command; /* that runs; NULL while there is none */
    bool json;
    const char *config_path; /* -c, or NULL */
    char *overrides[32];     /* --set name=value */
    size_t override_count;
    struct settings settings; /* valid after cli_settings() */
    bool have_settings;
    struct db *db;         /* valid after cli_db() */
    struct sealer *sealer; /* valid after cli_sealer() */
};

struct command {
    const char *group; /* "token"; NULL ends a table */
    const char *verb;  /* "add", or NULL */
    const char *usage; /* what follows the two words */
    const char *help;  /* one line, or more for --help of the group */
    int (*run)(struct cli *cli);
};

extern const struct command *const command_tables[]; /* ends with NULL */

/* Each opens what a command needs, once; anything but EXIT_OK has been
   reported and ends the command. */
int cli_settings(struct cli *cli) __attribute__((warn_unused_result));
int cli_db(struct cli *cli) __attribute__((warn_unused_result));
/* cli_db() and a schema that is new enough. */
int cli_schema(struct cli *cli) __attribute__((warn_unused_result));
int cli_sealer(struct cli *cli) __attribute__((warn_unused_result));
void cli_close(struct cli *cli);

/* Refuses options that the usage of the command does not name: before it
   runs. */
int cli_check_options(struct cli *cli) __attribute__((warn_unused_result));

/* Refuses words and options that nobody took: call before doing anything. */
int cli_finish_args(struct cli *cli) __attribute__((warn_unused_result));

/* Reports a database result that is not DB_OK. what: "read the tokens". */
int cli_db_error(struct cli *cli, enum db_result result, const char *what);

/* The application of --application (name or app_...), else `fallback`. */
int cli_application(struct cli *cli, uint32_t fallback, uint32_t *id)
    __attribute__((warn_unused_result));

/* Reads a file, or stdin for "-", bounded; says what is wrong. */
int cli_read_input(const char *path, struct buf *out)
    __attribute__((warn_unused_result));

#endif /* COMMAND_H */
