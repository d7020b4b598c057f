/*
 * command.c - what commands share: configuration, database, key, arguments.
 */
#include "command.h"

#include "command_find.h"
#include "file.h"
#include "output.h"
#include "schema.h"
#include "store_application.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY_MAX 2048
#define INPUT_CHUNK 65536
#define WORDS_MAX 64

/* -c names one file and $POSTERN_CONF another: options that still come from the
   environment probably belong to the other. */
static void
note_environment(const struct cli *cli)
{
    static const char from[] = "environment POSTERN_";
    const char *other = getenv("POSTERN_CONF");
    size_t i;

    if (cli->config_path == NULL || other == NULL ||
        strcmp(cli->config_path, other) == 0)
        return;
    for (i = 0; i < settings_table_rows; i++) {
        const char *origin =
            config_origin(cli->settings.config, settings_table[i].name);

        if (strncmp(origin, from, sizeof(from) - 1) == 0)
            output_note("note: %s comes from the %s, not from %s",
                        settings_table[i].name, origin, cli->config_path);
    }
}

int
cli_settings(struct cli *cli)
{
    struct buf why = BUF_INIT(WHY_MAX);
    int code = EXIT_OK;

    if (cli->have_settings)
        return EXIT_OK;
    if (settings_load_with(&cli->settings, cli->config_path, environ,
                           cli->overrides, cli->override_count, &why))
        cli->have_settings = true;
    else
        code = output_error(EXIT_CONFIG, "%s", why.data);
    buf_free(&why);
    if (code == EXIT_OK)
        note_environment(cli);
    if (code == EXIT_OK &&
        !log_open(cli->settings.log_format, LOG_WARNING, NULL))
        code = output_error(EXIT_BUG, "the log cannot be opened: %s",
                            strerror(errno));
    return code;
}

int
cli_db(struct cli *cli)
{
    enum db_result result;
    int code = cli_settings(cli);

    if (code != EXIT_OK || cli->db != NULL)
        return code;
    cli->db = db_new(&cli->settings);
    result = db_connect(cli->db);
    if (result == DB_OK)
        return EXIT_OK;
    return output_error(
        EXIT_UNREACHABLE, "the database %s cannot be reached: %s%s",
        cli->settings.db_name, db_error_text(cli->db),
        result == DB_BROKEN ? ""
                            : "; check db_socket, db_host and db_port "
                              "(`postern config show`)");
}

int
cli_schema(struct cli *cli)
{
    struct buf why = BUF_INIT(WHY_MAX);
    enum db_result result;
    int code = cli_db(cli);

    if (code != EXIT_OK)
        return code;
    result = schema_check(cli->db, &why);
    if (result == DB_BROKEN)
        code = output_error(EXIT_CONFIG, "%s", why.data);
    else if (result != DB_OK)
        code = cli_db_error(cli, result, "read the schema version");
    buf_free(&why);
    return code;
}

int
cli_sealer(struct cli *cli)
{
    struct buf why = BUF_INIT(WHY_MAX);
    int code = cli_settings(cli);

    if (code == EXIT_OK && cli->sealer == NULL) {
        cli->sealer = seal_open_key(cli->settings.key_file, &why);
        if (cli->sealer == NULL)
            code = output_error(EXIT_CONFIG, "%s", why.data);
    }
    buf_free(&why);
    return code;
}

void
cli_close(struct cli *cli)
{
    if (cli->db != NULL)
        db_free(cli->db);
    if (cli->sealer != NULL)
        seal_close(cli->sealer);
    if (cli->have_settings)
        settings_free(&cli->settings);
}

/* " webhook add", the words of the command that runs. */
static void
command_words(const struct cli *cli, char *out, size_t size)
{
    const struct command *command = cli->command;

    out[0] = '\0';
    if (command != NULL)
        (void)snprintf(out, size, " %s%s%s", command->group,
                       command->verb == NULL ? "" : " ",
                       command->verb == NULL ? "" : command->verb);
}

static int
refuse_option(const struct cli *cli, const char *option)
{
    char words[WORDS_MAX], like[COMMAND_OPTION_MAX], meant[128] = ";";

    command_words(cli, words, sizeof(words));
    if (command_like_option(cli->command, option, like))
        (void)snprintf(meant, sizeof(meant), "; did you mean %s?", like);
    return output_error(EXIT_USE,
                        "option '%s' is not known here%s `postern%s --help` "
                        "lists them",
                        option, meant, words);
}

int
cli_check_options(struct cli *cli)
{
    const struct args *args = &cli->args;
    bool valued;
    size_t i;

    for (i = 0; i < args->count; i++) {
        const char *word = args->word[i];

        if (args->taken[i] || args->literal[i] || word[0] != '-' ||
            word[1] == '\0')
            continue;
        if (!command_has_option(cli->command, word, &valued))
            return refuse_option(cli, word);
        i += valued ? 1 : 0;
    }
    return EXIT_OK;
}

int
cli_finish_args(struct cli *cli)
{
    const char *left = args_left(&cli->args);
    char words[WORDS_MAX];

    if (cli->args.wrong != NULL)
        return output_error(EXIT_USE, "%s needs a value", cli->args.wrong);
    if (left == NULL)
        return EXIT_OK;
    if (left[0] == '-' && left[1] != '\0')
        return refuse_option(cli, left);
    command_words(cli, words, sizeof(words));
    return output_error(EXIT_USE,
                        "argument '%s' is not known here; see `postern%s "
                        "--help`",
                        left, words);
}

int
cli_db_error(struct cli *cli, enum db_result result, const char *what)
{
    switch (result) {
    case DB_AWAY:
    case DB_AGAIN:
        return output_error(EXIT_UNREACHABLE,
                            "could not %s: the database is away (%s); try "
                            "again",
                            what, db_error_text(cli->db));
    case DB_UNKNOWN:
        return output_error(EXIT_LATER,
                            "the connection was lost while trying to %s: look "
                            "whether it happened before trying again",
                            what);
    case DB_NONE:
        return output_error(EXIT_NONE, "could not %s: it is not there", what);
    case DB_DUPLICATE:
        return output_error(EXIT_DATA, "could not %s: it exists already", what);
    case DB_OK:
    case DB_BROKEN:
        break;
    }
    return output_error(EXIT_BUG, "could not %s: %s", what,
                        db_error_text(cli->db));
}

int
cli_application(struct cli *cli, uint32_t fallback, uint32_t *id)
{
    const char *text = args_value(&cli->args, "--application");
    enum db_result result;
    int code;

    *id = fallback;
    if (text == NULL)
        return EXIT_OK;
    code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_application_find(cli->db, slice_of(text), id);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no application '%s'; `postern "
                            "application add %s` makes it",
                            text, text);
    return result == DB_OK
               ? EXIT_OK
               : cli_db_error(cli, result, "look the application up");
}

/* At the bound one more byte is asked for: is there really more? */
static bool
read_stdin(struct buf *out)
{
    for (;;) {
        size_t left = out->max - out->len;
        size_t len = left < INPUT_CHUNK ? left : INPUT_CHUNK;
        char extra = '\0', *room = left == 0 ? &extra : buf_reserve(out, len);
        ssize_t got = read(STDIN_FILENO, room, left == 0 ? 1 : len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (left == 0) {
            errno = EFBIG;
            return false;
        }
        buf_advance(out, (size_t)got);
    }
}

int
cli_read_input(const char *path, struct buf *out)
{
    bool ok = strcmp(path, "-") == 0 ? read_stdin(out) : file_read(path, out);

    if (ok)
        return EXIT_OK;
    return output_error(errno == ENOENT ? EXIT_NONE : EXIT_DATA,
                        "%s cannot be read: %s", path, strerror(errno));
}
