/*
 * monitor.c - see monitor.h.
 */
#include "monitor.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "member.h"
#include "store_health.h"
#include "store_metric.h"
#include "threshold.h"
#include "version.h"

#include <stdlib.h>
#include <unistd.h>

#define LOGGER "postern.worker"
#define EVERY_US (10 * CLOCK_US_PER_S)
#define SHARE 20 /* numbers take a twentieth of the time at most */
#define DATA_MAX 4096
#define HOST_MAX 256
#define PENDING_MOST 100000 /* jobs that health.check counts */

/* A number that has a limit. */
struct watched {
    double limit; /* 0: none */
    double value;
    bool above;
    bool alerted;
    int64_t since_us; /* wall clock, when it went above */
};

struct monitor {
    struct monitor_peers peers;
    struct watched watched[METRICS];
    int64_t began_us;  /* monotonic */
    int64_t health_us; /* monotonic: when the next one is made */
    int64_t numbers_us;
    bool watches;
    bool started; /* system.startup was made, or nobody wanted it */
    bool ended;
};

struct monitor *
monitor_new(const struct monitor_peers *peers)
{
    struct monitor *monitor = xcalloc(1, sizeof(*monitor));
    struct thresholds thresholds = {.count = 0};
    struct buf why = BUF_INIT(512);
    size_t i;

    monitor->peers = *peers;
    monitor->began_us = clock_mono_us();
    /* The settings were checked when they were loaded. */
    monitor->watches =
        thresholds_parse(slice_of(peers->settings->metric_thresholds),
                         &thresholds, &why) &&
        thresholds.count > 0;
    for (i = 0; i < METRICS; i++)
        monitor->watched[i].limit = thresholds.limit[i];
    buf_free(&why);
    return monitor;
}

void
monitor_free(struct monitor *monitor)
{
    free(monitor);
}

static bool
checks_health(const struct monitor *monitor)
{
    return monitor->peers.settings->health_check_interval_s > 0;
}

int64_t
monitor_due(const struct monitor *monitor)
{
    int64_t due_us = INT64_MAX;

    if (!monitor->started)
        return 0;
    if (!lease_owns(monitor->peers.lease, 0))
        return INT64_MAX;
    if (checks_health(monitor))
        due_us = monitor->health_us;
    if (monitor->watches && monitor->numbers_us < due_us)
        due_us = monitor->numbers_us;
    return due_us;
}

/* Who subscribes has said so perhaps a moment ago. */
static enum db_result
begin(struct monitor *monitor)
{
    const struct monitor_peers *peers = &monitor->peers;
    enum db_result result = follower_refresh(peers->follower, peers->db,
                                             peers->desk, peers->payloads);

    if (result == DB_OK)
        notices_begin(peers->notices, peers->follower->snapshot);
    return result;
}

/* Frees the data, whose end is open. */
static void
add(struct monitor *monitor, struct slice type, struct buf *data, bool *made)
{
    buf_add_char(data, '}');
    if (buf_ok(data))
        *made =
            notices_add(monitor->peers.notices, type, buf_slice(data)) || *made;
    buf_free(data);
}

static enum db_result
send_made(struct monitor *monitor, bool made)
{
    return made ? notices_send(monitor->peers.notices, monitor->peers.db,
                               monitor->peers.doorbell)
                : DB_OK;
}

/* --- start and end ------------------------------------------------------------ */

static void
open_process(struct buf *data)
{
    char host[HOST_MAX] = "";

    (void)gethostname(host, sizeof(host) - 1);
    buf_add_char(data, '{');
    member_text(data, "program", "posternd");
    member_text(data, "host", host);
    member_u64(data, "pid", (uint64_t)getpid());
    member_text(data, "version", POSTERN_VERSION);
}

static enum db_result
tell_start(struct monitor *monitor, bool *made)
{
    struct buf data = BUF_INIT(DATA_MAX);
    enum db_result result = begin(monitor);

    if (result != DB_OK)
        return result;
    open_process(&data);
    add(monitor, SLICE("system.startup"), &data, made);
    result = send_made(monitor, *made);
    monitor->started = result == DB_OK;
    return result;
}

void
monitor_end(struct monitor *monitor)
{
    struct buf data = BUF_INIT(DATA_MAX);
    bool made = false;

    if (!monitor->started || monitor->ended)
        return;
    monitor->ended = true;
    if (begin(monitor) != DB_OK)
        return;
    open_process(&data);
    member_u64(
        &data, "uptime_s",
        (uint64_t)((clock_mono_us() - monitor->began_us) / CLOCK_US_PER_S));
    add(monitor, SLICE("system.shutdown"), &data, &made);
    if (send_made(monitor, made) != DB_OK)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_TEXT("error", db_error_text(monitor->peers.db))),
            "The event system.shutdown could not be stored");
}

/* --- health --------------------------------------------------------------------- */

static enum db_result
check_health(struct monitor *monitor, bool *made)
{
    const struct monitor_peers *peers = &monitor->peers;
    struct buf data = BUF_INIT(DATA_MAX);
    struct health health = {.worker_alive = false};
    uint64_t pending = 0;
    double oldest_s = 0;
    enum db_result result;

    if (!notices_are_wanted(peers->notices, SLICE("health.check")))
        return DB_OK;
    result = store_health_read(peers->db, peers->settings->lease_s, &health);
    if (result == DB_OK)
        result = store_metric_pending(peers->db, PENDING_MOST, &pending);
    if (result == DB_OK)
        result = store_metric_oldest_due(peers->db, &oldest_s);
    if (result != DB_OK)
        return result;
    buf_add_char(&data, '{');
    member_text(&data, "status", health.worker_alive ? "healthy" : "degraded");
    member_bool(&data, "worker_alive", health.worker_alive);
    member_u64(&data, "queue_size", health.queue_size);
    member_u64(&data, "events_processed", health.processed);
    member_u64(&data, "events_failed", health.failed);
    member_u64(&data, "pending", pending);
    member_real(&data, "oldest_due_s", oldest_s);
    add(monitor, SLICE("health.check"), &data, made);
    return DB_OK;
}

/* --- numbers -------------------------------------------------------------------- */

static enum db_result
read_number(struct monitor *monitor, enum metric metric, double *value)
{
    const struct monitor_peers *peers = &monitor->peers;
    struct health health;
    uint64_t count = 0;
    enum db_result result;

    switch (metric) {
    case METRIC_PENDING:
        result = store_metric_pending(
            peers->db, (uint64_t)monitor->watched[metric].limit * 2 + 1000,
            &count);
        *value = (double)count;
        return result;
    case METRIC_OLDEST_DUE:
        return store_metric_oldest_due(peers->db, value);
    case METRIC_FAILURE_RATE:
        return store_metric_failure_rate(peers->db, value);
    case METRIC_PROCESS_QUEUE:
    case METRICS:
        break;
    }
    result = store_health_read(peers->db, peers->settings->lease_s, &health);
    if (result == DB_OK)
        *value = (double)health.queue_size;
    return result;
}

static void
open_number(const struct watched *watched, enum metric metric, struct buf *data)
{
    buf_add_char(data, '{');
    member_text(data, "metric", metric_name(metric));
    member_real(data, "value", watched->value);
    member_real(data, "threshold", watched->limit);
}

/* What there is to say about a number that has been read. */
static void
judge(struct monitor *monitor, enum metric metric, struct watched *watched,
      int64_t now_us, bool *made)
{
    int64_t wait_us = monitor->peers.settings->alert_after_s * CLOCK_US_PER_S;
    bool above =
        threshold_is_above(watched->limit, watched->value, watched->above);
    struct buf data = BUF_INIT(DATA_MAX), alert = BUF_INIT(DATA_MAX);

    if (above != watched->above) {
        watched->above = above;
        watched->alerted = false;
        watched->since_us = now_us;
        open_number(watched, metric, &data);
        member_text(&data, "state", above ? "above" : "below");
        add(monitor, SLICE("metric.threshold"), &data, made);
    }
    if (!above || watched->alerted || now_us - watched->since_us < wait_us)
        return;
    watched->alerted = true;
    open_number(watched, metric, &alert);
    member_time(&alert, "since", watched->since_us);
    member_u64(&alert, "for_s",
               (uint64_t)((now_us - watched->since_us) / CLOCK_US_PER_S));
    add(monitor, SLICE("alert.triggered"), &alert, made);
}

static bool
is_asked_for(const struct monitor *monitor)
{
    return notices_are_wanted(monitor->peers.notices,
                              SLICE("metric.threshold")) ||
           notices_are_wanted(monitor->peers.notices, SLICE("alert.triggered"));
}

/* copy: what is known if all of it can be stored. */
static enum db_result
look_at_numbers(struct monitor *monitor, struct watched copy[METRICS],
                bool *made)
{
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < METRICS; i++)
        copy[i] = monitor->watched[i];
    if (!is_asked_for(monitor))
        return DB_OK;
    for (i = 0; i < METRICS && result == DB_OK; i++) {
        if (copy[i].limit <= 0)
            continue;
        result = read_number(monitor, (enum metric)i, &copy[i].value);
        if (result == DB_OK)
            judge(monitor, (enum metric)i, &copy[i],
                  db_now_us(monitor->peers.db), made);
    }
    return result;
}

/* -------------------------------------------------------------------------------- */

static void
plan(struct monitor *monitor, int64_t began_us, bool health, bool numbers)
{
    int64_t now_us = clock_mono_us(), rest_us = (now_us - began_us) * SHARE;

    if (health)
        monitor->health_us =
            began_us +
            monitor->peers.settings->health_check_interval_s * CLOCK_US_PER_S;
    if (numbers)
        monitor->numbers_us =
            began_us + (rest_us > EVERY_US ? rest_us : EVERY_US);
}

static enum db_result
run(struct monitor *monitor, bool *made)
{
    int64_t began_us = clock_mono_us();
    bool health = checks_health(monitor) && began_us >= monitor->health_us;
    bool numbers = monitor->watches && began_us >= monitor->numbers_us;
    struct watched copy[METRICS];
    enum db_result result;
    size_t i;

    if (!monitor->started)
        return tell_start(monitor, made);
    if (!lease_owns(monitor->peers.lease, 0) || (!health && !numbers))
        return DB_OK;
    result = begin(monitor);
    if (result == DB_OK && health)
        result = check_health(monitor, made);
    if (result == DB_OK && numbers)
        result = look_at_numbers(monitor, copy, made);
    if (result == DB_OK)
        result = send_made(monitor, *made);
    for (i = 0; i < METRICS && numbers && result == DB_OK; i++)
        monitor->watched[i] = copy[i];
    plan(monitor, began_us, health, numbers);
    return result;
}

enum db_result
monitor_run(struct monitor *monitor, bool *made)
{
    enum db_result result;

    *made = false;
    result = run(monitor, made);
    if (result != DB_BROKEN || !db_connected(monitor->peers.db))
        return result;
    monitor->started = true;
    log_warning(LOGGER,
                LOG_FIELDS(LOG_TEXT("error", db_error_text(monitor->peers.db))),
                "Operational events could not be made");
    return DB_OK;
}
