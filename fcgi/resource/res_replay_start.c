/*
 * res_replay_start.c - recovery: what is to be delivered again.
 *
 * A replay is counted by the worker. The answer waits for that a moment, since
 * most counts are done at once; not more than a quarter of the threads wait,
 * and the database connection is given back between two looks.
 */
#include "res_replay_start.h"

#include "clock.h"
#include "res_replays.h"
#include "resource.h"
#include "response_code.h"
#include "store_application.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define MISSING "Application not found"
#define WEBHOOK_MISSING "Webhook not found"
#define LOOK_FIRST_MS 15 /* until the first look; then ever longer */
#define LOOK_LAST_MS 100
#define WAIT_US CLOCK_US_PER_S
#define THREADS_PER_WAIT 4

static atomic_uint waiting; /* answers that wait, in this process */

/* --- what is wanted ------------------------------------------------------------- */

bool
replays_read_form(struct exchange *exchange, enum replay_form_kind kind,
                  struct replay_form *form)
{
    const struct replay_form_rules rules = {
        .now_us = clock_wall_us(),
        .may_name_application = exchange->caller.scope == SCOPE_ADMIN,
    };
    struct problems problems;

    problems.count = 0;
    *form = (struct replay_form){.kind = kind};
    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    if (replay_form_read(form, buf_slice(&exchange->request->body), kind,
                         &rules, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
take_types(const struct replay_form *form, struct replay_filter *filter)
{
    size_t i;

    if (form->event_type.ptr != NULL)
        filter->types[filter->type_count++] = form->event_type;
    for (i = 0;
         i < form->event_type_count && filter->type_count < REPLAY_TYPES_MAX;
         i++)
        filter->types[filter->type_count++] = slice_make(
            form->event_types[i].text, form->event_types[i].text_len);
}

void
replays_wanted(const struct exchange *exchange, const struct replay_form *form,
               enum replay_kind kind, uint32_t application_id,
               uint32_t subscription_id, struct replay *wanted)
{
    *wanted = (struct replay){
        .application_id = application_id,
        .subscription_id = subscription_id,
        .kind = kind,
        .since_us = form->since_us,
        .until_us = form->until_us,
        .filter = {.status = DELIVERY_FAILED, .error_class = form->error_class},
        .rate = form->has_rate ? form->rate
                               : (uint32_t)exchange->app->settings->replay_rate,
    };
    if (kind != REPLAY_RETRY)
        return;
    (void)!delivery_status_from_name(slice_of(form->status),
                                     &wanted->filter.status);
    if (form->response_code.ptr != NULL)
        (void)!response_code_read(form->response_code, &wanted->filter.code_min,
                                  &wanted->filter.code_max);
    take_types(form, &wanted->filter);
}

/* --- waiting for the count -------------------------------------------------------- */

static bool
start_waiting(const struct app *app)
{
    unsigned most = (unsigned)app->settings->threads / THREADS_PER_WAIT;

    if (most == 0)
        most = 1;
    if (atomic_fetch_add(&waiting, 1) < most)
        return true;
    atomic_fetch_sub(&waiting, 1);
    return false;
}

static bool
is_counted(struct exchange *exchange, uint64_t id)
{
    struct db *db = db_pool_take(exchange->app->pool);
    struct replay replay;
    enum db_result result;
    bool counted;

    if (db == NULL)
        return false;
    result = store_replay_get(db, 0, id, &replay);
    db_pool_give(exchange->app->pool, db);
    if (result != DB_OK)
        return false;
    counted = replay.status != REPLAY_COUNTING;
    replay_free(&replay);
    return counted;
}

static void
wait_for_count(struct exchange *exchange, uint64_t id)
{
    int64_t end_us = clock_mono_us() + WAIT_US;
    unsigned ms = LOOK_FIRST_MS;
    bool counted = false;

    if (!start_waiting(exchange->app))
        return;
    while (!counted && clock_mono_us() < end_us) {
        struct timespec pause = {0, (long)ms * 1000000};

        while (nanosleep(&pause, &pause) != 0)
            continue;
        ms = ms * 2 < LOOK_LAST_MS ? ms * 2 : LOOK_LAST_MS;
        counted = is_counted(exchange, id);
    }
    atomic_fetch_sub(&waiting, 1);
}

static void
make(struct exchange *exchange, struct db *db, const struct replay *wanted,
     bool confirmed)
{
    char location[64], text[ID_TEXT_MAX];
    enum db_result result;
    uint64_t id = 0;

    result =
        store_replay_insert(db, &exchange->app->ids, wanted, confirmed, &id);
    if (!resource_done(exchange, db, result, WEBHOOK_MISSING))
        return;
    doorbell_ring(exchange->app->doorbell);
    wait_for_count(exchange, id);
    id_format(ID_REPLAY, id, text);
    (void)snprintf(location, sizeof(location), "/api/replays/%s", text);
    reply_header(exchange->reply, "Location", location);
    db = resource_db(exchange);
    if (db != NULL)
        replays_show(exchange, db, DB_OK, id, 202);
}

/* --- making one ------------------------------------------------------------------ */

static void
make_for_webhook(struct exchange *exchange, enum replay_kind kind)
{
    struct replay_form form = {.kind = REPLAY_FORM_RANGE};
    struct replay wanted;
    struct db *db;
    uint32_t id;

    if (resource_subscription_id(exchange, &id) &&
        replays_read_form(exchange, REPLAY_FORM_RANGE, &form) &&
        (db = resource_db(exchange)) != NULL) {
        replays_wanted(exchange, &form, kind, resource_owner(exchange), id,
                       &wanted);
        make(exchange, db, &wanted, form.confirm);
    }
    replay_form_free(&form);
}

static void
recover(struct exchange *exchange)
{
    make_for_webhook(exchange, REPLAY_RECOVER);
}

static void
replay_missing(struct exchange *exchange)
{
    make_for_webhook(exchange, REPLAY_MISSING);
}

static void
reply_no_application(struct exchange *exchange)
{
    struct problems problems;

    problems.count = 0;
    problem_add(&problems, "application", NULL, "value_error.application",
                "application not found");
    reply_problems(exchange->reply, &problems);
}

/* Whose deliveries: a subscription says it by itself, an administrator who
   names neither means the default application. */
static enum db_result
find_application(const struct exchange *exchange, struct db *db,
                 const struct replay_form *form, uint32_t *id)
{
    if (form->application.ptr != NULL)
        return store_application_find(db, form->application, id);
    *id = form->subscription_id != 0 ? resource_owner(exchange)
                                     : exchange->caller.application_id;
    return DB_OK;
}

static void
retry(struct exchange *exchange)
{
    struct replay_form form = {.kind = REPLAY_FORM_RETRY};
    uint32_t application_id = 0;
    struct replay wanted;
    enum db_result result;
    struct db *db;

    if (!replays_read_form(exchange, REPLAY_FORM_RETRY, &form) ||
        (db = resource_db(exchange)) == NULL)
        goto out;
    result = find_application(exchange, db, &form, &application_id);
    if (result == DB_NONE) {
        db_pool_give(exchange->app->pool, db);
        reply_no_application(exchange);
    } else if (result != DB_OK) {
        (void)resource_done(exchange, db, result, MISSING);
    } else {
        replays_wanted(exchange, &form, REPLAY_RETRY, application_id,
                       form.subscription_id, &wanted);
        make(exchange, db, &wanted, form.confirm);
    }
out:
    replay_form_free(&form);
}

const struct route replay_start_routes[] = {
    {METHOD_POST, "/api/webhooks/{id}/recover", ACCESS_MANAGE, FAMILY_API, true,
     recover},
    {METHOD_POST, "/api/webhooks/{id}/replay-missing", ACCESS_MANAGE,
     FAMILY_API, true, replay_missing},
    {METHOD_POST, "/api/deliveries/retry", ACCESS_MANAGE, FAMILY_API, true,
     retry},
};
const size_t replay_start_route_count =
    sizeof(replay_start_routes) / sizeof(replay_start_routes[0]);
