/*
 * status.c - `postern status`: is everything well? For people, cron and
 * monitoring: exit code 1 when it is not.
 */
#include "commands.h"

#include "member.h"
#include "output.h"
#include "store_health.h"
#include "store_stats.h"

#include <stdio.h>

#define LINE_MAX_BYTES 8192

static const char *
verdict(const struct health *health)
{
    return health->worker_alive ? "healthy" : "degraded";
}

static void
print_json(const struct health *health, const struct overview_stats *stats,
           const struct held_webhooks *held)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    buf_add_char(&line, '{');
    member_text(&line, "status", verdict(health));
    member_u64(&line, "schema", health->schema);
    member_bool(&line, "worker_alive", health->worker_alive);
    if (health->worker_seen_s >= 0)
        member_u64(&line, "worker_seen_seconds",
                   (uint64_t)health->worker_seen_s);
    else
        member_raw(&line, "worker_seen_seconds", SLICE_NONE, "null");
    member_time(&line, "last_event", health->last_event_us);
    member_u64(&line, "processing_queue", health->queue_size);
    member_u64(&line, "processed", health->processed);
    member_u64(&line, "processing_failed", health->failed);
    member_u64(&line, "webhooks_active", stats->webhooks_active);
    member_u64(&line, "webhooks_total", stats->webhooks_total);
    member_u64(&line, "webhooks_failing", held->failing);
    member_u64(&line, "webhooks_paused", held->paused);
    member_u64(&line, "webhooks_disabled", held->disabled);
    member_u64(&line, "deliveries_pending", stats->queue_pending);
    member_u64(&line, "deliveries_retrying", stats->queue_retrying);
    member_u64(&line, "deliveries_24h_successful", stats->day.succeeded);
    member_u64(&line, "deliveries_24h_failed", stats->day.failed);
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static void
print_text(const struct health *health, const struct overview_stats *stats,
           const struct held_webhooks *held)
{
    const char *more = stats->queue_capped ? "+" : "";

    printf("status        %s\n", verdict(health));
    if (health->worker_alive)
        printf("worker        alive\n");
    else if (health->worker_seen_s >= 0)
        printf("worker        last seen %lld s ago: start posternd\n",
               (long long)health->worker_seen_s);
    else
        printf("worker        never seen: start posternd\n");
    printf("schema        %u\n", health->schema);
    printf("webhooks      %llu active of %llu; %llu failing, %llu paused, %llu "
           "disabled\n",
           (unsigned long long)stats->webhooks_active,
           (unsigned long long)stats->webhooks_total,
           (unsigned long long)held->failing, (unsigned long long)held->paused,
           (unsigned long long)held->disabled);
    printf("deliveries    %llu%s pending, %llu%s retrying; last 24 h: %llu "
           "successful, %llu failed\n",
           (unsigned long long)stats->queue_pending, more,
           (unsigned long long)stats->queue_retrying, more,
           (unsigned long long)stats->day.succeeded,
           (unsigned long long)stats->day.failed);
    printf("inbound       %llu waiting, %llu processed, %llu failed\n",
           (unsigned long long)health->queue_size,
           (unsigned long long)health->processed,
           (unsigned long long)health->failed);
}

static int
run_status(struct cli *cli)
{
    struct overview_stats stats;
    struct held_webhooks held;
    struct health health;
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_health_read(cli->db, cli->settings.lease_s, &health);
    if (result == DB_OK)
        result = store_stats_overview(cli->db, 0, &stats);
    if (result == DB_OK)
        result = store_stats_held(cli->db, &held);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the status");
    if (cli->json)
        print_json(&health, &stats, &held);
    else
        print_text(&health, &stats, &held);
    return health.worker_alive ? EXIT_OK : EXIT_UNHEALTHY;
}

const struct command status_commands[] = {
    {"status", NULL, "", "is everything well? exit code 1 if not", run_status},
    {NULL, NULL, NULL, NULL, NULL},
};
