/*
 * event_history.c - `postern event list` and `show`: what has come in or was
 * sent, and what became of it.
 */
#include "commands.h"

#include "alloc.h"
#include "id.h"
#include "member.h"
#include "moment.h"
#include "number.h"
#include "output.h"
#include "store_history.h"
#include "store_processing.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define LIMIT_MAX 10000
#define PAGE 250

static int
take_filter(struct cli *cli, struct event_filter *filter, uint64_t *limit)
{
    const char *text = args_value(&cli->args, "--limit");
    int code;

    filter->type = slice_of(args_value(&cli->args, "--type"));
    filter->source = slice_of(args_value(&cli->args, "--source"));
    *limit = 50;
    if (text != NULL &&
        (!number_u64(slice_of(text), LIMIT_MAX, limit) || *limit == 0))
        return output_error(EXIT_USE, "--limit is a number from 1 to %d",
                            LIMIT_MAX);
    code = moment_take(cli, "--since", &filter->since_us);
    if (code == EXIT_OK)
        code = moment_take(cli, "--until", &filter->until_us);
    return code;
}

static void
print_json(const struct event_row *row, bool live_known)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    event_print_summary(row, live_known, &line);
    output_line(buf_slice(&line));
    buf_free(&line);
}

/* "pending (source)"; what was triggered is not processed. */
static void
add_status(struct table *table, const struct event_row *row)
{
    const struct processing *processing = &row->processing;
    char text[64];

    if (row->source == NULL) {
        table_cell(table, "-");
        return;
    }
    if (!processing->known)
        (void)snprintf(text, sizeof(text), "unknown");
    else if (processing->waits_for != NULL)
        (void)snprintf(text, sizeof(text), "%s (%s)",
                       delivery_status_name(processing->status),
                       processing->waits_for);
    else
        (void)snprintf(text, sizeof(text), "%s",
                       delivery_status_name(processing->status));
    table_cell(table, text);
}

static void
add_deliveries(struct table *table, const struct event_row *row,
               bool live_known)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%llu ok, %llu failed, %llu%s pending",
                   (unsigned long long)row->succeeded,
                   (unsigned long long)row->failed,
                   (unsigned long long)row->live, live_known ? "" : "?");
    table_cell(table, text);
}

static void
print_page(const struct cli *cli, struct table *table,
           const struct event_list *list)
{
    char id[ID_TEXT_MAX];
    size_t i;

    for (i = 0; i < list->count; i++) {
        const struct event_row *row = &list->rows[i];

        if (cli->json) {
            print_json(row, list->live_known);
            continue;
        }
        id_format(ID_EVENT, row->id, id);
        table_row(table);
        table_cell(table, id);
        table_cell_time(table, id_time_us(row->id));
        table_cell(table, row->source);
        table_cell(table, row->type);
        add_status(table, row);
        add_deliveries(table, row, list->live_known);
    }
}

static enum db_result
list_page(struct cli *cli, struct event_filter *filter, struct table *table,
          uint64_t *left)
{
    struct event_list list;
    enum db_result result = store_event_list(cli->db, filter, &list);

    if (result != DB_OK)
        return result;
    result = store_event_processing(cli->db, list.rows, list.count);
    if (result == DB_OK)
        print_page(cli, table, &list);
    *left -= list.count;
    filter->before_id = list.next;
    event_list_free(&list);
    return result;
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {
        "ID", "RECEIVED", "SOURCE", "TYPE", "PROCESSING", "DELIVERIES", NULL};
    struct event_filter filter = {.application_id = 0};
    enum db_result result = DB_OK;
    struct table table;
    uint64_t left = 0;
    int code = take_filter(cli, &filter, &left);

    if (code == EXIT_OK)
        code = cli_application(cli, 0, &filter.application_id);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&table, headings);
    do {
        filter.limit = left < PAGE ? (size_t)left : PAGE;
        result = list_page(cli, &filter, &table, &left);
    } while (result == DB_OK && filter.before_id != 0 && left > 0);
    if (!cli->json)
        table_print(&table, "no event matches");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the events");
}

/* --- show -------------------------------------------------------------------- */

struct shown {
    struct event_row row;
    struct delivery_list deliveries;
    bool complete; /* those are all the deliveries */
};

static void
print_what(const char *name, const char *value)
{
    printf("%-12s %s\n", name, value == NULL ? "-" : value);
}

static void
print_processing(const struct shown *shown)
{
    const struct processing *processing = &shown->row.processing;

    if (shown->row.source == NULL)
        return;
    if (!processing->known) {
        print_what("processing", "unknown");
        return;
    }
    printf("%-12s %s after %u attempt(s)%s%s%s%s\n", "processing",
           delivery_status_name(processing->status), processing->attempts,
           processing->waits_for == NULL ? "" : ", waits for ",
           processing->waits_for == NULL ? "" : processing->waits_for,
           processing->error_class == NULL ? "" : ": ",
           processing->error_class == NULL ? "" : processing->error_class);
    if (processing->error_message != NULL)
        print_what("", processing->error_message);
}

static void
print_deliveries(const struct shown *shown)
{
    static const char *const headings[] = {"DELIVERY", "STATUS", "WEBHOOK",
                                           "ATTEMPTS", "RESULT", NULL};
    struct table table;
    char id[ID_TEXT_MAX];
    size_t i;

    putchar('\n');
    table_init(&table, headings);
    for (i = 0; i < shown->deliveries.count; i++) {
        const struct delivery *delivery = &shown->deliveries.rows[i];

        id_format(ID_DELIVERY, delivery->id, id);
        table_row(&table);
        table_cell(&table, id);
        table_cell(&table, delivery_status_name(delivery->status));
        table_cell_u64(&table, delivery->subscription_id);
        table_cell_u64(&table, delivery->attempts);
        if (delivery->response_code != 0)
            table_cell_u64(&table, delivery->response_code);
        else
            table_cell(&table, delivery->error_class);
    }
    table_print(&table, "no deliveries");
    if (!shown->complete)
        output_note("there may be more deliveries than these");
}

static void
print_shown(const struct cli *cli, const struct shown *shown)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    const struct event_row *row = &shown->row;
    struct table table;
    char id[ID_TEXT_MAX];

    if (cli->json) {
        event_print(row, &shown->deliveries, shown->complete, &line);
        output_line(buf_slice(&line));
    } else {
        static const char *const headings[] = {"ID",   "RECEIVED", "SOURCE",
                                               "TYPE", "VERIFIED", NULL};

        id_format(ID_EVENT, row->id, id);
        table_init(&table, headings);
        table_row(&table);
        table_cell(&table, id);
        table_cell_time(&table, id_time_us(row->id));
        table_cell(&table, row->source);
        table_cell(&table, row->type);
        table_cell(&table, row->verified ? "yes" : "no");
        table_print(&table, "");
        putchar('\n');
        print_processing(shown);
        printf("%-12s ", "data");
        output_line(row->expunged ? SLICE("(removed for good)") : row->data);
        print_deliveries(shown);
    }
    buf_free(&line);
}

static enum db_result
read_all(struct cli *cli, uint64_t id, struct shown *shown)
{
    enum db_result result = store_event_get(cli->db, 0, id, &shown->row);

    if (result == DB_OK)
        result = store_event_processing(cli->db, &shown->row, 1);
    if (result == DB_OK)
        result = store_event_deliveries(cli->db, id, &shown->deliveries,
                                        &shown->complete);
    return result;
}

static int
run_show(struct cli *cli)
{
    const char *word = args_word(&cli->args);
    struct shown shown = {.complete = true};
    enum db_result result;
    uint64_t id = 0;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK &&
        (word == NULL || (!id_parse(ID_EVENT, slice_of(word), &id) &&
                          !number_u64(slice_of(word), INT64_MAX, &id))))
        code = output_error(EXIT_USE, "event show needs an ID (evt_...), which "
                                      "`postern event list` shows");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = read_all(cli, id, &shown);
    if (result == DB_OK)
        print_shown(cli, &shown);
    else if (result == DB_NONE)
        code = output_error(EXIT_NONE,
                            "there is no event %s; `postern event list` "
                            "shows them",
                            word);
    else
        code = cli_db_error(cli, result, "read the event");
    event_row_free(&shown.row);
    delivery_list_free(&shown.deliveries);
    return code;
}

const struct command event_history_commands[] = {
    {"event", "list",
     "[--source NAME] [--type TYPE] [--since TIME] [--until TIME] [--limit N] "
     "[--application A]",
     "events, newest first: where they came from, how they were processed, "
     "their deliveries",
     run_list},
    {"event", "show", "ID", "one event with its data and its deliveries",
     run_show},
    {NULL, NULL, NULL, NULL, NULL},
};
