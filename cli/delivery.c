/*
 * delivery.c - `postern delivery`: what became of events, and try again.
 */
#include "commands.h"

#include "alloc.h"
#include "doorbell.h"
#include "member.h"
#include "node.h"
#include "number.h"
#include "object_id.h"
#include "output.h"
#include "store_delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (8 * 1024 * 1024)
#define IDS_MAX_BYTES (1024 * 1024)
#define LIMIT_MAX 10000
#define PAGE 250

static int
take_filter(struct cli *cli, struct delivery_filter *filter, uint64_t *limit)
{
    const char *status = args_value(&cli->args, "--status");
    const char *webhook = args_value(&cli->args, "--webhook");
    const char *event = args_value(&cli->args, "--event");
    const char *limit_text = args_value(&cli->args, "--limit");
    enum delivery_status one;

    *limit = 50;
    if (status != NULL) {
        if (!delivery_status_from_name(slice_of(status), &one))
            return output_error(EXIT_USE,
                                "--status is pending, retrying, success, "
                                "failed, cancelled or skipped, not '%s'",
                                status);
        filter->statuses = 1u << one;
    }
    if (webhook != NULL &&
        !object_id_webhook(webhook, &filter->subscription_id))
        return output_error(EXIT_USE, "--webhook takes an ID, not '%s'",
                            webhook);
    if (event != NULL)
        filter->event_type = slice_of(event);
    if (limit_text != NULL &&
        (!number_u64(slice_of(limit_text), LIMIT_MAX, limit) || *limit == 0))
        return output_error(EXIT_USE, "--limit is a number from 1 to %d",
                            LIMIT_MAX);
    return EXIT_OK;
}

static void
print_row(const struct cli *cli, struct table *table,
          const struct delivery *delivery)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char text[ID_TEXT_MAX];

    if (cli->json) {
        delivery_print(delivery, NULL, &line);
        output_line(buf_slice(&line));
        buf_free(&line);
        return;
    }
    id_format(ID_DELIVERY, delivery->id, text);
    table_row(table);
    table_cell(table, text);
    table_cell(table, delivery_status_name(delivery->status));
    table_cell(table, delivery->event_type);
    table_cell_u64(table, delivery->subscription_id);
    table_cell_u64(table, delivery->attempts);
    if (delivery->response_code != 0)
        table_cell_u64(table, delivery->response_code);
    else
        table_cell(table, delivery->error_class);
    table_cell_time(table, delivery->next_retry_at_us);
    table_cell_time(table, delivery->completed_at_us);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"ID",      "STATUS",    "EVENT",
                                           "WEBHOOK", "ATTEMPTS",  "RESULT",
                                           "NEXT",    "COMPLETED", NULL};
    struct delivery_filter filter = {.application_id = 0};
    struct delivery_list list = {NULL, 0, 0};
    enum db_result result = DB_OK;
    struct table table;
    uint64_t left;
    size_t i;
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
        result = store_delivery_list(cli->db, &filter, &list);
        if (result != DB_OK)
            break;
        for (i = 0; i < list.count; i++)
            print_row(cli, &table, &list.rows[i]);
        left -= list.count;
        filter.before_id = list.next;
        delivery_list_free(&list);
    } while (filter.before_id != 0 && left > 0);
    if (!cli->json)
        table_print(&table, "no delivery matches");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the deliveries");
}

static void
print_attempts(const struct attempt_list *attempts)
{
    static const char *const headings[] = {"ATTEMPT", "ENDED", "CODE",
                                           "ERROR",   "MS",    NULL};
    struct table table;
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < attempts->count; i++) {
        const struct delivery_attempt *attempt = &attempts->rows[i];

        table_row(&table);
        table_cell_u64(&table, attempt->attempt);
        table_cell_time(&table, attempt->attempted_at_us);
        if (attempt->response_code == 0)
            table_cell(&table, "-");
        else
            table_cell_u64(&table, attempt->response_code);
        table_cell(&table, attempt->error_message);
        table_cell_u64(&table, (uint64_t)attempt->duration_ms);
    }
    table_print(&table, "not tried yet");
}

static int
run_show(struct cli *cli)
{
    static const char *const headings[] = {"ID",      "STATUS",    "EVENT",
                                           "WEBHOOK", "ATTEMPTS",  "RESULT",
                                           "NEXT",    "COMPLETED", NULL};
    const char *word = args_word(&cli->args);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct attempt_list attempts = {NULL, 0};
    struct delivery delivery;
    struct table table;
    enum db_result result;
    uint64_t id = 0;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK && (word == NULL || !object_id_delivery(word, &id)))
        code = output_error(EXIT_USE, "delivery show needs an ID (dlv_...), "
                                      "which `postern delivery list` shows");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_delivery_get(cli->db, 0, id, &delivery);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no delivery %s; `postern "
                            "delivery list` shows them",
                            word);
    if (result == DB_OK) {
        result = store_delivery_attempts(cli->db, &delivery, &attempts);
        if (result != DB_OK)
            delivery_free(&delivery);
    }
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the delivery");
    if (cli->json) {
        delivery_print(&delivery, &attempts, &line);
        output_line(buf_slice(&line));
    } else {
        table_init(&table, headings);
        print_row(cli, &table, &delivery);
        table_print(&table, "");
        putchar('\n');
        print_attempts(&attempts);
    }
    attempt_list_free(&attempts);
    delivery_free(&delivery);
    buf_free(&line);
    return EXIT_OK;
}

static const char *
refusal(enum delivery_action action)
{
    switch (action) {
    case DELIVERY_DONE:
        return NULL;
    case DELIVERY_FINISHED:
        return "it is finished already";
    case DELIVERY_NO_EVENT:
        return "its event is past the retention (events_days)";
    case DELIVERY_NO_CONTENT:
        return "the content of its event was removed";
    case DELIVERY_NO_TARGET:
        return "its webhook has been removed";
    case DELIVERY_IS_TEST:
        return "it was a test";
    }
    return "unknown";
}

/* One delivery; EXIT_UNHEALTHY when it cannot be repeated. */
static int
retry_one(struct cli *cli, const char *word, struct id_source *ids)
{
    char line[128], made[ID_TEXT_MAX];
    enum delivery_action action;
    uint64_t id, new_id = 0;
    enum db_result result;

    if (!object_id_delivery(word, &id))
        return output_error(EXIT_USE, "'%s' is no delivery id (dlv_...)", word);
    result = store_delivery_retry(cli->db, 0, id, ids, &new_id, &action);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no delivery %s; `postern "
                            "delivery list` shows them",
                            word);
    if (result != DB_OK)
        return cli_db_error(cli, result, "retry the delivery");
    if (action != DELIVERY_DONE)
        return output_error(EXIT_UNHEALTHY, "%s is not retried: %s", word,
                            refusal(action));
    id_format(ID_DELIVERY, new_id, made);
    if (cli->json)
        snprintf(line, sizeof(line), "{\"delivery_id\":\"%s\"}", made);
    else
        snprintf(line, sizeof(line), "%s", made);
    output_line(slice_of(line));
    return EXIT_OK;
}

/* How a command over several ids ends. */
struct tally {
    size_t done;
    int code; /* of the first that failed */
};

static void
count_one(struct tally *tally, int code)
{
    if (code == EXIT_OK)
        tally->done++;
    else if (tally->code == EXIT_OK)
        tally->code = code;
}

/* Words, or with "-" one id per line of stdin. */
static int
retry_all(struct cli *cli, char **words, size_t count, struct id_source *ids)
{
    struct buf input = BUF_INIT(IDS_MAX_BYTES);
    struct tally tally = {0, EXIT_OK};
    char *word, *rest;
    size_t i;
    int code;

    for (i = 0; i < count; i++) {
        if (strcmp(words[i], "-") != 0) {
            count_one(&tally, retry_one(cli, words[i], ids));
            continue;
        }
        code = cli_read_input("-", &input);
        if (code != EXIT_OK)
            count_one(&tally, code);
        rest = input.data;
        while (rest != NULL && (word = strsep(&rest, " \t\r\n")) != NULL)
            if (word[0] != '\0')
                count_one(&tally, retry_one(cli, word, ids));
    }
    buf_free(&input);
    return tally.code != EXIT_OK && tally.done > 0 ? EXIT_UNHEALTHY
                                                   : tally.code;
}

static int
run_retry(struct cli *cli)
{
    char *words[ARGS_MAX];
    struct doorbell *doorbell;
    struct id_source ids;
    struct node node;
    const char *word;
    enum db_result result;
    size_t count = 0, i;
    int code;

    while ((word = args_word(&cli->args)) != NULL)
        words[count++] = xstrdup(word);
    code = cli_finish_args(cli);
    if (code == EXIT_OK && count == 0)
        code = output_error(EXIT_USE,
                            "delivery retry needs IDs (dlv_...), or - to read "
                            "them from stdin");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        goto out;
    result = node_lease(cli->db, NODE_CLI, &node, &ids);
    if (result != DB_OK) {
        code = cli_db_error(cli, result, "get a node number");
        goto out;
    }
    code = retry_all(cli, words, count, &ids);
    node_release(cli->db, &node);
    doorbell = doorbell_new(cli->settings.run_dir);
    doorbell_ring(doorbell);
    doorbell_free(doorbell);
out:
    for (i = 0; i < count; i++)
        free(words[i]);
    return code;
}

const struct command delivery_commands[] = {
    {"delivery", "list",
     "[--status S] [--webhook ID] [--event TYPE] [--limit N] [--application A]",
     "deliveries, newest first", run_list},
    {"delivery", "show", "ID", "one delivery with its attempts", run_show},
    {"delivery", "retry", "ID... | -",
     "deliver again: a finished one as a new delivery, a waiting one now",
     run_retry},
    {NULL, NULL, NULL, NULL, NULL},
};
