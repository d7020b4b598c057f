/*
 * event_type.c - `postern event-type`: which events there are, and what their
 * data has to be.
 */
#include "commands.h"

#include "doorbell.h"
#include "event_type_form.h"
#include "json.h"
#include "member.h"
#include "output.h"
#include "store_event_type.h"

#include <stdio.h>
#include <string.h>

#define BODY_MAX (512 * 1024)

/* --- what is given ------------------------------------------------------------ */

/* JSON from the command line, @FILE, or - for stdin. */
static int
add_json(const char *option, const char *value, const char *name,
         struct buf *body)
{
    struct buf raw = BUF_INIT(BODY_MAX);
    struct slice text = slice_of(value);
    struct json_error error;
    struct json_value json;
    int code = EXIT_OK;

    if (value[0] == '@' || strcmp(value, "-") == 0) {
        code = cli_read_input(value[0] == '@' ? value + 1 : value, &raw);
        text = buf_slice(&raw);
    }
    if (code == EXIT_OK && !json_read(text, &json, &error))
        code =
            output_error(EXIT_DATA, "%s is not JSON: %s at line %u column %u",
                         option, error.reason, error.line, error.column);
    if (code == EXIT_OK)
        member_raw(body, name, json.text, "null");
    buf_free(&raw);
    return code;
}

static void
add_flag(struct cli *cli, const char *on, const char *off, const char *name,
         struct buf *body)
{
    if (args_flag(&cli->args, on))
        member_bool(body, name, true);
    else if (args_flag(&cli->args, off))
        member_bool(body, name, false);
}

/* The options as the body of the API, its end still open. */
static int
take_options(struct cli *cli, struct buf *body)
{
    const char *category = args_value(&cli->args, "--category");
    const char *description = args_value(&cli->args, "--description");
    const char *example = args_value(&cli->args, "--example");
    const char *schema = args_value(&cli->args, "--schema");
    int code = EXIT_OK;

    buf_add_char(body, '{');
    if (category != NULL)
        member_text(body, "category", category);
    if (description != NULL)
        member_text(body, "description", description);
    if (example != NULL)
        code = add_json("--example", example, "example", body);
    if (schema != NULL && code == EXIT_OK)
        code = add_json("--schema", schema, "schema", body);
    add_flag(cli, "--validate", "--no-validate", "validate", body);
    add_flag(cli, "--archive", "--unarchive", "archived", body);
    return code;
}

/* --- what is shown ------------------------------------------------------------ */

static void
print_json(const char *label, struct slice json)
{
    if (json.ptr != NULL)
        printf("%-12s %.*s\n", label, (int)json.len, json.ptr);
}

static void
print_text(const struct event_type_row *row)
{
    printf("name         %s\ncategory     %s\n", row->name, row->category);
    if (row->description[0] != '\0')
        printf("description  %s\n", row->description);
    printf("data         %s\n", row->validate && row->schema.ptr != NULL
                                    ? "has to satisfy the schema"
                                    : "is not checked");
    if (row->archived)
        printf("archived     yes\n");
    print_json("example", row->example);
    print_json("schema", row->schema);
}

static int
missing(struct slice name)
{
    return output_error(EXIT_NONE,
                        "there is no event type %.*s; `postern event-type "
                        "list` shows them",
                        (int)name.len, name.ptr);
}

static int
show(struct cli *cli, struct slice name)
{
    struct buf line = BUF_INIT(BODY_MAX);
    struct event_type_row row;
    enum db_result result = store_event_type_get(cli->db, name, &row);

    if (result == DB_NONE)
        return missing(name);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the event type");
    if (cli->json) {
        event_type_row_print(&row, true, &line);
        output_line(buf_slice(&line));
    } else {
        print_text(&row);
    }
    buf_free(&line);
    event_type_row_free(&row);
    return EXIT_OK;
}

/* --- the commands --------------------------------------------------------------- */

/* The NAME word, and no further ones. */
static int
take_name(struct cli *cli, struct slice *name)
{
    const char *word = args_word(&cli->args);
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    if (word == NULL || word[0] == '\0')
        return output_error(EXIT_USE, "this needs the NAME of an event type, "
                                      "such as order.created");
    *name = slice_of(word);
    return cli_schema(cli);
}

static int
written(struct cli *cli, enum db_result result, struct slice name)
{
    struct doorbell *doorbell;

    if (result == DB_NONE)
        return missing(name);
    if (result == DB_DUPLICATE)
        return output_error(EXIT_DATA, "there is an event type %.*s already",
                            (int)name.len, name.ptr);
    if (result != DB_OK)
        return cli_db_error(cli, result, "write the event type");
    doorbell = doorbell_new(cli->settings.run_dir);
    doorbell_ring(doorbell);
    doorbell_free(doorbell);
    return EXIT_OK;
}

/* row: what is changed, or NULL. */
static int
write_form(struct cli *cli, struct buf *body, struct slice name,
           const struct event_type_row *row)
{
    struct event_type_form form;
    struct event_type_change change;
    struct problems problems;
    int code = EXIT_OK;

    if (row == NULL)
        member_slice(body, "name", name);
    buf_add_char(body, '}');
    problems.count = 0;
    if (event_type_form_read(&form, buf_slice(body), row != NULL, &problems) &&
        event_type_form_fits(&form, row, &problems)) {
        change = event_type_form_change(&form);
        code = written(cli,
                       row == NULL
                           ? store_event_type_insert(cli->db, name, &change)
                           : store_event_type_update(cli->db, name, &change),
                       name);
    } else {
        code = output_problems(&problems);
    }
    event_type_form_free(&form);
    return code == EXIT_OK ? show(cli, name) : code;
}

static int
run_add(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    struct slice name = SLICE_NONE;
    int code = take_options(cli, &body);

    if (code == EXIT_OK)
        code = take_name(cli, &name);
    if (code == EXIT_OK)
        code = write_form(cli, &body, name, NULL);
    buf_free(&body);
    return code;
}

static int
run_set(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    struct event_type_row row = {.validate = false};
    struct slice name = SLICE_NONE;
    enum db_result result = DB_OK;
    int code = take_options(cli, &body);

    if (code == EXIT_OK && body.len == 1)
        code = output_error(EXIT_USE, "event-type set changes nothing; what "
                                      "can be changed: postern event-type set "
                                      "--help");
    if (code == EXIT_OK)
        code = take_name(cli, &name);
    if (code == EXIT_OK)
        result = store_event_type_get(cli->db, name, &row);
    if (code == EXIT_OK && result == DB_NONE)
        code = missing(name);
    else if (code == EXIT_OK && result != DB_OK)
        code = cli_db_error(cli, result, "read the event type");
    if (code == EXIT_OK)
        code = write_form(cli, &body, name, &row);
    event_type_row_free(&row);
    buf_free(&body);
    return code;
}

static int
run_show(struct cli *cli)
{
    struct slice name = SLICE_NONE;
    int code = take_name(cli, &name);

    return code == EXIT_OK ? show(cli, name) : code;
}

static int
run_rm(struct cli *cli)
{
    struct buf line = BUF_INIT(4096);
    struct slice name = SLICE_NONE;
    int code = take_name(cli, &name);

    if (code == EXIT_OK)
        code = written(cli, store_event_type_delete(cli->db, name), name);
    if (code == EXIT_OK && cli->json) {
        buf_add_char(&line, '{');
        member_slice(&line, "name", name);
        member_bool(&line, "deleted", true);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else if (code == EXIT_OK) {
        output_note("removed event type %.*s", (int)name.len, name.ptr);
    }
    buf_free(&line);
    return code;
}

struct listing {
    const struct cli *cli;
    struct table table;
};

static void
list_one(void *arg, const struct event_type_row *row)
{
    struct listing *listing = arg;
    struct buf line = BUF_INIT(BODY_MAX);

    if (listing->cli->json) {
        event_type_row_print(row, false, &line);
        output_line(buf_slice(&line));
    } else {
        table_row(&listing->table);
        table_cell(&listing->table, row->name);
        table_cell(&listing->table, row->category);
        table_cell(&listing->table, row->archived   ? "archived"
                                    : row->validate ? "checked"
                                                    : "-");
        table_cell(&listing->table, row->description);
    }
    buf_free(&line);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"NAME", "CATEGORY", "STATE",
                                           "DESCRIPTION", NULL};
    bool archived = args_flag(&cli->args, "--archived");
    struct listing listing = {.cli = cli};
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&listing.table, headings);
    result = store_event_type_each(cli->db, archived, list_one, &listing);
    if (!cli->json)
        table_print(&listing.table, "there is no event type");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the event types");
}

#define OPTIONS                                                                \
    "[--category C] [--description D] [--example JSON|@FILE|-] "               \
    "[--schema JSON|@FILE|-|null] [--validate|--no-validate] "                 \
    "[--archive|--unarchive]"

const struct command event_type_commands[] = {
    {"event-type", "add", "NAME " OPTIONS,
     "register an event type; with --validate its data has to satisfy the "
     "schema",
     run_add},
    {"event-type", "list", "[--archived]", "the registered event types",
     run_list},
    {"event-type", "show", "NAME", "one of them, with example and schema",
     run_show},
    {"event-type", "set", "NAME " OPTIONS, "change it", run_set},
    {"event-type", "rm", "NAME",
     "remove it; events of that name are accepted all the same", run_rm},
    {NULL, NULL, NULL, NULL, NULL},
};
