/*
 * webhook_control.c - `postern webhook pause`, `resume`, `rotate` and `test`:
 * what is done with one that exists.
 */
#include "commands.h"

#include "clock.h"
#include "doorbell.h"
#include "ingest.h"
#include "number.h"
#include "output.h"
#include "store_subscription.h"
#include "store_worker.h"
#include "test_event.h"
#include "webhook_form.h"
#include "webhook_show.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <time.h>

#define LOOK_FIRST_MS 20 /* for the result of a test; then ever longer */
#define LOOK_LAST_MS 250
#define LINE_MAX_BYTES ((size_t)1024 * 1024)

/* Whoever delivers and whoever matches are told of the change; then it is
   shown. */
static int
show_changed(struct cli *cli, enum db_result result, uint32_t id,
             const char *secret, const char *what)
{
    struct doorbell *doorbell;

    if (result == DB_NONE)
        return webhook_show_none(id);
    if (result != DB_OK)
        return cli_db_error(cli, result, what);
    doorbell = doorbell_new(cli->settings.run_dir);
    doorbell_ring(doorbell);
    doorbell_free(doorbell);
    return webhook_show(cli, id, secret);
}

static int
set_paused(struct cli *cli, bool paused)
{
    uint32_t id = 0;
    int code = webhook_take_id(cli, &id);

    if (code != EXIT_OK)
        return code;
    return show_changed(cli, store_subscription_pause(cli->db, 0, id, paused),
                        id, NULL, "change the webhook");
}

static int
run_pause(struct cli *cli)
{
    return set_paused(cli, true);
}

static int
run_resume(struct cli *cli)
{
    return set_paused(cli, false);
}

/* --- rotate ----------------------------------------------------------------- */

static int
take_grace(struct cli *cli, uint32_t *grace_s)
{
    const char *text = args_value(&cli->args, "--grace");
    uint64_t seconds = SUBSCRIPTION_GRACE_S;

    if (text != NULL &&
        !number_u64(slice_of(text), SUBSCRIPTION_GRACE_MAX_S, &seconds))
        return output_error(EXIT_USE,
                            "--grace is a number of seconds, at most %d",
                            SUBSCRIPTION_GRACE_MAX_S);
    *grace_s = (uint32_t)seconds;
    return EXIT_OK;
}

static int
run_rotate(struct cli *cli)
{
    struct subscription_made made = {0};
    uint32_t id = 0, grace_s = 0;
    enum db_result result;
    int code = take_grace(cli, &grace_s);

    if (code == EXIT_OK)
        code = webhook_take_id(cli, &id);
    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code != EXIT_OK)
        return code;
    result =
        store_subscription_rotate(cli->db, cli->sealer, 0, id, grace_s, &made);
    code = show_changed(cli, result, id, made.secret, "change the secret");
    OPENSSL_cleanse(&made, sizeof(made));
    if (code == EXIT_OK && !cli->json && grace_s > 0)
        output_note("the secret is shown only this once; the old one signs as "
                    "well for %u s",
                    grace_s);
    else if (code == EXIT_OK && !cli->json)
        output_note("the secret is shown only this once; the old one signs no "
                    "more");
    return code;
}

/* --- test ------------------------------------------------------------------- */

/* DB_NONE: it takes longer than anybody waits. */
static enum db_result
wait_for_result(struct cli *cli, uint64_t id, struct delivery *delivery)
{
    int64_t end_us =
        clock_mono_us() + cli->settings.test_wait_s * CLOCK_US_PER_S;
    long ms = LOOK_FIRST_MS;
    enum db_result result;

    do {
        const struct timespec pause = {0, ms * 1000000};

        (void)nanosleep(&pause, NULL);
        ms = ms * 3 / 2 < LOOK_LAST_MS ? ms * 3 / 2 : LOOK_LAST_MS;
        result = store_delivery_get(cli->db, 0, id, delivery);
        if (result == DB_OK && delivery->completed_at_us == 0) {
            delivery_free(delivery);
            result = DB_NONE;
        }
    } while (result == DB_NONE && clock_mono_us() < end_us);
    return result;
}

static void
print_result_text(const struct delivery *delivery)
{
    char id[ID_TEXT_MAX];

    id_format(ID_DELIVERY, delivery->id, id);
    printf("status       %s\ndelivery     %s\n",
           delivery->status == DELIVERY_SUCCESS ? "success" : "failed", id);
    if (delivery->response_code != 0)
        printf("response     %u\n", delivery->response_code);
    if (delivery->error_message != NULL)
        printf("error        %s\n", delivery->error_message);
    if (delivery->duration_ms >= 0)
        printf("duration     %lld ms\n", (long long)delivery->duration_ms);
}

static int
tell_result(const struct cli *cli, const struct delivery *delivery)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (cli->json) {
        test_result_print(delivery, &line);
        output_line(buf_slice(&line));
    } else {
        print_result_text(delivery);
    }
    buf_free(&line);
    return delivery->status == DELIVERY_SUCCESS ? EXIT_OK : EXIT_UNHEALTHY;
}

static int
tell_pending(const struct cli *cli, uint64_t delivery_id)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char id[ID_TEXT_MAX];

    id_format(ID_DELIVERY, delivery_id, id);
    if (cli->json) {
        test_pending_print(delivery_id, &line);
        output_line(buf_slice(&line));
    } else {
        printf("status       pending\ndelivery     %s\n", id);
    }
    buf_free(&line);
    output_note("no result after %d s (test_wait_s); `postern delivery show "
                "%s` tells it",
                cli->settings.test_wait_s, id);
    return EXIT_LATER;
}

static int
send_test(struct cli *cli, const struct subscription_row *row)
{
    struct catalog *catalog = catalog_new(cli->sealer);
    struct buf data = BUF_INIT(TEST_EVENT_DATA_MAX);
    struct new_event event;
    struct delivery delivery;
    enum db_result result;
    int code;

    test_event_data(row->id, &data);
    event = test_event(row->application_id, row->id, SLICE(TEST_EVENT_TYPE),
                       buf_slice(&data));
    code = cli_ingest(cli, catalog, &event);
    buf_free(&data);
    catalog_free(catalog);
    if (code != EXIT_OK)
        return code;
    result = wait_for_result(cli, event.job_id, &delivery);
    if (result == DB_NONE)
        return tell_pending(cli, event.job_id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the result");
    code = tell_result(cli, &delivery);
    delivery_free(&delivery);
    return code;
}

static int
check_worker(struct cli *cli)
{
    bool alive = false;
    enum db_result result = store_worker_is_alive(cli->db, &alive);

    if (result != DB_OK)
        return cli_db_error(cli, result, "look for a worker");
    return alive ? EXIT_OK
                 : output_error(EXIT_LATER,
                                "no worker is running that could deliver the "
                                "test; start posternd");
}

static int
run_test(struct cli *cli)
{
    struct subscription_row row;
    enum db_result result;
    uint32_t id = 0;
    int code = webhook_take_id(cli, &id);

    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code != EXIT_OK)
        return code;
    result = store_subscription_get(cli->db, 0, id, &row);
    if (result == DB_NONE)
        return webhook_show_none(id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the webhook");
    code = check_worker(cli);
    if (code == EXIT_OK)
        code = send_test(cli, &row);
    subscription_row_free(&row);
    return code;
}

const struct command webhook_control_commands[] = {
    {"webhook", "pause", "ID",
     "deliver nothing to it until it is resumed; what is for it waits",
     run_pause},
    {"webhook", "resume", "ID", "deliver what has waited, and go on",
     run_resume},
    {"webhook", "rotate", "ID [--grace SECONDS]",
     "a new secret; the old one signs as well for a day, or as long as said",
     run_rotate},
    {"webhook", "test", "ID",
     "deliver one test event now and tell how it went; exit code 1 if it "
     "failed, 75 if no result came in time",
     run_test},
    {NULL, NULL, NULL, NULL, NULL},
};
