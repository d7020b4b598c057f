/*
 * records.c - `postern records`: the mirror of the sources' records.
 */
#include "commands.h"

#include "json.h"
#include "number.h"
#include "output.h"
#include "record_text.h"
#include "records.h"
#include "store_record_index.h"
#include "store_record_list.h"

#define LIMIT_MAX 1000000
#define SEARCH_MAX 250
#define QUERY_BYTES 4096
#define LINE_BYTES ((size_t)64 * 1024 * 1024)

/* -- what is asked for ------------------------------------------------------------ */

static int
take_limit(struct cli *cli, uint64_t max, uint64_t *limit)
{
    const char *text = args_value(&cli->args, "--limit");

    *limit = 50;
    if (text != NULL &&
        (!number_u64(slice_of(text), max, limit) || *limit == 0))
        return output_error(EXIT_USE, "--limit is a number from 1 to %llu",
                            (unsigned long long)max);
    return EXIT_OK;
}

int
records_ready(struct cli *cli)
{
    int code = cli_finish_args(cli);

    return code == EXIT_OK ? cli_schema(cli) : code;
}

static int
not_found(const char *source)
{
    return output_error(EXIT_NONE,
                        "there is no source '%s'; `postern source "
                        "list` shows them",
                        source);
}

int
records_check_source(struct cli *cli, uint32_t application_id,
                     const char *source)
{
    const struct record_filter filter = {
        .application_id = application_id,
        .source = slice_of(source),
        .table = SLICE(""),
        .limit = 1,
    };
    struct record_page page;
    enum db_result result;

    if (source == NULL)
        return EXIT_OK;
    result = store_record_list(cli->db, &filter, &page);
    if (result == DB_NONE)
        return not_found(source);
    if (result != DB_OK)
        return cli_db_error(cli, result, "look the source up");
    record_page_free(&page);
    return EXIT_OK;
}

/* -- list ---------------------------------------------------------------------------- */

static void
print_json(void (*print)(const void *row, struct buf *out), const void *row)
{
    struct buf line = BUF_INIT(LINE_BYTES);

    print(row, &line);
    if (buf_ok(&line))
        output_line(buf_slice(&line));
    buf_free(&line);
}

static void
table_json(const void *row, struct buf *out)
{
    record_table_print(row, out);
}

static void
record_json(const void *row, struct buf *out)
{
    record_row_print(row, out);
}

static int
list_tables(struct cli *cli, uint32_t application_id, const char *source)
{
    static const char *const headings[] = {"SOURCE", "TABLE", "RECORDS",
                                           "CHANGED", NULL};
    struct record_tables found;
    struct table table;
    enum db_result result;
    int code = records_check_source(cli, application_id, source);
    size_t i;

    if (code != EXIT_OK)
        return code;
    result = store_record_tables(cli->db, application_id, slice_of(source),
                                 SLICE_NONE, RECORDS_TABLES_MAX, &found);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the tables");
    table_init(&table, headings);
    for (i = 0; i < found.count; i++) {
        if (cli->json) {
            print_json(table_json, &found.rows[i]);
            continue;
        }
        table_row(&table);
        table_cell(&table, found.rows[i].source);
        table_cell(&table, found.rows[i].table);
        table_cell_u64(&table, found.rows[i].records);
        table_cell_time(&table, found.rows[i].changed_us);
    }
    record_tables_free(&found);
    if (!cli->json)
        table_print(&table, "there are no records");
    return EXIT_OK;
}

static const char *const record_headings[] = {
    "SOURCE", "TABLE", "ID", "VERSION", "REVISION", "VERIFIED", "STATE", NULL};

static void
add_rows(const struct cli *cli, struct table *table,
         const struct record_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        const struct record_row *row = &list->rows[i];

        if (cli->json) {
            print_json(record_json, row);
            continue;
        }
        table_row(table);
        table_cell(table, row->source);
        table_cell(table, row->table);
        table_cell(table, row->record_id);
        table_cell_time(table, row->version_us);
        table_cell_u64(table, row->revision);
        table_cell(table, row->verified);
        table_cell(table, row->deleted ? "deleted"
                          : row->stale ? "stale"
                                       : "live");
    }
}

struct printing {
    const struct cli *cli;
    struct table table;
};

static bool
print_page(void *arg, const struct record_list *list)
{
    struct printing *printing = arg;

    add_rows(printing->cli, &printing->table, list);
    return true;
}

static int
list_records(struct cli *cli, struct record_filter *filter, uint64_t limit,
             const char *source)
{
    struct printing printing = {.cli = cli};
    enum db_result result;

    table_init(&printing.table, record_headings);
    result = records_walk(cli, filter, limit, print_page, &printing);
    if (!cli->json && result != DB_NONE)
        table_print(&printing.table, "no record matches");
    if (result == DB_NONE)
        return not_found(source);
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the records");
}

static int
run_list(struct cli *cli)
{
    struct record_filter filter = {.application_id = 0};
    const char *source, *table;
    uint64_t limit = 0;
    int code = take_limit(cli, LIMIT_MAX, &limit);

    if (args_flag(&cli->args, "--deleted"))
        filter.which = RECORDS_DELETED;
    if (code == EXIT_OK)
        code = cli_application(cli, 0, &filter.application_id);
    source = args_word(&cli->args);
    table = args_word(&cli->args);
    if (code == EXIT_OK)
        code = records_ready(cli);
    if (code != EXIT_OK)
        return code;
    if (table == NULL)
        return list_tables(cli, filter.application_id, source);
    filter.source = slice_of(source);
    filter.table = slice_of(table);
    return list_records(cli, &filter, limit, source);
}

/* -- show and search ------------------------------------------------------------------- */

static void
print_record(const struct cli *cli, const struct record_list *list)
{
    const struct record_row *row = &list->rows[0];
    struct table table;

    if (cli->json) {
        print_json(record_json, row);
        return;
    }
    table_init(&table, record_headings);
    add_rows(cli, &table, list);
    table_print(&table, "");
    if (row->data.ptr != NULL)
        output_line(row->data);
}

static int
run_show(struct cli *cli)
{
    struct record_filter filter = {.application_id = 0};
    struct record_list found;
    enum db_result result;
    int code = cli_application(cli, 0, &filter.application_id);

    filter.source = slice_of(args_word(&cli->args));
    filter.table = slice_of(args_word(&cli->args));
    filter.record_id = slice_of(args_word(&cli->args));
    if (code == EXIT_OK && filter.record_id.ptr == NULL)
        code = output_error(EXIT_USE, "records show needs SOURCE TABLE ID");
    if (code == EXIT_OK)
        code = records_ready(cli);
    if (code != EXIT_OK)
        return code;
    result = store_record_get(cli->db, &filter, &found);
    if (result == DB_NONE)
        return output_error(EXIT_NONE, "there is no such record");
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the record");
    print_record(cli, &found);
    record_list_free(&found);
    return EXIT_OK;
}

/* All words that are left. */
static int
take_query(struct cli *cli, struct buf *query)
{
    struct buf words = BUF_INIT(QUERY_BYTES);
    const char *word;
    int code = EXIT_OK;

    while ((word = args_word(&cli->args)) != NULL) {
        buf_add_text(&words, word);
        buf_add_char(&words, ' ');
    }
    if (words.len == 0)
        code = output_error(EXIT_USE, "records search needs WORDS");
    else if (!buf_ok(&words) || !json_is_utf8(buf_slice(&words)) ||
             !record_text_query(buf_slice(&words), query))
        code = output_error(EXIT_DATA,
                            "a search needs a word of three letters or more "
                            "that is not as common as 'the'");
    buf_free(&words);
    return code;
}

static int
search(struct cli *cli, const struct record_search *wanted)
{
    struct record_list found;
    struct table table;
    enum db_result result = store_record_search(cli->db, wanted, &found);

    if (result != DB_OK)
        return cli_db_error(cli, result, "search the records");
    table_init(&table, record_headings);
    add_rows(cli, &table, &found);
    if (!cli->json)
        table_print(&table, "no record matches");
    record_list_free(&found);
    return EXIT_OK;
}

static int
run_search(struct cli *cli)
{
    struct record_search wanted = {.application_id = 0};
    struct buf query = BUF_INIT(QUERY_BYTES);
    const char *source = args_value(&cli->args, "--source");
    uint64_t limit = 0;
    int code = take_limit(cli, SEARCH_MAX, &limit);

    wanted.limit = (size_t)limit;
    wanted.source = slice_of(source);
    wanted.table = slice_of(args_value(&cli->args, "--table"));
    if (code == EXIT_OK)
        code = cli_application(cli, 0, &wanted.application_id);
    if (code == EXIT_OK)
        code = take_query(cli, &query);
    if (code == EXIT_OK)
        code = records_ready(cli);
    if (code == EXIT_OK)
        code = records_check_source(cli, wanted.application_id, source);
    if (code == EXIT_OK) {
        wanted.query = buf_slice(&query);
        code = search(cli, &wanted);
    }
    buf_free(&query);
    return code;
}

const struct command records_commands[] = {
    {"records", "list",
     "[SOURCE [TABLE]] [--deleted] [--limit N] [--application A]",
     "tables of the mirror, or the records of one", run_list},
    {"records", "show", "SOURCE TABLE ID [--application A]",
     "one record; with --json also which field changed when", run_show},
    {"records", "search",
     "WORDS [--source S] [--table T] [--limit N] [--application A]",
     "records that have all the words; 'pre*' stands for a beginning",
     run_search},
    {"records", "export",
     "DIRECTORY [--source S] [--table T] [--application A]",
     "write the records as JSON arrays, DIRECTORY/SOURCE/TABLE.json",
     records_export},
    {NULL, NULL, NULL, NULL, NULL},
};
