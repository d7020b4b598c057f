/*
 * webhook_show.c - see webhook_show.h.
 */
#include "webhook_show.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES (512 * 1024)

static const char *
state_word(const struct subscription_row *row)
{
    return row->disabled_reason != NULL          ? "disabled"
           : !row->active                        ? "inactive"
           : row->paused                         ? "paused"
           : row->health.state == HEALTH_FAILING ? "failing"
                                                 : "active";
}

static void
print_state(const struct subscription_row *row)
{
    const char *reason = row->disabled_reason != NULL ? row->disabled_reason
                         : row->paused                ? row->paused_reason
                                                      : NULL;

    printf("state        %s%s%s\n", state_word(row), reason == NULL ? "" : ": ",
           reason == NULL ? "" : reason);
}

/* Until when nothing is sent is of interest where something would be. */
static void
print_health(const struct subscription_row *row)
{
    const struct subscription_health *health = &row->health;
    bool failing = health->state == HEALTH_FAILING;
    bool held = !row->active || row->paused;
    char text[CLOCK_TEXT_MAX];

    if (failing) {
        clock_format_rfc3339(health->failing_since_us, text);
        printf("endpoint     failing since %s\n", text);
    }
    if (!held && health->next_attempt_at_us != 0) {
        clock_format_rfc3339(health->next_attempt_at_us, text);
        printf("next attempt %s\n", text);
    } else if (!held && failing) {
        printf("next attempt with the next delivery\n");
    }
    if (health->last_success_at_us != 0) {
        clock_format_rfc3339(health->last_success_at_us, text);
        printf("last success %s\n", text);
    }
}

static void
print_order_and_limits(const struct subscription_row *row)
{
    if (strcmp(row->ordering, "none") != 0)
        printf("ordering     %s, %s a delivery that fails for good\n",
               row->ordering,
               strcmp(row->on_exhausted, "pause") == 0 ? "pause at" : "skip");
    if (row->rate_limit > 0)
        printf("rate limit   %u per second\n", row->rate_limit);
    if (row->batch_size > 0)
        printf("batches      up to %u events, the first waits %u ms\n",
               row->batch_size, row->batch_wait_ms);
    if (row->ttl_s > 0)
        printf("expires      after %u s\n", row->ttl_s);
}

/* What few webhooks have, each on a line of its own. */
static void
print_given(const char *label, const char *value)
{
    if (value != NULL && value[0] != '\0')
        printf("%-12s %s\n", label, value);
}

static void
print_row_text(const struct subscription_row *row)
{
    printf("id           %u\nurl          %s\nevents       %s\n", row->id,
           row->url, row->events);
    print_state(row);
    print_health(row);
    printf("retries      %u, first after %u s\ntimeout      %u s\n"
           "format       %s\n",
           row->retry_count, row->retry_delay_s, row->timeout_s, row->format);
    print_given("template", row->template);
    print_given("source", row->cloudevents_source);
    print_given("filter", row->filter);
    print_given("auth", row->auth);
    print_given("certificate", row->certificate);
    print_given("public key", row->public_key);
    if (strcmp(row->signature_headers, "webhook") != 0)
        print_given("headers", row->signature_headers);
    print_order_and_limits(row);
    print_given("description", row->description);
}

int
webhook_show_none(uint32_t id)
{
    return output_error(EXIT_NONE,
                        "there is no webhook %u; `postern "
                        "webhook list` shows them",
                        id);
}

int
webhook_show(struct cli *cli, uint32_t id, const char *secret)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct subscription_row row;
    enum db_result result = store_subscription_get(cli->db, 0, id, &row);

    if (result == DB_NONE)
        return webhook_show_none(id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the webhook");
    if (cli->json) {
        subscription_print(&row, secret, &line);
        output_line(buf_slice(&line));
    } else {
        print_row_text(&row);
        if (secret != NULL)
            printf("secret       %s\n", secret);
    }
    buf_wipe(&line);
    subscription_row_free(&row);
    return EXIT_OK;
}

void
webhook_show_row(const struct cli *cli, struct table *table,
                 const struct subscription_row *row)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (cli->json) {
        subscription_print(row, NULL, &line);
        output_line(buf_slice(&line));
    } else {
        table_row(table);
        table_cell_u64(table, row->id);
        table_cell(table, state_word(row));
        table_cell(table, row->events);
        table_cell(table, row->url);
    }
    buf_free(&line);
}
