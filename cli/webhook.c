/*
 * webhook.c - `postern webhook`: who gets events.
 */
#include "commands.h"

#include "doorbell.h"
#include "json.h"
#include "member.h"
#include "output.h"
#include "store_subscription.h"
#include "subscription_batch.h"
#include "webhook_form.h"
#include "webhook_show.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX (256 * 1024)
#define PAGE 250

static int
insert(struct cli *cli, const struct buf *body, uint32_t application_id)
{
    struct subscription_form form = {0};
    struct subscription_made made = {0};
    enum db_result result;
    int code = webhook_form_read(cli, buf_slice(body), false, &form);

    if (code != EXIT_OK)
        goto out;
    result = store_subscription_insert(cli->db, cli->sealer, &form,
                                       application_id, false, &made);
    if (result != DB_OK) {
        code = cli_db_error(cli, result, "add the webhook");
        goto out;
    }
    code = webhook_show(cli, made.id, made.secret);
    if (code == EXIT_OK && !cli->json)
        output_note("the secret is shown only this once");
out:
    OPENSSL_cleanse(&made, sizeof(made));
    subscription_form_free(&form);
    return code;
}

/* Without what a webhook has to have, the command is not written to the end. */
static int
check_events(const struct buf *body)
{
    struct json_value object, events;

    if (!json_read(buf_slice(body), &object, NULL) ||
        json_find(object.text, "events", &events))
        return EXIT_OK; /* or the form says what is wrong */
    return output_error(EXIT_USE, "webhook add needs --events TYPE,...; "
                                  "--events '*' is all of them");
}

static int
run_add(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    uint32_t application_id = 1;
    const char *url;
    int code = webhook_form_take(cli, &body);

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
        code = check_events(&body);
    }
    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK)
        code = insert(cli, &body, application_id);
    buf_wipe(&body);
    return code;
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
            webhook_show_row(cli, &table, &list.rows[i]);
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

/* What is said about batches, beside the format that is stored. */
static int
check_batch(struct cli *cli, const struct subscription_form *form, uint32_t id)
{
    struct problems problems = {.count = 0};
    struct subscription_row row;

    if (!subscription_batch_needs_format(form) ||
        store_subscription_get(cli->db, 0, id, &row) != DB_OK)
        return EXIT_OK; /* or the change itself says why not */
    subscription_batch_check(form, slice_of(row.format), &problems);
    subscription_row_free(&row);
    return problems.count == 0
               ? EXIT_OK
               : output_error(EXIT_DATA, "batch: %s", problems.list[0].msg);
}

static int
change(struct cli *cli, struct slice body, uint32_t id)
{
    struct doorbell *doorbell = doorbell_new(cli->settings.run_dir);
    struct subscription_form form = {0};
    enum db_result result = DB_OK;
    int code = webhook_form_read(cli, body, true, &form);

    if (code == EXIT_OK)
        code = check_batch(cli, &form, id);
    if (code == EXIT_OK)
        result = store_subscription_update(cli->db, cli->sealer, &form, 0, id);
    subscription_form_free(&form);
    if (code == EXIT_OK && result == DB_OK) {
        doorbell_ring(doorbell);
        code = webhook_show(cli, id, NULL);
    } else if (code == EXIT_OK) {
        code = result == DB_NONE
                   ? webhook_show_none(id)
                   : cli_db_error(cli, result, "change the webhook");
    }
    doorbell_free(doorbell);
    return code;
}

static int
run_set(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    const char *url = args_value(&cli->args, "--url");
    uint32_t id = 0;
    int code = webhook_form_take(cli, &body);

    if (url != NULL)
        member_text(&body, "url", url);
    buf_add_char(&body, '}');
    if (code == EXIT_OK)
        code = webhook_take_id(cli, &id);
    if (code == EXIT_OK && body.len == 2)
        code = output_error(EXIT_USE,
                            "webhook set %u changes nothing; what can be "
                            "changed: postern webhook set --help",
                            id);
    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code == EXIT_OK)
        code = change(cli, buf_slice(&body), id);
    buf_wipe(&body);
    return code;
}

static int
run_show(struct cli *cli)
{
    uint32_t id = 0;
    int code = webhook_take_id(cli, &id);

    return code == EXIT_OK ? webhook_show(cli, id, NULL) : code;
}

static int
run_rm(struct cli *cli)
{
    enum db_result result;
    uint32_t id = 0;
    int code = webhook_take_id(cli, &id);

    if (code != EXIT_OK)
        return code;
    result = store_subscription_delete(cli->db, 0, id);
    if (result == DB_NONE)
        return webhook_show_none(id);
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
     "URL --events TYPE,... " WEBHOOK_FORM_USAGE
     "[--active | --inactive] [--application A]",
     "subscribe a URL to events; the secret is shown only then", run_add},
    {"webhook", "set",
     "ID [--url URL] [--events TYPE,...] " WEBHOOK_FORM_USAGE
     "[--active | --inactive]",
     "change a webhook: only what is given", run_set},
    {"webhook", "list", "[--application A]", "all webhooks", run_list},
    {"webhook", "show", "ID", "one webhook", run_show},
    {"webhook", "rm", "ID", "remove a webhook; its history stays", run_rm},
    {NULL, NULL, NULL, NULL, NULL},
};
