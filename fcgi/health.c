/*
 * health.c - see health.h.
 */
#include "health.h"

#include "clock.h"
#include "contact.h"
#include "json.h"
#include "version.h"

#include <pthread.h>

#define KEPT_US CLOCK_US_PER_S

/* The last look, shared by all who ask within a second. */
static struct {
    pthread_mutex_t lock;
    int64_t read_mono_us; /* 0: never */
    bool there;
    struct health health;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool
look(struct app *app, struct health *health)
{
    enum db_result result = DB_AWAY;
    struct db *db;

    if (contact_make(app, NULL) != CONTACT_READY)
        return false;
    db = db_pool_take(app->pool);
    if (db == NULL)
        return false;
    result = store_health_read(db, app->settings->lease_s, health);
    db_pool_give(app->pool, db);
    return result == DB_OK;
}

/* False: the database is away. */
static bool
read_health(struct app *app, struct health *health)
{
    int64_t now_us = clock_mono_us();
    bool there;

    pthread_mutex_lock(&kept.lock);
    if (kept.read_mono_us == 0 || now_us - kept.read_mono_us > KEPT_US) {
        kept.there = look(app, &kept.health);
        kept.read_mono_us = clock_mono_us();
    }
    there = kept.there;
    *health = kept.health;
    pthread_mutex_unlock(&kept.lock);
    return there;
}

static void
print_metrics(const struct health *health, struct buf *out)
{
    static const struct {
        const char *name;
        double share;
    } shown[] = {{"p50_ms", 0.50}, {"p95_ms", 0.95}, {"p99_ms", 0.99}};
    uint64_t received = health->processed + health->failed + health->queue_size;
    size_t i;

    buf_add_text(out, ",\"metrics\":{\"events_received\":");
    buf_add_u64(out, received);
    buf_add_text(out, ",\"events_processed\":");
    buf_add_u64(out, health->processed);
    buf_add_text(out, ",\"events_failed\":");
    buf_add_u64(out, health->failed);
    buf_add_text(out, ",\"processing_time\":{");
    for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        buf_addf(out, "%s\"%s\":%.0f", i == 0 ? "" : ",", shown[i].name,
                 stats_percentile(health->bucket, shown[i].share));
    buf_add_text(out, "}}");
}

static void
print_facts(const struct health *health, struct buf *out)
{
    char last_event[CLOCK_TEXT_MAX];

    buf_add_text(out, ",\"queue_size\":");
    buf_add_u64(out, health->queue_size);
    print_metrics(health, out);
    buf_add_text(out, ",\"last_event\":");
    if (health->last_event_us == 0) {
        buf_add_text(out, "null");
    } else {
        clock_format_rfc3339(health->last_event_us, last_event);
        json_add_string(out, slice_of(last_event));
    }
    buf_addf(out, ",\"worker\":{\"alive\":%s,\"last_seen_seconds\":",
             health->worker_alive ? "true" : "false");
    if (health->worker_seen_s < 0)
        buf_add_text(out, "null");
    else
        buf_add_i64(out, health->worker_seen_s);
    buf_addf(out, "},\"schema\":%lu", (unsigned long)health->schema);
}

void
health_print(const struct health *health, struct buf *out)
{
    buf_addf(out, "{\"status\":\"%s\"",
             health == NULL         ? "unhealthy"
             : health->worker_alive ? "healthy"
                                    : "degraded");
    if (health == NULL)
        buf_add_text(out, ",\"reason\":\"The database is not available\"");
    else
        print_facts(health, out);
    buf_add_text(out, ",\"version\":\"" POSTERN_VERSION "\"}");
}

static void
get_health(struct exchange *exchange)
{
    struct reply *reply = exchange->reply;
    struct health health;
    bool there = read_health(exchange->app, &health);

    reply_json_text(reply, there ? 200 : 503, SLICE(""));
    health_print(there ? &health : NULL, &reply->body);
    if (!there) {
        reply->code = "unavailable";
        reply_header(reply, "Retry-After", "2");
    }
}

static void
get_live(struct exchange *exchange)
{
    reply_json_text(exchange->reply, 200, SLICE("{\"status\":\"alive\"}"));
}

const struct route health_routes[] = {
    {METHOD_GET, "/health", ACCESS_ALWAYS, FAMILY_API, false, get_health},
};
const size_t health_route_count =
    sizeof(health_routes) / sizeof(health_routes[0]);

const struct route health_live_routes[] = {
    {METHOD_GET, "/health/live", ACCESS_ALWAYS, FAMILY_API, false, get_live},
};
const size_t health_live_route_count =
    sizeof(health_live_routes) / sizeof(health_live_routes[0]);
