/*
 * config_group.c - `postern config`: is it right, what is in force, and a
 * template.
 */
#include "commands.h"

#include "member.h"
#include "output.h"
#include "settings_check.h"

#include <stdio.h>

#define TEXT_MAX 65536
#define SAID_MAX 16384
#define TEMPLATE_MAX (256 * 1024)

static void
print_good(const struct cli *cli)
{
    const char *file = config_file(cli->settings.config);
    struct buf line = BUF_INIT(TEXT_MAX);

    buf_add_char(&line, '{');
    member_bool(&line, "ok", true);
    member_slice(&line, "file",
                 file == NULL ? slice_make(NULL, 0) : slice_of(file));
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static int
run_check(struct cli *cli)
{
    struct buf said = BUF_INIT(SAID_MAX);
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_settings(cli);
    if (code != EXIT_OK)
        return code;
    if (!settings_check(&cli->settings, &said))
        code = output_error(EXIT_CONFIG, "%s", said.data);
    else if (cli->json)
        print_good(cli);
    else
        output_note("%s", said.data);
    buf_free(&said);
    return code;
}

static void
value_text(const struct cli *cli, const struct config_option *option,
           struct buf *out)
{
    const struct config *config = cli->settings.config;
    const char *choice;
    int skip;

    switch (option->type) {
    case CONFIG_STRING:
    case CONFIG_PATH:
        buf_add_text(out, config_string(config, option->name));
        return;
    case CONFIG_SECRET:
        if (config_string(config, option->name)[0] != '\0')
            buf_add_text(out, "(set, not shown)");
        return;
    case CONFIG_INT:
    case CONFIG_BYTES:
        buf_add_i64(out, config_int(config, option->name));
        return;
    case CONFIG_BOOL:
        buf_add_text(out, config_bool(config, option->name) ? "yes" : "no");
        return;
    case CONFIG_REAL:
        buf_addf(out, "%g", config_real(config, option->name));
        return;
    case CONFIG_ENUM:
        skip = config_enum(config, option->name);
        for (choice = option->choices; *choice != '\0' && skip >= 0; choice++) {
            if (*choice == '|')
                skip--;
            else if (skip == 0)
                buf_add_char(out, *choice);
        }
        return;
    }
}

static int
run_show(struct cli *cli)
{
    static const char *const headings[] = {"OPTION", "VALUE", "FROM", NULL};
    struct table table;
    size_t i;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_settings(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&table, headings);
    for (i = 0; i < settings_table_rows; i++) {
        const struct config_option *option = &settings_table[i];
        const char *origin = config_origin(cli->settings.config, option->name);
        struct buf value = BUF_INIT(TEXT_MAX);

        value_text(cli, option, &value);
        if (cli->json) {
            struct buf line = BUF_INIT(2 * TEXT_MAX);

            buf_add_char(&line, '{');
            member_text(&line, "name", option->name);
            member_slice(&line, "value", buf_slice(&value));
            member_text(&line, "unit", option->unit);
            member_text(&line, "from", origin);
            buf_add_char(&line, '}');
            output_line(buf_slice(&line));
            buf_free(&line);
        } else {
            table_row(&table);
            table_cell(&table, option->name);
            if (value.len > 0 && option->unit[0] != '\0')
                buf_addf(&value, " %s", option->unit);
            table_cell(&table, value.data == NULL ? "" : value.data);
            table_cell(&table, origin);
        }
        buf_free(&value);
    }
    if (!cli->json)
        table_print(&table, "");
    return EXIT_OK;
}

static int
run_template(struct cli *cli)
{
    struct buf text = BUF_INIT(TEMPLATE_MAX);
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    config_print_template(settings_table, settings_table_rows, &text);
    if (cli->json) {
        struct buf line = BUF_INIT(7 * (size_t)TEMPLATE_MAX);

        buf_add_char(&line, '{');
        member_slice(&line, "template", buf_slice(&text));
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
        buf_free(&line);
    } else {
        fwrite(text.data, 1, text.len, stdout);
    }
    buf_free(&text);
    return EXIT_OK;
}

const struct command config_commands[] = {
    {"config", "check", "", "is the configuration right?", run_check},
    {"config", "show", "",
     "every option, its value and where it came from (secrets are not shown)",
     run_show},
    {"config", "template", "", "print a configuration file with every option",
     run_template},
    {NULL, NULL, NULL, NULL, NULL},
};
