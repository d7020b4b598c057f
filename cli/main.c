/*
 * main.c - postern, the command line.
 */
#include "command.h"
#include "command_find.h"
#include "help.h"
#include "output.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

/* True for NAME=... with a NAME from the table of options. */
static bool
names_an_option(const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    size_t i;

    if (equals == NULL)
        return false;
    for (i = 0; i < settings_table_rows; i++)
        if (slice_is_nocase(
                slice_make(assignment, (size_t)(equals - assignment)),
                settings_table[i].name))
            return true;
    return false;
}

static int
take_global_options(struct cli *cli)
{
    const char *value;

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
        if (!names_an_option(value))
            return output_error(EXIT_USE,
                                "--set takes NAME=VALUE with a name that "
                                "`postern config show` lists, not '%s'",
                                value);
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
    if (group == NULL) {
        help_print(stderr, false, NULL, NULL);
        return EXIT_USE;
    }
    if (!command_group_exists(group))
        return help_unknown(group, NULL);
    cli->command = command_find(group, NULL);
    if (cli->command == NULL) {
        verb = args_word(&cli->args);
        if (verb == NULL) {
            help_print(stderr, false, group, NULL);
            return EXIT_USE;
        }
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
