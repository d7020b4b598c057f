/*
 * records_export.c - `postern records export`: the mirror as files, and how
 * all commands walk through it.
 */
#include "records.h"

#include "member.h"
#include "output.h"
#include "record_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAGE 250
#define LINE_MAX_BYTES 32768

enum db_result
records_walk(struct cli *cli, struct record_filter *filter, uint64_t left,
             bool (*use)(void *arg, const struct record_list *list), void *arg)
{
    char *after = NULL;
    enum db_result result;

    do {
        struct record_page page;

        filter->limit = left < PAGE ? (size_t)left : PAGE;
        result = store_record_list(cli->db, filter, &page);
        if (result != DB_OK)
            break;
        left -= page.list.count;
        free(after);
        after = page.next;
        page.next = NULL;
        filter->after = slice_of(after);
        if (!use(arg, &page.list))
            left = 0;
        record_page_free(&page);
    } while (after != NULL && left > 0);
    free(after);
    return result;
}

struct exporting {
    struct record_file *file;
    uint64_t count;
    bool failed; /* errno says why */
};

static bool
export_page(void *arg, const struct record_list *list)
{
    struct exporting *exporting = arg;
    size_t i;

    for (i = 0; i < list->count && !exporting->failed; i++) {
        if (list->rows[i].data.ptr == NULL)
            continue;
        exporting->failed =
            !record_file_add(exporting->file, list->rows[i].data);
        exporting->count++;
    }
    return !exporting->failed;
}

static int
file_error(const char *dir, const struct record_table *table)
{
    return output_error(EXIT_UNHEALTHY, "%s: %s.%s cannot be written: %s", dir,
                        table->source, table->table, strerror(errno));
}

static int
export_table(struct cli *cli, const char *dir, const struct record_table *table,
             uint64_t *count)
{
    struct record_filter filter = {
        .source = slice_of(table->source),
        .table = slice_of(table->table),
    };
    struct exporting exporting = {.file = NULL};
    enum db_result result;

    exporting.file = record_file_open(dir, filter.source, filter.table);
    if (exporting.file == NULL)
        return file_error(dir, table);
    result = records_walk(cli, &filter, UINT64_MAX, export_page, &exporting);
    if (result != DB_OK || exporting.failed) {
        record_file_drop(exporting.file);
        return exporting.failed ? file_error(dir, table)
                                : cli_db_error(cli, result, "read the records");
    }
    if (!record_file_finish(exporting.file))
        return file_error(dir, table);
    *count += exporting.count;
    return EXIT_OK;
}

static void
tell(const struct cli *cli, const char *dir, uint64_t records, size_t tables)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (cli->json) {
        buf_add_char(&line, '{');
        member_text(&line, "directory", dir);
        member_u64(&line, "tables", tables);
        member_u64(&line, "records", records);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        output_note("%llu record(s) of %zu table(s) written to %s",
                    (unsigned long long)records, tables, dir);
    }
    buf_free(&line);
}

static int
export_all(struct cli *cli, const char *dir, uint32_t application_id,
           struct slice source, struct slice table)
{
    struct record_tables found;
    uint64_t count = 0;
    enum db_result result;
    int code = EXIT_OK;
    size_t i;

    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return output_error(EXIT_NONE, "%s: %s", dir, strerror(errno));
    result = store_record_tables(cli->db, application_id, source, table,
                                 RECORDS_TABLES_MAX, &found);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the tables");
    for (i = 0; i < found.count && code == EXIT_OK; i++)
        code = export_table(cli, dir, &found.rows[i], &count);
    if (code == EXIT_OK)
        tell(cli, dir, count, found.count);
    record_tables_free(&found);
    return code;
}

int
records_export(struct cli *cli)
{
    const char *source = args_value(&cli->args, "--source");
    struct slice table = slice_of(args_value(&cli->args, "--table"));
    uint32_t application_id = 0;
    const char *dir;
    int code = cli_application(cli, 0, &application_id);

    dir = args_word(&cli->args);
    if (code == EXIT_OK && dir == NULL)
        return output_error(EXIT_USE, "records export needs a DIRECTORY");
    if (code == EXIT_OK)
        code = records_ready(cli);
    if (code == EXIT_OK)
        code = records_check_source(cli, application_id, source);
    return code == EXIT_OK
               ? export_all(cli, dir, application_id, slice_of(source), table)
               : code;
}
