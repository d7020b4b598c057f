/*
 * test_receive.c - unit tests for the parts of the receivers that need no
 * database: content types, secrets, and the bodies they answer with.
 */
#include "golden.h"
#include "receive.h"

#include "receive_answer.h"
#include "receive_signature.h"
#include "request_fixture.h"
#include "unit.h"

#include <unistd.h>

static void
test_content_types(void)
{
    static const struct {
        const char *type; /* NULL: no such header */
        bool want;
    } rows[] = {
        {NULL, true},
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json; charset=utf-8", true},
        {" application/json ;charset=utf-8", true},
        {"application/cloudevents+json", true},
        {"application/vnd.api+JSON; x=y", true},
        {"text/plain", false},
        {"application/jsonp", false},
        {"application/x-www-form-urlencoded", false},
        {"+json", false},
        {"json", false},
        {"text/plain; application/json", false},
        {";", false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got = receive_accepts_type(slice_of(rows[i].type));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, want %d\n", rows[i].type, got,
                    rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static char supabase[] = "supabase", notion[] = "notion";

static void
test_secrets(void)
{
    static char newest[] = "newest", older[] = "older";
    static char *own[] = {newest, older};
    static const struct {
        const char *claim;
        const char *provider;
        size_t own;
        const char *webhook_secret, *supabase_key;
        const char *want[2];
        bool borrowed;
    } rows[] = {
        {"its own come alone, newest first",
         supabase,
         2,
         "shared",
         "key",
         {"newest", "older"},
         false},
        {"WEBHOOK_SECRET where it has none",
         supabase,
         0,
         "shared",
         "key",
         {"shared", NULL},
         false},
        {"SUPABASE_KEY last", supabase, 0, "", "key", {"key", NULL}, true},
        {"SUPABASE_KEY is not for others",
         notion,
         0,
         "",
         "key",
         {NULL, NULL},
         false},
        {"nothing is nothing", supabase, 0, "", "", {NULL, NULL}, false},
    };
    size_t i, s;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct settings settings = {
            .webhook_secret = rows[i].webhook_secret,
            .supabase_key = rows[i].supabase_key,
        };
        struct source source = {.secrets = own, .secret_count = rows[i].own};
        struct slice got[RECEIVE_SECRETS_MAX];
        bool borrowed = !rows[i].borrowed;
        size_t count;

        source.provider =
            strcmp(rows[i].provider, notion) == 0 ? notion : supabase;
        count = receive_secrets(&settings, &source, got, &borrowed);
        CU_ASSERT_EQUAL(borrowed, rows[i].borrowed);
        for (s = 0; s < 2 && rows[i].want[s] != NULL; s++) {
            CU_ASSERT_FATAL(s < count);
            CU_ASSERT(fixture_same(rows[i].claim, got[s], rows[i].want[s]));
        }
        CU_ASSERT_EQUAL(count, s);
    }
}

/* The event of the documented example. */
static struct inbound
example(void)
{
    struct inbound in = {
        .action = INBOUND_INSERT,
        .table = "users",
        .record_id = "123e4567-e89b-12d3-a456-426614174000",
        .version_us = INT64_C(1767279600000000),
        .data = SLICE("{\"id\": 1, \"n\": 1.10}"),
    };

    return in;
}

static void
assert_answer(const char *claim, struct reply *reply, int status,
              const char *body)
{
    CU_ASSERT_EQUAL(reply->status, status);
    CU_ASSERT(fixture_same(claim, buf_slice(&reply->body), body));
}

static void
test_answers(void)
{
    const struct source from_supabase = {.name = supabase,
                                         .provider = supabase};
    const struct source from_notion = {.name = notion, .provider = notion};
    struct inbound in = example();
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    receive_answer_accepted(&reply, &from_supabase, &in);
    assert_answer(
        "202 of supabase names the table", &reply, 202,
        "{\"status\":\"accepted\",\"message\":\"Webhook payload received and "
        "queued for processing\",\"details\":{\"event_type\":\"insert\","
        "\"source\":\"supabase\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"table_name\":\"users\","
        "\"timestamp\":\"2026-01-01T15:00:00Z\"}}");

    receive_answer_accepted(&reply, &from_notion, &in);
    assert_answer(
        "202 of notion names the database", &reply, 202,
        "{\"status\":\"accepted\",\"message\":\"Webhook payload received and "
        "queued for processing\",\"details\":{\"event_type\":\"insert\","
        "\"source\":\"notion\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"database_id\":\"users\","
        "\"timestamp\":\"2026-01-01T15:00:00Z\"}}");

    receive_answer_duplicate(&reply, &from_supabase, &in, 1);
    CU_ASSERT_EQUAL(reply.status, 200);
    golden_compare("receive_duplicate.json", buf_slice(&reply.body));

    receive_answer_wrong_source(&reply, &from_supabase, "notion");
    assert_answer("400 of supabase", &reply, 400,
                  "{\"error\":\"invalid_source\",\"message\":\"Invalid source "
                  "type for Supabase webhook\",\"expected\":\"supabase\","
                  "\"received\":\"notion\"}");

    receive_answer_wrong_source(&reply, &from_notion, "a \"b\"");
    assert_answer("400 of notion, with a name from outside", &reply, 400,
                  "{\"error\":\"invalid_source\",\"message\":\"Invalid source "
                  "type for Notion webhook\",\"expected\":\"notion\","
                  "\"received\":\"a \\\"b\\\"\"}");
    reply_free(&reply);
}

static void
test_valid_answer(void)
{
    const struct source source = {.name = supabase, .provider = supabase};
    struct inbound in = example();
    struct reply reply;

    reply_init(&reply);
    receive_answer_valid(&reply, &source, &in, true);
    assert_answer(
        "what was understood is shown, numbers as they were", &reply, 200,
        "{\"status\":\"valid\",\"message\":\"Webhook payload is valid\","
        "\"parsed_payload\":{\"event_type\":\"insert\",\"source\":"
        "\"supabase\",\"table_name\":\"users\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"data\":{\"id\":1,"
        "\"n\":1.10},\"timestamp\":\"2026-01-01T15:00:00Z\",\"metadata\":{}},"
        "\"would_be_processed\":true}");

    in.action = INBOUND_DELETE;
    in.data = SLICE_NONE;
    in.metadata = SLICE("{\"a\": [1, 2]}");
    receive_answer_valid(&reply, &source, &in, false);
    assert_answer(
        "a delete has no data", &reply, 200,
        "{\"status\":\"valid\",\"message\":\"Webhook payload is valid\","
        "\"parsed_payload\":{\"event_type\":\"delete\",\"source\":"
        "\"supabase\",\"table_name\":\"users\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"data\":null,"
        "\"timestamp\":\"2026-01-01T15:00:00Z\",\"metadata\":{\"a\":[1,2]}},"
        "\"would_be_processed\":false}");
    reply_free(&reply);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"content types", test_content_types},
        {"secrets", test_secrets},
        {"answers", test_answers},
        {"valid answer", test_valid_answer},
        CU_TEST_INFO_NULL,
    };

    return unit_run("receive", tests);
}
