/*
 * help.c - see help.h.
 */
#include "help.h"

#include "command_find.h"
#include "json.h"
#include "member.h"
#include "output.h"

#include <string.h>

#define WIDTH 79 /* columns */
#define NAMES 24 /* of the list of all commands */
#define LINE_MAX_BYTES 16384

static const char global_usage[] =
    "  -c, --config FILE    read this file (else $POSTERN_CONF, else the "
    "usual ones)\n"
    "  --set NAME=VALUE     one option, before files and environment\n"
    "  --json               one JSON object (lists: one for each line)\n"
    "  --quiet              only data and errors\n"
    "  -h, --help           of the command, the group or everything\n"
    "  --version            the version\n";

/* Bytes up to the place where a line may end: a blank outside of brackets and
   quotes. */
static size_t
piece_len(const char *text)
{
    bool quoted = false;
    size_t i;
    int depth = 0;

    for (i = 0; text[i] != '\0'; i++) {
        if (text[i] == ' ' && depth == 0 && !quoted)
            return i;
        /* Not the apostrophe of a word. */
        if (text[i] == '\'' &&
            (quoted || i == 0 || strchr(" [(", text[i - 1]) != NULL))
            quoted = !quoted;
        depth += (text[i] == '[') - (text[i] == ']');
    }
    return i;
}

/* Goes on at `column`; further lines begin at `indent`. */
static void
print_wrapped(FILE *to, const char *text, size_t column, size_t indent)
{
    bool first = true;

    while (*text != '\0') {
        size_t len = piece_len(text);

        if (!first && column + 1 + len > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            putc(' ', to);
            column++;
        }
        first = false;
        fprintf(to, "%.*s", (int)len, text);
        column += len;
        text += len;
        text += strspn(text, " ");
    }
    putc('\n', to);
}

static void
name_of(const struct command *command, char out[NAMES * 2])
{
    (void)snprintf(out, NAMES * 2, "%s%s%s", command->group,
                   command->verb == NULL ? "" : " ",
                   command->verb == NULL ? "" : command->verb);
}

static void
print_brief(FILE *to, const struct command *command)
{
    char name[NAMES * 2];
    int column;

    name_of(command, name);
    column = fprintf(to, "  %-*s ", NAMES - 3, name);
    print_wrapped(to, command->help, (size_t)column, NAMES);
}

static void
print_usage(FILE *to, const struct command *command)
{
    char name[NAMES * 2];
    int column;

    name_of(command, name);
    column = fprintf(to, "  %s%s", name, command->usage[0] == '\0' ? "" : " ");
    print_wrapped(to, command->usage, (size_t)column, 6);
    fprintf(to, "%10s", "");
    print_wrapped(to, command->help, 10, 10);
}

static void
print_json(const struct command *command)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char option[COMMAND_OPTION_MAX], name[NAMES * 2];
    size_t at = 0;

    name_of(command, name);
    buf_add_char(&line, '{');
    member_text(&line, "command", name);
    member_text(&line, "usage", command->usage);
    member_text(&line, "help", command->help);
    member_name(&line, "options");
    buf_add_char(&line, '[');
    while (command_next_option(command, &at, option)) {
        member_next(&line);
        json_add_string(&line, slice_of(option));
    }
    buf_add_text(&line, "]}");
    output_line(buf_slice(&line));
    buf_free(&line);
}

static bool
is_meant(const struct command *command, const char *group, const char *verb)
{
    if (group == NULL)
        return true;
    if (strcmp(command->group, group) != 0)
        return false;
    return verb == NULL || command->verb == NULL ||
           strcmp(command->verb, verb) == 0;
}

void
help_print(FILE *to, bool json, const char *group, const char *verb)
{
    const struct command *command;
    size_t table = 0, row = 0;

    if (!json)
        fputs("usage: postern [-c FILE] [--set NAME=VALUE]... [--json] "
              "COMMAND\n\n",
              to);
    while ((command = command_next(&table, &row)) != NULL) {
        if (!is_meant(command, group, verb))
            continue;
        if (json)
            print_json(command);
        else if (group == NULL)
            print_brief(to, command);
        else
            print_usage(to, command);
    }
    if (json)
        return;
    fprintf(to, "\nwith every command:\n%s", global_usage);
    if (group == NULL)
        fputs("\n`postern help COMMAND` has the options of one.\n", to);
}

int
help_unknown(const char *group, const char *verb)
{
    const char *like = verb == NULL ? command_like_group(group)
                                    : command_like_verb(group, verb);
    char meant[128] = "";

    if (like != NULL)
        (void)snprintf(meant, sizeof(meant), "; did you mean '%s'?", like);
    if (verb == NULL)
        return output_error(EXIT_USE,
                            "there is no command '%s'%s `postern --help` lists "
                            "them",
                            group, like == NULL ? ";" : meant);
    return output_error(EXIT_USE,
                        "%s has no command '%s'%s `postern %s --help` lists "
                        "them",
                        group, verb, like == NULL ? ";" : meant, group);
}

int
help_asked(struct cli *cli)
{
    const char *group = args_word(&cli->args), *verb = NULL;
    const struct command *command = NULL;

    if (group != NULL && strcmp(group, "help") == 0)
        group = args_word(&cli->args);
    if (group != NULL && !command_group_exists(group))
        return help_unknown(group, NULL);
    if (group != NULL)
        command = command_find(group, NULL);
    if (group != NULL && command == NULL)
        verb = args_word(&cli->args);
    if (verb != NULL && command_find(group, verb) == NULL)
        return help_unknown(group, verb);
    help_print(stdout, cli->json, group, verb);
    return EXIT_OK;
}
