/*
 * webhook.c - `postern webhook`: who gets events.
 */
#include "commands.h"

#include "json.h"
#include "member.h"
#include "number.h"
#include "object_id.h"
#include "output.h"
#include "store_subscription.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX (256 * 1024)
#define LINE_MAX_BYTES (512 * 1024)
#define PAGE 250

/* --name VALUE as a member of the JSON that the API would get. */
struct option {
    const char *option;
    const char *member;
    enum { AS_TEXT, AS_NUMBER, AS_OBJECT, AS_LIST } as;
};

static const struct option add_options[] = {
    {"--events", "events", AS_LIST},
    {"--description", "description", AS_TEXT},
    {"--secret", "secret", AS_TEXT},
    {"--retry-count", "retry_count", AS_NUMBER},
    {"--retry-delay", "retry_delay", AS_NUMBER},
    {"--timeout", "timeout", AS_NUMBER},
    {"--max-concurrency", "max_concurrency", AS_NUMBER},
    {"--format", "format", AS_TEXT},
    {"--channels", "channels", AS_LIST},
    {"--metadata", "metadata", AS_OBJECT},
};

static void
add_list(struct buf *body, const char *list)
{
    struct slice rest = slice_of(list);

    buf_add_char(body, '[');
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);

        member_next(body);
        json_add_string(body, slice_trim(slice_make(rest.ptr, len)));
        len += comma == NULL ? 0 : 1;
        rest = slice_make(rest.ptr + len, rest.len - len);
    }
    buf_add_char(body, ']');
}

/* "Name: value", as curl takes it. */
static int
add_headers(struct cli *cli, struct buf *body)
{
    const char *header, *colon;
    bool any = false;

    while ((header = args_value(&cli->args, "--header")) != NULL) {
        struct buf name = BUF_INIT(256);

        colon = strchr(header, ':');
        if (colon == NULL || colon == header || colon - header > 200)
            return output_error(
                EXIT_USE, "--header takes 'Name: value', not '%s'", header);
        if (!any) {
            member_name(body, "headers");
            buf_add_char(body, '{');
        }
        any = true;
        buf_add(&name, header, (size_t)(colon - header));
        member_slice(body, name.data, slice_trim(slice_of(colon + 1)));
        buf_free(&name);
    }
    if (any)
        buf_add_char(body, '}');
    return EXIT_OK;
}

/* A value that is one JSON number or object, and nothing beside it. */
static int
add_json(struct buf *body, const struct option *option, const char *text)
{
    bool object = option->as == AS_OBJECT;
    struct json_error error;
    struct json_value value;

    if (!json_read(slice_of(text), &value, &error))
        return output_error(EXIT_DATA, "%s '%s' is no %s: %s at character %zu",
                            option->option, text,
                            object ? "JSON object" : "number", error.reason,
                            error.offset + 1);
    if (value.type != (object ? JSON_OBJECT : JSON_NUMBER))
        return output_error(EXIT_DATA, "%s takes a %s, not '%s'",
                            option->option, object ? "JSON object" : "number",
                            text);
    member_raw(body, option->member, value.text, "null");
    return EXIT_OK;
}

static int
take_body(struct cli *cli, struct buf *body)
{
    int code = EXIT_OK;
    size_t i;

    buf_add_char(body, '{');
    for (i = 0; i < sizeof(add_options) / sizeof(add_options[0]); i++) {
        const struct option *option = &add_options[i];
        const char *value = args_value(&cli->args, option->option);

        if (value == NULL || code != EXIT_OK)
            continue;
        if (option->as == AS_TEXT) {
            member_text(body, option->member, value);
        } else if (option->as == AS_LIST) {
            member_name(body, option->member);
            add_list(body, value);
        } else {
            code = add_json(body, option, value);
        }
    }
    if (args_flag(&cli->args, "--inactive"))
        member_bool(body, "active", false);
    return code == EXIT_OK ? add_headers(cli, body) : code;
}

static int
say_problems(const struct problems *problems)
{
    size_t i;

    for (i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        (void)output_error(EXIT_DATA, "%s%s%s: %s", problem->loc[0],
                           problem->loc[1][0] == '\0' ? "" : ".",
                           problem->loc[1], problem->msg);
    }
    return EXIT_DATA;
}

static int
show(struct cli *cli, uint32_t id, const char *secret)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct subscription_row row;
    enum db_result result = store_subscription_get(cli->db, 0, id, &row);

    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no webhook %u; `postern "
                            "webhook list` shows them",
                            id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the webhook");
    if (cli->json) {
        subscription_print(&row, secret, &line);
        output_line(buf_slice(&line));
    } else {
        printf("id           %u\nurl          %s\nevents       %s\n", row.id,
               row.url, row.events);
        printf("state        %s%s%s\n",
               row.disabled_reason != NULL ? "disabled: "
               : !row.active               ? "inactive"
               : row.paused                ? "paused"
                                           : "active",
               row.disabled_reason == NULL ? "" : row.disabled_reason, "");
        printf("retries      %u, first after %u s\ntimeout      %u s\n"
               "format       %s\n",
               row.retry_count, row.retry_delay_s, row.timeout_s, row.format);
        if (row.description[0] != '\0')
            printf("description  %s\n", row.description);
        if (secret != NULL)
            printf("secret       %s\n", secret);
    }
    buf_wipe(&line);
    subscription_row_free(&row);
    return EXIT_OK;
}

static int
insert(struct cli *cli, const struct buf *body, uint32_t application_id)
{
    struct subscription_form form = {0};
    struct problems problems = {.count = 0};
    struct target_nets allow;
    struct buf why = BUF_INIT(1024);
    struct subscription_rules rules = {
        .require_https = cli->settings.require_https, .allow = &allow};
    struct subscription_made made = {0};
    enum db_result result;
    int code;

    if (!target_nets_parse(cli->settings.allow_targets, &allow, &why)) {
        code = output_error(EXIT_CONFIG, "allow_targets: %s", why.data);
        goto out;
    }
    if (!subscription_form_read(&form, buf_slice(body), &rules, &problems)) {
        code = say_problems(&problems);
        goto out;
    }
    result = store_subscription_insert(cli->db, cli->sealer, &form,
                                       application_id, false, &made);
    if (result != DB_OK) {
        code = cli_db_error(cli, result, "add the webhook");
        goto out;
    }
    code = show(cli, made.id, made.secret);
    if (code == EXIT_OK && !cli->json)
        output_note("the secret is shown only this once");
out:
    OPENSSL_cleanse(&made, sizeof(made));
    subscription_form_free(&form);
    buf_free(&why);
    return code;
}

static int
run_add(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    uint32_t application_id = 1;
    const char *url;
    int code = take_body(cli, &body);

    if (code == EXIT_OK)
        code = cli_application(cli, 1, &application_id);
    url = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && url == NULL)
        code = output_error(EXIT_USE, "webhook add needs a URL");
    if (code == EXIT_OK) {
        member_text(&body, "url", url);
        buf_add_char(&body, '}');
        code = cli_sealer(cli);
    }
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK)
        code = insert(cli, &body, application_id);
    buf_wipe(&body);
    return code;
}

static void
print_row(const struct cli *cli, struct table *table,
          const struct subscription_row *row)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (cli->json) {
        subscription_print(row, NULL, &line);
        output_line(buf_slice(&line));
    } else {
        table_row(table);
        table_cell_u64(table, row->id);
        table_cell(table, row->disabled_reason != NULL ? "disabled"
                          : !row->active               ? "inactive"
                          : row->paused                ? "paused"
                                                       : "active");
        table_cell(table, row->events);
        table_cell(table, row->url);
    }
    buf_free(&line);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"ID", "STATE", "EVENTS", "URL",
                                           NULL};
    struct subscription_list list = {NULL, 0, true};
    uint32_t application_id = 0, after = 0;
    enum db_result result = DB_OK;
    struct table table;
    size_t i;
    int code = cli_application(cli, 0, &application_id);

    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    table_init(&table, headings);
    while (list.more) {
        result = store_subscription_list(cli->db, application_id, after, PAGE,
                                         &list);
        if (result != DB_OK)
            break;
        for (i = 0; i < list.count; i++) {
            print_row(cli, &table, &list.rows[i]);
            after = list.rows[i].id;
        }
        subscription_list_free(&list);
    }
    if (!cli->json)
        table_print(&table,
                    "there is no webhook; `postern webhook add URL --events "
                    "'*'` makes one");
    return result == DB_OK ? EXIT_OK
                           : cli_db_error(cli, result, "read the webhooks");
}

/* The ID word of show and rm. */
static int
take_id(struct cli *cli, uint32_t *id)
{
    const char *word = args_word(&cli->args);
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    if (word == NULL || !object_id_webhook(word, id))
        return output_error(EXIT_USE, "this needs a webhook's ID (12 or "
                                      "ep_...), which `postern webhook list` "
                                      "shows");
    return cli_schema(cli);
}

static int
run_show(struct cli *cli)
{
    uint32_t id = 0;
    int code = take_id(cli, &id);

    return code == EXIT_OK ? show(cli, id, NULL) : code;
}

static int
run_rm(struct cli *cli)
{
    enum db_result result;
    uint32_t id = 0;
    int code = take_id(cli, &id);

    if (code != EXIT_OK)
        return code;
    result = store_subscription_delete(cli->db, 0, id);
    if (result == DB_NONE)
        return output_error(EXIT_NONE, "there is no webhook %u", id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "remove the webhook");
    if (cli->json)
        printf("{\"id\":%u,\"deleted\":true}\n", id);
    else
        output_note("removed webhook %u; its history stays", id);
    return EXIT_OK;
}

const struct command webhook_commands[] = {
    {"webhook", "add",
     "URL --events TYPE,... [--secret S] [--description T] [--retry-count N] "
     "[--retry-delay S] [--timeout S] [--header 'N: V']... [--format F] "
     "[--channels C,...] [--max-concurrency N] [--metadata JSON] [--inactive] "
     "[--application A]",
     "subscribe a URL to events; the secret is shown only then", run_add},
    {"webhook", "list", "[--application A]", "all webhooks", run_list},
    {"webhook", "show", "ID", "one webhook", run_show},
    {"webhook", "rm", "ID", "remove a webhook; its history stays", run_rm},
    {NULL, NULL, NULL, NULL, NULL},
};
