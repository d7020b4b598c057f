/*
 * application.c - `postern application`: the owners of everything else.
 */
#include "commands.h"

#include "id.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "store_application.h"

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 255

/* --retention-days N, or `default`; *given: it was there. */
static int
take_retention(struct cli *cli, bool *given, uint32_t *days)
{
    const char *text = args_value(&cli->args, "--retention-days");
    uint64_t number = 0;

    *given = text != NULL;
    *days = 0;
    if (text == NULL || slice_is(slice_of(text), "default"))
        return EXIT_OK;
    if (!number_u64(slice_of(text), APPLICATION_RETENTION_MAX, &number) ||
        number == 0)
        return output_error(EXIT_DATA,
                            "--retention-days takes 1 to %d, or default, not "
                            "'%s'",
                            APPLICATION_RETENTION_MAX, text);
    *days = (uint32_t)number;
    return EXIT_OK;
}

/* As it is now: JSON, or its id. */
static int
show(struct cli *cli, uint32_t id)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct application_row row;
    enum db_result result = store_application_get(cli->db, 0, id, &row);
    char text[ID_TEXT_MAX];

    if (result != DB_OK)
        return cli_db_error(cli, result, "read the application");
    if (cli->json) {
        application_print(&row, &line);
        output_line(buf_slice(&line));
    } else {
        id_format(ID_APPLICATION, id, text);
        output_line(slice_of(text));
    }
    buf_free(&line);
    application_row_free(&row);
    return EXIT_OK;
}

static int
run_add(struct cli *cli)
{
    enum db_result result;
    uint32_t id = 0, days = 0;
    const char *name;
    bool given;
    int code = take_retention(cli, &given, &days);

    name = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
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
    result = store_application_insert(cli->db, slice_of(name), days, &id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "add the application");
    if (!cli->json)
        output_note("added application %s", name);
    return show(cli, id);
}

static int
run_set(struct cli *cli)
{
    enum db_result result;
    uint32_t id = 0, days = 0;
    const char *word;
    bool given;
    int code = take_retention(cli, &given, &days);

    word = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && (word == NULL || !given))
        code = output_error(EXIT_USE, "application set needs a NAME or app_..."
                                      " and --retention-days N");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_application_find(cli->db, slice_of(word), &id);
    if (result == DB_OK)
        result = store_application_set_retention(cli->db, id, days);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no application '%s'; `postern "
                            "application list` shows them",
                            word);
    if (result != DB_OK)
        return cli_db_error(cli, result, "change the application");
    return show(cli, id);
}

#define PAGE 200 /* applications read at a time */

static void
list_one(const struct cli *cli, const struct application_row *row,
         struct table *table)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char text[ID_TEXT_MAX];

    if (cli->json) {
        application_print(row, &line);
        output_line(buf_slice(&line));
        buf_free(&line);
        return;
    }
    id_format(ID_APPLICATION, row->id, text);
    table_row(table);
    table_cell(table, text);
    table_cell(table, row->name);
    if (row->retention_days == 0)
        table_cell(table, "-");
    else
        table_cell_u64(table, row->retention_days);
    table_cell_time(table, row->created_at_us);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"ID", "NAME", "RETENTION (DAYS)",
                                           "CREATED", NULL};
    struct application_list page;
    enum db_result result = DB_OK;
    struct table table;
    bool more = true;
    uint32_t after = 0;
    int code = cli_finish_args(cli);
    size_t i;

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&table, headings);
    while (result == DB_OK && more) {
        result = store_application_page(cli->db, 0, after, PAGE, &page);
        if (result != DB_OK)
            break;
        for (i = 0; i < page.count; i++) {
            list_one(cli, &page.rows[i], &table);
            after = page.rows[i].id;
        }
        more = page.more;
        application_list_free(&page);
    }
    if (!cli->json)
        table_print(&table, "there is no application");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the applications");
}

const struct command application_commands[] = {
    {"application", "add", "NAME [--retention-days N]", "make an application",
     run_add},
    {"application", "set", "NAME|ID --retention-days N|default",
     "how many days its events and deliveries stay", run_set},
    {"application", "list", "", "all applications", run_list},
    {NULL, NULL, NULL, NULL, NULL},
};
