/*
 * notices.c - see notices.h.
 */
#include "notices.h"

#include "alloc.h"
#include "endpoint_log.h"
#include "id.h"
#include "lane.h"
#include "member.h"
#include "store_disable.h"
#include "transact.h"

#include <stdlib.h>
#include <string.h>

#define DATA_MAX ((size_t)64 * 1024)
#define DEFAULT_APPLICATION 1

struct notices {
    struct emit *emit;
    struct endpoint_log *log;
    const struct catalog_snapshot *snapshot;
};

struct notices *
notices_new(struct id_source *ids)
{
    struct notices *notices = xcalloc(1, sizeof(*notices));

    notices->emit = emit_new(ids);
    notices->log = endpoint_log_new();
    return notices;
}

void
notices_free(struct notices *notices)
{
    if (notices == NULL)
        return;
    endpoint_log_free(notices->log);
    emit_free(notices->emit);
    free(notices);
}

void
notices_begin(struct notices *notices, const struct catalog_snapshot *snapshot)
{
    if (notices == NULL)
        return;
    notices->snapshot = snapshot;
    endpoint_log_clear(notices->log);
    emit_begin(notices->emit, snapshot);
}

/* --- about subscriptions ------------------------------------------------------ */

/* What is told of a subscription. NULL: nobody asks for it. */
static const struct subscription *
wanted_about(const struct notices *notices, const char *type, uint32_t id,
             struct emission *emission)
{
    const struct subscription *subscription;

    if (notices == NULL || notices->snapshot == NULL)
        return NULL;
    subscription = catalog_subscription(notices->snapshot, id);
    if (subscription == NULL)
        return NULL;
    *emission = (struct emission){
        .application_id = subscription->application_id,
        .type = slice_of(type),
    };
    return emit_is_wanted(notices->emit, emission) ? subscription : NULL;
}

static void
open_data(const struct subscription *subscription, struct buf *data)
{
    buf_add_char(data, '{');
    member_u64(data, "subscription_id", subscription->id);
    member_text(data, "url", subscription->url);
}

static void
add_error(const struct flush_row *row, struct buf *data)
{
    if (row == NULL)
        return;
    member_slice(data, "error_class",
                 row->error_class == NULL ? SLICE_NONE
                                          : slice_of(row->error_class));
    member_slice(data, "error", row->error_message);
    member_name(data, "response_code");
    if (row->response_code == 0)
        buf_add_text(data, "null");
    else
        buf_add_u64(data, row->response_code);
}

/* Frees the data. */
static void
make(struct notices *notices, struct emission *emission, struct buf *data)
{
    buf_add_char(data, '}');
    if (buf_ok(data)) {
        emission->data = buf_slice(data);
        emit_add(notices->emit, emission);
    }
    buf_free(data);
}

/* Those of this file, and of monitor.c. */
static bool
is_operational(struct slice type)
{
    static const char *const types[] = {
        "endpoint.failing",  "endpoint.recovered", "endpoint.disabled",
        "message.exhausted", "system.startup",     "system.shutdown",
        "health.check",      "metric.threshold",   "alert.triggered",
    };
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (slice_is(type, types[i]))
            return true;
    }
    return false;
}

void
notices_delivery(struct notices *notices, const struct flush_row *row)
{
    const struct subscription *subscription;
    struct buf data = BUF_INIT(DATA_MAX);
    struct emission emission;

    if (notices == NULL || row->status != FLUSH_FAILED || !row->live ||
        row->job.kind != JOB_DELIVER || row->job.test ||
        is_operational(row->event_type))
        return;
    subscription = wanted_about(notices, "message.exhausted",
                                lane_owner_id(row->job.lane), &emission);
    if (subscription == NULL)
        return;
    open_data(subscription, &data);
    member_id(&data, "delivery_id", ID_DELIVERY, row->job.id);
    member_id(&data, "event_id", ID_EVENT, row->job.event_id);
    member_slice(&data, "event_type", row->event_type);
    member_u64(&data, "attempts", row->attempts);
    add_error(row, &data);
    make(notices, &emission, &data);
}

void
notices_endpoint(struct notices *notices, const struct ledger_news *news,
                 const struct flush_row *failure, int64_t now_us)
{
    const struct subscription *subscription;
    struct buf data = BUF_INIT(DATA_MAX);
    struct emission emission;

    if (notices == NULL || notices->snapshot == NULL)
        return;
    subscription =
        catalog_subscription(notices->snapshot, lane_owner_id(news->lane));
    if (subscription != NULL)
        endpoint_log_add(notices->log, news, subscription, failure);
    subscription = wanted_about(
        notices, news->failing ? "endpoint.failing" : "endpoint.recovered",
        lane_owner_id(news->lane), &emission);
    if (subscription == NULL)
        return;
    open_data(subscription, &data);
    member_time(&data, "failing_since", news->failing_since_us);
    if (news->failing)
        add_error(failure, &data);
    else
        member_time(&data, "recovered_at", now_us);
    make(notices, &emission, &data);
}

/* --- writing ------------------------------------------------------------------ */

bool
notices_are_wanted(const struct notices *notices, struct slice type)
{
    const struct emission emission = {.application_id = DEFAULT_APPLICATION,
                                      .type = type};

    return notices != NULL && notices->snapshot != NULL &&
           emit_is_wanted(notices->emit, &emission);
}

bool
notices_add(struct notices *notices, struct slice type, struct slice data)
{
    const struct emission emission = {
        .application_id = DEFAULT_APPLICATION, .type = type, .data = data};

    if (!notices_are_wanted(notices, type))
        return false;
    emit_add(notices->emit, &emission);
    return true;
}

enum db_result
notices_write(struct notices *notices, struct db *db, int64_t now_us)
{
    return notices == NULL ? DB_OK : emit_write(notices->emit, db, now_us);
}

size_t
notices_tell(struct notices *notices, struct doorbell *doorbell)
{
    size_t count;

    if (notices == NULL)
        return 0;
    endpoint_log_write(notices->log);
    count = emit_tell(notices->emit, doorbell);
    if (count == 0)
        return 0;
    emit_begin(notices->emit, notices->snapshot);
    return count;
}

struct disabling {
    struct notices *notices;
    const struct catalog_snapshot *snapshot;
    uint32_t subscription_id;
    const char *reason;
};

static enum db_result
disable(struct db *db, void *arg)
{
    const struct disabling *disabling = arg;
    const struct subscription *subscription;
    struct buf data = BUF_INIT(DATA_MAX);
    struct emission emission;
    enum db_result result =
        store_disable_in(db, disabling->subscription_id, disabling->reason);

    if (result != DB_OK)
        return result;
    notices_begin(disabling->notices, disabling->snapshot);
    subscription = wanted_about(disabling->notices, "endpoint.disabled",
                                disabling->subscription_id, &emission);
    if (subscription == NULL)
        return DB_OK;
    open_data(subscription, &data);
    member_text(&data, "reason", disabling->reason);
    make(disabling->notices, &emission, &data);
    return notices_write(disabling->notices, db, db_now_us(db));
}

enum db_result
notices_disable(struct notices *notices, struct db *db,
                const struct catalog_snapshot *snapshot,
                struct doorbell *doorbell, uint32_t subscription_id,
                const char *reason)
{
    struct disabling disabling = {notices, snapshot, subscription_id, reason};
    enum db_result result = transact(db, disable, &disabling);

    if (result == DB_OK)
        (void)notices_tell(notices, doorbell);
    return result;
}

static enum db_result
write_made(struct db *db, void *arg)
{
    return notices_write(arg, db, db_now_us(db));
}

enum db_result
notices_send(struct notices *notices, struct db *db, struct doorbell *doorbell)
{
    enum db_result result = transact(db, write_made, notices);

    if (result == DB_OK)
        (void)notices_tell(notices, doorbell);
    return result;
}
