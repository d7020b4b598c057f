/*
 * res_tests.c - deliver one test event now and tell how it went.
 *
 * The test is a job like any other, done by the worker; only the answer waits
 * for it. A waiting answer holds a request thread, so no more than a quarter of
 * them may wait: beyond that the answer is 202 at once. The database connection
 * is given back between two looks.
 */
#include "res_tests.h"

#include "clock.h"
#include "json.h"
#include "member.h"
#include "pattern.h"
#include "resource.h"
#include "store_delivery.h"
#include "store_subscription.h"
#include "store_worker.h"
#include "test_event.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <time.h>

#define LOOK_FIRST_MS 20 /* until the first look; then ever longer */
#define LOOK_LAST_MS 250
#define THREADS_PER_TEST 4

static atomic_uint waiting; /* answers that wait, in this process */

/* What is to be sent, and where to. */
struct test {
    uint32_t application_id;
    uint32_t subscription_id;
    struct slice type;
    struct slice data; /* minified JSON */
};

static bool
start_waiting(const struct app *app)
{
    unsigned most = (unsigned)app->settings->threads / THREADS_PER_TEST;

    if (most == 0)
        most = 1;
    if (atomic_fetch_add(&waiting, 1) < most)
        return true;
    atomic_fetch_sub(&waiting, 1);
    return false;
}

static void
pause_ms(unsigned ms)
{
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&pause, &pause) != 0)
        continue;
}

/* DB_NONE: not finished yet. */
static enum db_result
look(struct exchange *exchange, uint64_t id, struct delivery *delivery)
{
    struct db *db = db_pool_take(exchange->app->pool);
    enum db_result result;

    if (db == NULL)
        return DB_NONE; /* others are busy: look again later */
    result = store_delivery_get(db, 0, id, delivery);
    db_pool_give(exchange->app->pool, db);
    if (result == DB_OK && delivery->completed_at_us == 0) {
        delivery_free(delivery);
        result = DB_NONE;
    }
    return result;
}

static bool
wait_for_result(struct exchange *exchange, uint64_t id,
                struct delivery *delivery)
{
    int64_t end_us =
        clock_mono_us() + exchange->app->settings->test_wait_s * CLOCK_US_PER_S;
    unsigned ms = LOOK_FIRST_MS;
    bool found = false;

    if (!start_waiting(exchange->app))
        return false;
    while (!found && clock_mono_us() < end_us) {
        pause_ms(ms);
        ms = ms * 3 / 2 < LOOK_LAST_MS ? ms * 3 / 2 : LOOK_LAST_MS;
        found = look(exchange, id, delivery) == DB_OK;
    }
    atomic_fetch_sub(&waiting, 1);
    return found;
}

static void
reply_result(struct exchange *exchange, const struct delivery *delivery)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);

    test_result_print(delivery, &json);
    resource_send_status(exchange, 200, &json);
}

static void
reply_pending(struct exchange *exchange, uint64_t id)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);

    test_pending_print(id, &json);
    resource_send_status(exchange, 202, &json);
}

static void
run(struct exchange *exchange, const struct test *test)
{
    struct new_event event = test_event(
        test->application_id, test->subscription_id, test->type, test->data);
    struct delivery delivery;

    switch (commit_events(exchange->app->committer, &event, 1)) {
    case DB_OK:
        break;
    case DB_BROKEN:
        reply_error(exchange->reply, 500, "internal_error",
                    "The test could not be stored");
        return;
    default:
        reply_unavailable(exchange->reply);
        return;
    }
    if (wait_for_result(exchange, event.job_id, &delivery)) {
        reply_result(exchange, &delivery);
        delivery_free(&delivery);
    } else {
        reply_pending(exchange, event.job_id);
    }
}

static void
reply_no_worker(struct exchange *exchange)
{
    reply_error(exchange->reply, 503, "no_worker",
                "No worker is running that could deliver the test");
}

static void
test_one(struct exchange *exchange)
{
    struct buf data = BUF_INIT(TEST_EVENT_DATA_MAX);
    struct subscription_row row = {0};
    struct test test = {.type = SLICE(TEST_EVENT_TYPE)};
    enum db_result result;
    bool alive = false;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_subscription_get(db, resource_owner(exchange), id, &row);
    if (result == DB_OK)
        result = store_worker_is_alive(db, &alive);
    test.application_id = row.application_id;
    test.subscription_id = row.id;
    subscription_row_free(&row);
    if (!resource_done(exchange, db, result, "Webhook not found"))
        return;
    if (!alive) {
        reply_no_worker(exchange);
        return;
    }
    test_event_data(id, &data);
    test.data = buf_slice(&data);
    run(exchange, &test);
    buf_free(&data);
}

enum { FIELD_URL, FIELD_EVENT, FIELD_DATA, FIELDS };

static void
check_url(const struct body_value *value, void *context,
          struct problems *problems)
{
    subscription_check_url(value->name,
                           slice_make(value->text, value->text_len), context,
                           problems);
}

static void
check_event(const struct body_value *value, void *context,
            struct problems *problems)
{
    (void)context;
    if (!pattern_is_type(slice_make(value->text, value->text_len)))
        problem_add(problems, value->name, NULL, "value_error.event_type",
                    "invalid event type");
}

static const struct body_field fields[FIELDS] = {
    [FIELD_URL] = {.name = "url",
                   .type = BODY_STR,
                   .rules = BODY_REQUIRED,
                   .min = 1,
                   .max = TARGET_URL_MAX,
                   .check = check_url},
    [FIELD_EVENT] = {.name = "event",
                     .alias = "event_type",
                     .type = BODY_STR,
                     .rules = BODY_NULLABLE,
                     .min = 1,
                     .max = PATTERN_MAX,
                     .check = check_event},
    [FIELD_DATA] = {.name = "data", .type = BODY_DICT, .rules = BODY_NULLABLE},
};

/* A subscription for this test alone. DB_NONE is not returned. */
static enum db_result
make_subscription(struct exchange *exchange, struct db *db, struct slice url,
                  const struct subscription_rules *rules, uint32_t *id)
{
    struct buf body = BUF_INIT(TARGET_URL_MAX * 7);
    struct subscription_form form;
    struct subscription_made made = {0};
    struct problems problems;
    enum db_result result = DB_BROKEN;

    buf_add_char(&body, '{');
    member_slice(&body, "url", url);
    buf_add_text(&body,
                 ",\"events\":[\"" TEST_EVENT_TYPE "\"],\"retry_count\":0}");
    problems.count = 0;
    if (subscription_form_read(&form, buf_slice(&body), rules, &problems))
        result = store_subscription_insert(db, exchange->app->sealer, &form,
                                           exchange->caller.application_id,
                                           true, &made);
    if (result == DB_OK) {
        *id = made.id;
        OPENSSL_cleanse(&made, sizeof(made));
    }
    subscription_form_free(&form);
    buf_free(&body);
    return result;
}

/* False: the answer is written. */
static bool
prepare(struct exchange *exchange, struct slice url,
        const struct subscription_rules *rules, uint32_t *id)
{
    struct db *db = resource_db(exchange);
    bool alive = false;
    enum db_result result;

    if (db == NULL)
        return false;
    result = store_worker_is_alive(db, &alive);
    if (result == DB_OK && alive)
        result = make_subscription(exchange, db, url, rules, id);
    if (!resource_done(exchange, db, result, ""))
        return false;
    if (!alive)
        reply_no_worker(exchange);
    return alive;
}

static void
test_url(struct exchange *exchange)
{
    const struct app *app = exchange->app;
    struct slice body = buf_slice(&exchange->request->body);
    struct subscription_rules rules = {
        .require_https = app->settings->require_https,
        .allow = &app->allow_targets,
    };
    const struct body_options options = {false, &rules};
    struct body_value value[FIELDS] = {0};
    struct buf data = BUF_INIT(body.len + 32);
    struct test test = {.application_id = exchange->caller.application_id,
                        .type = SLICE(TEST_EVENT_TYPE)};
    struct problems problems;

    problems.count = 0;
    if (!resource_check_body(exchange, (size_t)app->settings->max_body))
        return;
    if (!body_read(body, fields, FIELDS, &options, value, &problems)) {
        reply_problems(exchange->reply, &problems);
        goto out;
    }
    if (value[FIELD_EVENT].given)
        test.type =
            slice_make(value[FIELD_EVENT].text, value[FIELD_EVENT].text_len);
    if (value[FIELD_DATA].given)
        json_minify(value[FIELD_DATA].raw, &data);
    else
        buf_add_text(&data, "{\"test\":true}");
    test.data = buf_slice(&data);
    if (prepare(exchange,
                slice_make(value[FIELD_URL].text, value[FIELD_URL].text_len),
                &rules, &test.subscription_id))
        run(exchange, &test);
out:
    buf_free(&data);
    body_free(value, FIELDS);
}

const struct route tests_routes[] = {
    {METHOD_POST, "/api/webhooks/{id}/test", ACCESS_MANAGE, FAMILY_API, true,
     test_one},
    {METHOD_POST, "/api/webhooks/test", ACCESS_MANAGE, FAMILY_API, true,
     test_url},
};
const size_t tests_route_count = sizeof(tests_routes) / sizeof(tests_routes[0]);
