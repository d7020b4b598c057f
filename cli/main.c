/*
 * main.c - postern, the command line.
 */
#include "command.h"
#include "output.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

static void
print_usage(FILE *to, const char *group)
{
    const struct command *const *table, *command;

    fputs("usage: postern [-c FILE] [--set NAME=VALUE]... [--json] COMMAND\n\n",
          to);
    for (table = command_tables; *table != NULL; table++) {
        for (command = *table; command->group != NULL; command++) {
            if (group != NULL && strcmp(group, command->group) != 0)
                continue;
            fprintf(to, "  %s%s%s%s%s\n        %s\n", command->group,
                    command->verb == NULL ? "" : " ",
                    command->verb == NULL ? "" : command->verb,
                    command->usage[0] == '\0' ? "" : " ", command->usage,
                    command->help);
        }
    }
    fputs("\n"
          "  -c, --config FILE    read this file (else $POSTERN_CONF, else the "
          "usual places)\n"
          "  --set NAME=VALUE     one option, before files and environment\n"
          "  --json               one JSON object (lists: one for each line)\n"
          "  --quiet              only data and errors\n"
          "  --version, --help\n",
          to);
}

static bool
group_exists(const char *group)
{
    const struct command *const *table, *command;

    for (table = command_tables; *table != NULL; table++)
        for (command = *table; command->group != NULL; command++)
            if (strcmp(command->group, group) == 0)
                return true;
    return false;
}

static const struct command *
find(const char *group, const char *verb)
{
    const struct command *const *table, *command;

    for (table = command_tables; *table != NULL; table++) {
        for (command = *table; command->group != NULL; command++) {
            if (strcmp(command->group, group) != 0)
                continue;
            if (command->verb == NULL)
                return command;
            if (verb != NULL && strcmp(command->verb, verb) == 0)
                return command;
        }
    }
    return NULL;
}

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

static int
run(struct cli *cli)
{
    bool help = args_flag(&cli->args, "--help");
    const struct command *command;
    const char *group, *verb = NULL;

    if (args_flag(&cli->args, "--version")) {
        puts("postern " POSTERN_VERSION);
        return EXIT_OK;
    }
    group = args_word(&cli->args);
    if (help || group == NULL) {
        if (group != NULL && !group_exists(group))
            group = NULL;
        print_usage(help ? stdout : stderr, group);
        return help ? EXIT_OK : EXIT_USE;
    }
    command = find(group, NULL);
    if (command == NULL) {
        verb = args_word(&cli->args);
        command = find(group, verb);
    }
    if (command == NULL && group_exists(group)) {
        print_usage(stderr, group);
        return verb == NULL ? EXIT_USE
                            : output_error(EXIT_USE, "%s has no command '%s'",
                                           group, verb);
    }
    if (command == NULL)
        return output_error(EXIT_USE,
                            "there is no command '%s'; `postern --help` lists "
                            "them",
                            group);
    return command->run(cli);
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
