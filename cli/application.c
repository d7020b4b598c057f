/*
 * application.c - `postern application`: the owners of everything else.
 */
#include "commands.h"

#include "id.h"
#include "member.h"
#include "output.h"
#include "store_application.h"

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 255

static int
run_add(struct cli *cli)
{
    const char *name = args_word(&cli->args);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    enum db_result result;
    uint32_t id = 0;
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    if (name == NULL || name[0] == '\0')
        return output_error(EXIT_USE, "application add needs a NAME");
    if (slice_of(name).len > NAME_MAX_BYTES)
        return output_error(EXIT_DATA, "a name has at most %d bytes",
                            NAME_MAX_BYTES);
    code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_application_insert(cli->db, slice_of(name), &id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "add the application");
    if (cli->json) {
        buf_add_char(&line, '{');
        member_id(&line, "id", ID_APPLICATION, id);
        member_text(&line, "name", name);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        char text[ID_TEXT_MAX];

        id_format(ID_APPLICATION, id, text);
        output_note("added application %s", name);
        output_line(slice_of(text));
    }
    buf_free(&line);
    return EXIT_OK;
}

struct listing {
    const struct cli *cli;
    struct table table;
};

static void
list_one(void *arg, uint32_t id, struct slice name, int64_t created_at_us)
{
    struct listing *listing = arg;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (listing->cli->json) {
        buf_add_char(&line, '{');
        member_id(&line, "id", ID_APPLICATION, id);
        member_slice(&line, "name", name);
        member_time(&line, "created_at", created_at_us);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        char text[ID_TEXT_MAX];

        id_format(ID_APPLICATION, id, text);
        buf_add_slice(&line, name);
        table_row(&listing->table);
        table_cell(&listing->table, text);
        table_cell(&listing->table, line.data);
        table_cell_time(&listing->table, created_at_us);
    }
    buf_free(&line);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"ID", "NAME", "CREATED", NULL};
    struct listing listing = {.cli = cli};
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&listing.table, headings);
    result = store_application_list(cli->db, list_one, &listing);
    if (!cli->json)
        table_print(&listing.table, "there is no application");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the applications");
}

const struct command application_commands[] = {
    {"application", "add", "NAME", "make an application", run_add},
    {"application", "list", "", "all applications", run_list},
    {NULL, NULL, NULL, NULL, NULL},
};
