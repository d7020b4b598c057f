/*
 * main.c - postern, the command line.
 */
#include "command.h"
#include "command_find.h"
#include "help.h"
#include "nearest.h"
#include "output.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

/* NAME=... with a NAME from the table of options; *like: the one that may have
   been meant by another NAME, or NULL. */
static bool
names_an_option(const char *assignment, const char **like)
{
    struct slice name = slice_make(assignment, strcspn(assignment, "="));
    char word[NEAREST_MAX + 2]; /* longer ones are like nothing */
    struct nearest nearest;
    size_t i;

    (void)snprintf(word, sizeof(word), "%.*s", (int)name.len, name.ptr);
    nearest_begin(&nearest, word);
    for (i = 0; i < settings_table_rows; i++) {
        if (assignment[name.len] == '=' &&
            slice_is_nocase(name, settings_table[i].name))
            return true;
        nearest_offer(&nearest, settings_table[i].name);
    }
    *like = nearest.found;
    return false;
}

static int
refuse_set(const char *assignment, const char *like)
{
    char meant[128] = "";

    if (like != NULL)
        (void)snprintf(meant, sizeof(meant), "; did you mean %s=VALUE?", like);
    return output_error(EXIT_USE,
                        "--set takes NAME=VALUE with a name that `postern "
                        "config show` lists, not '%s'%s",
                        assignment, meant);
}

static int
take_global_options(struct cli *cli)
{
    const char *value, *like;

    cli->json = args_flag(&cli->args, "--json");
    output_quiet(args_flag(&cli->args, "--quiet"));
    cli->config_path = args_value(&cli->args, "-c");
    value = args_value(&cli->args, "--config");
    if (value != NULL)
        cli->config_path = value;
    while ((value = args_value(&cli->args, "--set")) != NULL) {
        if (cli->override_count ==
            sizeof(cli->overrides) / sizeof(cli->overrides[0]))
            return output_error(EXIT_USE, "too many --set options");
        if (!names_an_option(value, &like))
            return refuse_set(value, like);
        cli->overrides[cli->override_count++] = (char *)(uintptr_t)value;
    }
    if (cli->args.wrong != NULL)
        return output_error(EXIT_USE, "%s needs a value", cli->args.wrong);
    return EXIT_OK;
}

/* -h and --help stand anywhere; `postern help` begins with the word. */
static bool
wants_help(struct cli *cli)
{
    bool asked = args_flag(&cli->args, "--help");

    asked |= args_flag(&cli->args, "-h");
    return asked || args_next_is(&cli->args, "help");
}

/* What is missing is a word, unless an option is wrong. */
static int
half_written(struct cli *cli, const char *group)
{
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        help_print(stderr, false, group, NULL);
    return EXIT_USE;
}

static int
run(struct cli *cli)
{
    const char *group, *verb = NULL;
    int code;

    if (args_flag(&cli->args, "--version")) {
        puts("postern " POSTERN_VERSION);
        return EXIT_OK;
    }
    if (wants_help(cli))
        return help_asked(cli);
    group = args_word(&cli->args);
    if (group == NULL)
        return half_written(cli, NULL);
    if (!command_group_exists(group))
        return help_unknown(group, NULL);
    cli->command = command_find(group, NULL);
    if (cli->command == NULL) {
        verb = args_word(&cli->args);
        if (verb == NULL)
            return half_written(cli, group);
        cli->command = command_find(group, verb);
    }
    if (cli->command == NULL)
        return help_unknown(group, verb);
    code = cli_check_options(cli);
    return code == EXIT_OK ? cli->command->run(cli) : code;
}

int
main(int argc, char **argv)
{
    static struct cli cli;
    int code;

    if (!args_init(&cli.args, argc - 1, argv + 1))
        return output_error(EXIT_USE, "too many arguments");
    code = take_global_options(&cli);
    if (code == EXIT_OK)
        code = run(&cli);
    cli_close(&cli);
    if (fflush(stdout) != 0 && code == EXIT_OK)
        code = output_error(EXIT_BUG, "stdout cannot be written");
    return code;
}
