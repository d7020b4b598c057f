/*
 * rejections.c - `postern rejections`: what was refused, by sources and from
 * the outbox, and why.
 */
#include "rejections.h"

#include "commands.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "rejection_reason.h"
#include "source_show.h"

#include <string.h>

#define LINE_MAX_BYTES 8192
#define REASONS_BYTES 1024

/* What stands in the place of a source: rows of the outbox have none, nor has
   the number of what was not written down. */
static const char *
origin_of(const struct rejection_row *row)
{
    if (row->source != NULL)
        return row->source;
    return strcmp(row->reason, "dropped") == 0 ? NULL : "(outbox)";
}

void
rejections_print(const struct cli *cli, const struct rejection_list *list)
{
    static const char *const headings[] = {
        "AT", "SOURCE", "STATUS", "REASON", "ADDRESS", "DETAIL", NULL};
    struct table table;
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < list->count; i++) {
        const struct rejection_row *row = &list->rows[i];
        struct buf line = BUF_INIT(LINE_MAX_BYTES);

        if (cli->json) {
            rejection_print(row, &line);
            line.len--; /* one more member */
            member_text(&line, "source", row->source);
            buf_add_char(&line, '}');
            output_line(buf_slice(&line));
        } else {
            table_row(&table);
            table_cell_time(&table, row->created_at_us);
            table_cell(&table, origin_of(row));
            table_cell_u64(&table, row->status);
            table_cell(&table, row->reason);
            table_cell(&table, row->remote_address);
            table_cell(&table, row->detail);
        }
        buf_free(&line);
    }
    if (!cli->json)
        table_print(&table, "nothing was refused");
}

static int
check_reason(struct slice reason)
{
    struct buf words = BUF_INIT(REASONS_BYTES);
    int code = EXIT_OK;

    rejection_reasons_print(REJECTION_ANY, &words);
    if (reason.ptr != NULL && !rejection_reason_known(REJECTION_ANY, reason))
        code = output_error(EXIT_USE, "--reason takes one of %s", words.data);
    buf_free(&words);
    return code;
}

int
rejections_filter(struct cli *cli, struct rejection_filter *filter)
{
    const char *limit = args_value(&cli->args, "--limit");
    const char *status = args_value(&cli->args, "--status");
    uint64_t number;

    *filter = (struct rejection_filter){
        .reason = slice_of(args_value(&cli->args, "--reason")), .limit = 50};
    if (limit != NULL) {
        if (!number_u64(slice_of(limit), 1000, &number) || number == 0)
            return output_error(EXIT_USE,
                                "--limit takes a number from 1 to 1000");
        filter->limit = (size_t)number;
    }
    if (status != NULL) {
        if (!number_u64(slice_of(status), 599, &number) || number < 100)
            return output_error(EXIT_USE, "--status takes a code such as 401");
        filter->status = (unsigned)number;
    }
    return check_reason(filter->reason);
}

static int
find_source(struct cli *cli, const char *name, struct rejection_filter *filter)
{
    struct source_ref ref = source_ref_of(slice_of(name));
    struct source_row row;
    int code = cli_sealer(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK)
        code = source_show_result(
            cli, name, store_source_get(cli->db, cli->sealer, 0, &ref, &row),
            SOURCE_DONE, "read the source");
    if (code != EXIT_OK)
        return code;
    filter->scope = REJECTION_SOURCE;
    filter->source_id = row.id;
    source_row_free(&row);
    return EXIT_OK;
}

static int
run_list(struct cli *cli)
{
    const char *source = args_value(&cli->args, "--source");
    bool outbox = args_flag(&cli->args, "--outbox");
    struct rejection_list list = {NULL, 0, 0};
    struct rejection_filter filter;
    enum db_result result;
    int code = rejections_filter(cli, &filter);

    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && outbox && source != NULL)
        code = output_error(EXIT_USE, "--source or --outbox, not both");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    filter.scope = outbox ? REJECTION_OUTBOX : REJECTION_ANY;
    if (code == EXIT_OK && source != NULL)
        code = find_source(cli, source, &filter);
    if (code != EXIT_OK)
        return code;
    result = store_source_rejection_list(cli->db, &filter, &list);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the rejections");
    rejections_print(cli, &list);
    rejection_list_free(&list);
    return EXIT_OK;
}

const struct command rejections_commands[] = {
    {"rejections", "list",
     "[--source NAME | --outbox] [--reason R] [--status N] [--limit N]",
     "requests and outbox rows that were refused, newest first, and why",
     run_list},
    {NULL, NULL, NULL, NULL, NULL},
};
