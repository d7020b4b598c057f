/*
 * replay.c - `postern replay`, and what starts one: deliveries made again, or
 * for the first time, for a range of events.
 */
#include "commands.h"

#include "clock.h"
#include "doorbell.h"
#include "moment.h"
#include "node.h"
#include "number.h"
#include "object_id.h"
#include "output.h"
#include "replay_words.h"
#include "response_code.h"
#include "store_replay.h"

#include <stdio.h>

#define LIMIT_MAX 1000

/* --- making one ----------------------------------------------------------------- */

struct order {
    struct replay wanted;
    bool confirmed;
    bool wait;
};

/* What all of them have. */
static int
take_range(struct cli *cli, struct order *order)
{
    const char *rate = args_value(&cli->args, "--rate");
    int code = moment_take(cli, "--since", &order->wanted.since_us);
    uint64_t number = 0;
    int64_t now_us;

    order->confirmed = args_flag(&cli->args, "--confirm");
    order->wait = args_flag(&cli->args, "--wait");
    order->wanted.until_us = INT64_MAX;
    if (code == EXIT_OK)
        code = moment_take(cli, "--until", &order->wanted.until_us);
    if (code != EXIT_OK)
        return code;
    now_us = clock_wall_us();
    if (order->wanted.since_us > now_us)
        return output_error(EXIT_USE, "--since must not be in the future");
    if (order->wanted.until_us < order->wanted.since_us)
        return output_error(EXIT_USE, "--until must not be before --since");
    if (order->wanted.until_us > now_us)
        order->wanted.until_us = now_us;
    if (rate != NULL &&
        (!number_u64(slice_of(rate), REPLAY_RATE_MAX, &number) || number == 0))
        return output_error(EXIT_USE, "--rate is a number from 1 to %d",
                            REPLAY_RATE_MAX);
    order->wanted.rate = (uint32_t)number;
    return EXIT_OK;
}

static int
insert(struct cli *cli, const struct order *order, uint64_t *id)
{
    struct doorbell *doorbell;
    struct id_source ids;
    enum db_result result;
    struct node node;

    result = node_lease(cli->db, NODE_CLI, &node, &ids);
    if (result != DB_OK)
        return cli_db_error(cli, result, "get a node number");
    result = store_replay_insert(cli->db, &ids, &order->wanted,
                                 order->confirmed, id);
    node_release(cli->db, &node);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no webhook %u; `postern webhook list` "
                            "shows them",
                            order->wanted.subscription_id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "store the replay");
    doorbell = doorbell_new(cli->settings.run_dir);
    doorbell_ring(doorbell);
    doorbell_free(doorbell);
    return EXIT_OK;
}

static int
make(struct cli *cli, struct order *order)
{
    uint64_t id = 0;
    int code = cli_schema(cli);

    if (code == EXIT_OK && order->wanted.rate == 0)
        order->wanted.rate = (uint32_t)cli->settings.replay_rate;
    if (code == EXIT_OK)
        code = insert(cli, order, &id);
    return code == EXIT_OK ? replay_words_follow(cli, id, order->wait) : code;
}

static int
make_for_webhook(struct cli *cli, enum replay_kind kind)
{
    struct order order = {.wanted = {.kind = kind}};
    const char *word;
    int code = take_range(cli, &order);

    word = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK &&
        (word == NULL ||
         !object_id_webhook(word, &order.wanted.subscription_id)))
        code = output_error(EXIT_USE, "the ID of a webhook is needed");
    if (code == EXIT_OK && order.wanted.since_us == 0)
        code = output_error(EXIT_USE, "--since is needed: a time, or for how "
                                      "long back, such as 24h");
    return code == EXIT_OK ? make(cli, &order) : code;
}

static int
run_recover(struct cli *cli)
{
    return make_for_webhook(cli, REPLAY_RECOVER);
}

static int
run_missing(struct cli *cli)
{
    return make_for_webhook(cli, REPLAY_MISSING);
}

static int
take_filter(struct cli *cli, struct replay *wanted)
{
    struct replay_filter *filter = &wanted->filter;
    const char *webhook = args_value(&cli->args, "--webhook");
    const char *status = args_value(&cli->args, "--status");
    const char *event = args_value(&cli->args, "--event");
    const char *code = args_value(&cli->args, "--response-code");

    filter->error_class = slice_of(args_value(&cli->args, "--error-class"));
    if (webhook != NULL &&
        !object_id_webhook(webhook, &wanted->subscription_id))
        return output_error(EXIT_USE, "--webhook takes an ID, not '%s'",
                            webhook);
    filter->status = DELIVERY_FAILED;
    if (status != NULL &&
        (!delivery_status_from_name(slice_of(status), &filter->status) ||
         filter->status < DELIVERY_SUCCESS))
        return output_error(EXIT_USE,
                            "--status is failed, cancelled, skipped or "
                            "success, not '%s'",
                            status);
    if (event != NULL)
        filter->types[filter->type_count++] = slice_of(event);
    if (code != NULL && !response_code_read(slice_of(code), &filter->code_min,
                                            &filter->code_max))
        return output_error(
            EXIT_USE, "--response-code is " RESPONSE_CODE_WANTED ", not '%s'",
            code);
    return EXIT_OK;
}

static int
run_retry(struct cli *cli)
{
    struct order order = {.wanted = {.kind = REPLAY_RETRY}};
    int code = take_range(cli, &order);

    if (code == EXIT_OK)
        code = take_filter(cli, &order.wanted);
    if (code == EXIT_OK)
        code = cli_application(cli, order.wanted.subscription_id == 0 ? 1 : 0,
                               &order.wanted.application_id);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    return code == EXIT_OK ? make(cli, &order) : code;
}

/* --- looking, confirming, cancelling ----------------------------------------------- */

static int
run_list(struct cli *cli)
{
    const char *status_text = args_value(&cli->args, "--status");
    const char *limit_text = args_value(&cli->args, "--limit");
    enum replay_status status = REPLAY_STATUSES;
    struct replay_list list = {NULL, 0, 0};
    uint32_t application_id = 0;
    enum db_result result;
    uint64_t limit = 50;
    int code = EXIT_OK;

    if (status_text != NULL &&
        !replay_status_from_name(slice_of(status_text), &status))
        code = output_error(EXIT_USE,
                            "--status is counting, planned, running, done, "
                            "cancelled or failed, not '%s'",
                            status_text);
    if (code == EXIT_OK && limit_text != NULL &&
        (!number_u64(slice_of(limit_text), LIMIT_MAX, &limit) || limit == 0))
        code = output_error(EXIT_USE, "--limit is a number from 1 to %d",
                            LIMIT_MAX);
    if (code == EXIT_OK)
        code = cli_application(cli, 0, &application_id);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_replay_list(cli->db, application_id, status, 0,
                               (size_t)limit, &list);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the replays");
    replay_words_list(cli, &list);
    replay_list_free(&list);
    return EXIT_OK;
}

/* The only word; the options have been taken. */
static int
take_id(struct cli *cli, uint64_t *id)
{
    const char *word = args_word(&cli->args);
    int code = cli_finish_args(cli);

    if (code == EXIT_OK &&
        (word == NULL || !id_parse(ID_REPLAY, slice_of(word), id)))
        code = output_error(EXIT_USE, "the ID of a replay (rpl_...) is needed");
    return code == EXIT_OK ? cli_schema(cli) : code;
}

static int
run_show(struct cli *cli)
{
    bool wait = args_flag(&cli->args, "--wait");
    uint64_t id = 0;
    int code = take_id(cli, &id);

    return code == EXIT_OK ? replay_words_follow(cli, id, wait) : code;
}

static int
confirm(struct cli *cli, uint64_t id, bool *changed)
{
    struct doorbell *doorbell;
    struct id_source ids;
    enum db_result result;
    struct node node;

    result = node_lease(cli->db, NODE_CLI, &node, &ids);
    if (result != DB_OK)
        return cli_db_error(cli, result, "get a node number");
    result = store_replay_confirm(cli->db, &ids, 0, id, changed);
    node_release(cli->db, &node);
    if (result == DB_NONE)
        return output_error(EXIT_NONE, "there is no such replay; `postern "
                                       "replay list` shows them");
    if (result != DB_OK)
        return cli_db_error(cli, result, "confirm the replay");
    doorbell = doorbell_new(cli->settings.run_dir);
    doorbell_ring(doorbell);
    doorbell_free(doorbell);
    return EXIT_OK;
}

/* Why it cannot be confirmed. */
static int
say_past(struct cli *cli, uint64_t id)
{
    struct replay replay;
    enum db_result result = store_replay_get(cli->db, 0, id, &replay);
    int code;

    if (result != DB_OK)
        return cli_db_error(cli, result, "read the replay");
    if (replay.error != NULL)
        code = output_error(EXIT_UNHEALTHY, "it has ended: %s", replay.error);
    else
        code = output_error(EXIT_UNHEALTHY,
                            "it has been confirmed before, or has ended");
    replay_free(&replay);
    return code;
}

static int
run_confirm(struct cli *cli)
{
    bool wait = args_flag(&cli->args, "--wait"), changed = false;
    uint64_t id = 0;
    int code = take_id(cli, &id);

    if (code == EXIT_OK)
        code = confirm(cli, id, &changed);
    if (code == EXIT_OK && !changed)
        code = say_past(cli, id);
    return code == EXIT_OK ? replay_words_follow(cli, id, wait) : code;
}

static int
run_cancel(struct cli *cli)
{
    bool live = args_flag(&cli->args, "--live"), changed = false;
    enum db_result result;
    uint64_t id = 0;
    int code = take_id(cli, &id);

    if (code != EXIT_OK)
        return code;
    result = store_replay_cancel(cli->db, 0, id, &changed);
    if (result == DB_OK && live)
        result = store_replay_cancel_live(cli->db, 0, id);
    if (result == DB_NONE)
        return output_error(EXIT_NONE, "there is no such replay; `postern "
                                       "replay list` shows them");
    if (result != DB_OK)
        return cli_db_error(cli, result, "cancel the replay");
    if (!changed && !live)
        return output_error(EXIT_UNHEALTHY, "it has ended already");
    return replay_words_follow(cli, id, false);
}

#define RANGE_USAGE "[--until TIME] [--rate N] [--confirm] [--wait]"

const struct command replay_commands[] = {
    {"webhook", "recover", "ID --since TIME " RANGE_USAGE,
     "deliver again what has failed for good since then; shows the plan unless "
     "--confirm",
     run_recover},
    {"webhook", "replay-missing", "ID --since TIME " RANGE_USAGE,
     "deliver what it was never sent: while it was inactive, disabled or not "
     "there",
     run_missing},
    {"replay", "retry",
     "[--webhook ID] [--status S] [--event TYPE] [--response-code CODE] "
     "[--error-class CLASS] [--since TIME] " RANGE_USAGE " [--application A]",
     "deliver again all finished deliveries that match", run_retry},
    {"replay", "list", "[--status S] [--limit N] [--application A]",
     "replays, newest first", run_list},
    {"replay", "show", "ID [--wait]", "one replay and how far it has come",
     run_show},
    {"replay", "confirm", "ID [--wait]", "run what has been planned",
     run_confirm},
    {"replay", "cancel", "ID [--live]",
     "make no more deliveries; --live: cancel those that were made, too",
     run_cancel},
    {NULL, NULL, NULL, NULL, NULL},
};
