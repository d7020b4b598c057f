/*
 * outbox.c - `postern outbox`: events that applications emit by INSERT, as an
 * administrator sees them.
 */
#include "commands.h"

#include "clock.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "store_outbox_view.h"

#include <stdio.h>

#define LINE_BYTES ((size_t)1 << 20)
#define LIMIT_MAX 10000
#define LATE_US ((int64_t)60 * CLOCK_US_PER_S)

/* Rows are moved within a second; one that has waited for a minute has not been
   committed for that long, or nobody moves it. */
static bool
is_well(const struct outbox_status *status)
{
    if (status->waiting == 0)
        return true;
    return status->moved && clock_wall_us() - status->oldest_at_us < LATE_US;
}

static void
print_status_json(const struct outbox_status *status)
{
    struct buf line = BUF_INIT(LINE_BYTES);
    size_t i;

    buf_add_char(&line, '{');
    member_text(&line, "status", is_well(status) ? "healthy" : "unhealthy");
    member_u64(&line, "waiting", status->waiting);
    member_bool(&line, "waiting_is_more", status->capped);
    member_time(&line, "oldest_at", status->oldest_at_us);
    member_bool(&line, "worker_alive", status->moved);
    member_name(&line, "refused_24h");
    buf_add_char(&line, '{');
    for (i = 0; i < status->refused_count; i++)
        member_u64(&line, status->refused[i].reason, status->refused[i].count);
    buf_add_text(&line, "}}");
    output_line(buf_slice(&line));
    buf_free(&line);
}

static void
print_status_text(const struct outbox_status *status)
{
    char at[CLOCK_TEXT_MAX];
    size_t i;

    printf("waiting       %llu%s", (unsigned long long)status->waiting,
           status->capped ? "+" : "");
    if (status->waiting > 0) {
        clock_format_rfc3339(status->oldest_at_us, at);
        printf(", the first since %s", at);
    }
    printf("\nworker        %s\n",
           status->moved ? "alive" : "none: start posternd");
    printf("refused 24 h  ");
    for (i = 0; i < status->refused_count; i++)
        printf("%s%llu %s", i == 0 ? "" : ", ",
               (unsigned long long)status->refused[i].count,
               status->refused[i].reason);
    printf("%s\n", status->refused_count == 0 ? "none"
                                              : " (postern rejections list "
                                                "--outbox)");
}

static int
run_status(struct cli *cli)
{
    struct outbox_status status;
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_outbox_status(cli->db, &status);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the outbox");
    if (cli->json)
        print_status_json(&status);
    else
        print_status_text(&status);
    return is_well(&status) ? EXIT_OK : EXIT_UNHEALTHY;
}

static void
print_waiting_json(const struct outbox_waiting *row)
{
    struct buf line = BUF_INIT(LINE_BYTES);

    buf_add_char(&line, '{');
    member_u64(&line, "id", row->id);
    member_text(&line, "application", row->application);
    member_text(&line, "event_type", row->event_type);
    member_text(&line, "external_id", row->external_id);
    member_text(&line, "ordering_key", row->ordering_key);
    member_text(&line, "channels", row->channels);
    member_u64(&line, "bytes", row->bytes);
    member_time(&line, "deliver_at", row->deliver_at_us);
    member_time(&line, "created_at", row->created_at_us);
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static void
print_waiting(const struct cli *cli, const struct outbox_waiting_list *list)
{
    static const char *const headings[] = {
        "ROW",   "APPLICATION", "EVENT TYPE", "EXTERNAL ID",
        "BYTES", "DELIVER",     "CREATED",    NULL};
    struct table table;
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < list->count; i++) {
        const struct outbox_waiting *row = &list->rows[i];

        if (cli->json) {
            print_waiting_json(row);
            continue;
        }
        table_row(&table);
        table_cell_u64(&table, row->id);
        table_cell(&table, row->application);
        table_cell(&table, row->event_type);
        table_cell(&table, row->external_id);
        table_cell_u64(&table, row->bytes);
        table_cell_time(&table, row->deliver_at_us);
        table_cell_time(&table, row->created_at_us);
    }
    if (!cli->json)
        table_print(&table, "nothing waits in the outbox");
}

static int
run_list(struct cli *cli)
{
    const char *text = args_value(&cli->args, "--limit");
    struct outbox_waiting_list list = {NULL, 0};
    uint64_t limit = 50;
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK && text != NULL &&
        (!number_u64(slice_of(text), LIMIT_MAX, &limit) || limit == 0))
        code = output_error(EXIT_USE, "--limit is a number from 1 to %d",
                            LIMIT_MAX);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_outbox_waiting(cli->db, (size_t)limit, &list);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the outbox");
    print_waiting(cli, &list);
    outbox_waiting_free(&list);
    return EXIT_OK;
}

const struct command outbox_commands[] = {
    {"outbox", "status", "",
     "rows that wait, and how many were refused; exit code 1 if rows wait for "
     "more than a minute",
     run_status},
    {"outbox", "list", "[--limit N]", "rows that wait, the first ones first",
     run_list},
    {NULL, NULL, NULL, NULL, NULL},
};
