/*
 * init.c - `postern init`: the configuration file and the key.
 */
#include "commands.h"

#include "alloc.h"
#include "file.h"
#include "member.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEMPLATE_MAX (256 * 1024)

/* The directory of the file, if only that one is missing. Whether it worked
   shows when the file is written. */
static void
make_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent;

    if (slash == NULL || slash == path)
        return;
    parent = xstrndup(path, (size_t)(slash - path));
    (void)mkdir(parent, 0750);
    free(parent);
}

/* Only where -c names a file that is not there yet; one that cannot be looked
   at is there. */
static int
make_config(const struct cli *cli, bool *made)
{
    struct buf text = BUF_INIT(TEMPLATE_MAX);
    struct stat found;
    int code = EXIT_OK;

    *made = false;
    if (cli->config_path == NULL || stat(cli->config_path, &found) == 0 ||
        errno != ENOENT)
        return EXIT_OK;
    make_directory(cli->config_path);
    config_print_template(settings_table, settings_table_rows, &text);
    if (file_replace(cli->config_path, buf_slice(&text), 0600))
        *made = true;
    else
        code = output_error(errno == ENOENT ? EXIT_NONE : EXIT_DENIED,
                            "%s cannot be written: %s", cli->config_path,
                            strerror(errno));
    buf_free(&text);
    return code;
}

static int
make_key(const struct cli *cli, bool *made)
{
    *made = false;
    if (seal_make_key_file(cli->settings.key_file)) {
        *made = true;
        return EXIT_OK;
    }
    if (errno == EEXIST)
        return EXIT_OK;
    return output_error(EXIT_DENIED,
                        "the key file %s cannot be written: %s; set key_file "
                        "to a place that exists and is yours",
                        cli->settings.key_file, strerror(errno));
}

/* As it is to be typed: in quotes where a shell would take it apart. */
static void
note_next(const struct cli *cli)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=@,";
    const char *path = cli->config_path, *quote = "";

    if (path == NULL) {
        output_note("next: postern migrate up");
        return;
    }
    if (path[strspn(path, plain)] != '\0')
        quote = strchr(path, '\'') == NULL ? "'" : "\"";
    output_note("next: postern -c %s%s%s migrate up", quote, path, quote);
}

static int
run_init(struct cli *cli)
{
    bool made_config = false, made_key = false;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = make_config(cli, &made_config);
    if (code == EXIT_OK)
        code = cli_settings(cli);
    if (code == EXIT_OK)
        code = make_key(cli, &made_key);
    if (code == EXIT_OK)
        code = cli_sealer(cli); /* an existing key must be usable */
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        struct buf out = BUF_INIT(TEMPLATE_MAX);

        buf_add_char(&out, '{');
        member_text(&out, "key_file", cli->settings.key_file);
        member_bool(&out, "key_made", made_key);
        member_bool(&out, "config_made", made_config);
        buf_add_char(&out, '}');
        output_line(buf_slice(&out));
        buf_free(&out);
        return EXIT_OK;
    }
    if (made_config)
        output_note("made %s: set db_name, db_user and db_password there",
                    cli->config_path);
    output_note("%s %s: keep a copy apart from the database",
                made_key ? "made" : "found", cli->settings.key_file);
    note_next(cli);
    return EXIT_OK;
}

const struct command init_commands[] = {
    {"init", NULL, "",
     "make the key that secrets are encrypted with (and, with -c FILE, that "
     "file)",
     run_init},
    {NULL, NULL, NULL, NULL, NULL},
};
