/*
 * test_receive.c - unit tests for the parts of the receivers that need no
 * database: content types, what is signed for X, and the bodies they answer
 * with.
 */
#include "golden.h"
#include "receive.h"

#include "receive_answer.h"
#include "receive_challenge.h"
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
        bool got = inbound_is_json(slice_of(rows[i].type));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, want %d\n", rows[i].type, got,
                    rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_crc_tokens(void)
{
    static char longest[257];
    static const struct {
        const char *claim, *token;
        bool want;
    } rows[] = {
        {"what X sends", "MTVjYzFmZjItYzQ4Zi00NzhmLWFmZjItNzA5", true},
        {"the letters of base64", "aZ09+/-_.", true},
        {"padding", "Y2hhbGxlbmdlcw==", true},
        {"padding alone", "==", false},
        {"nothing", "", false},
        {"a body that is an object", "{\"a\":1}", false},
        {"a body that is a list", "[1]", false},
        {"a body that is a string", "\"a\"", false},
        {"a form of one field", "a=1", false},
        {"a form of two fields", "a=1&b=2", false},
        {"white space", "a b", false},
        {"bytes beyond ASCII", "\xc3\xa4", false},
        {"257 bytes", longest, false},
    };
    size_t i;

    memset(longest, 'a', sizeof(longest));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice token = rows[i].token == longest
                                 ? slice_make(longest, sizeof(longest))
                                 : slice_of(rows[i].token);
        bool got = receive_is_crc_token(token);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static char supabase[] = "supabase", notion[] = "notion";
static const struct new_event new_event, repeat = {.id = 1, .duplicate = true};

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
    receive_answer_accepted(&reply, &from_supabase, &in, &new_event);
    assert_answer(
        "202 of supabase names the table", &reply, 202,
        "{\"status\":\"accepted\",\"message\":\"Webhook payload received and "
        "queued for processing\",\"details\":{\"event_type\":\"insert\","
        "\"source\":\"supabase\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"table_name\":\"users\","
        "\"timestamp\":\"2026-01-01T15:00:00Z\"}}");

    receive_answer_accepted(&reply, &from_notion, &in, &new_event);
    assert_answer(
        "202 of notion names the database", &reply, 202,
        "{\"status\":\"accepted\",\"message\":\"Webhook payload received and "
        "queued for processing\",\"details\":{\"event_type\":\"insert\","
        "\"source\":\"notion\",\"record_id\":"
        "\"123e4567-e89b-12d3-a456-426614174000\",\"database_id\":\"users\","
        "\"timestamp\":\"2026-01-01T15:00:00Z\"}}");

    receive_answer_accepted(&reply, &from_supabase, &in, &repeat);
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
test_answers_of_its_own(void)
{
    static char supabase_auth[] = "supabase_auth", twilio[] = "twilio",
                slack[] = "slack", nobody[] = "nobody",
                body[] = "{\"ok\":true}";
    static const struct {
        const char *claim;
        char *provider;
        uint32_t answer_status;
        char *answer_body;
        int accepted, repeated, ignored; /* status */
        const char *body;                /* of all three; NULL: the usual */
    } rows[] = {
        {"the usual", supabase, 0, NULL, 202, 200, 200, NULL},
        {"a provider that wants 200", slack, 0, NULL, 200, 200, 200, NULL},
        {"one that reads the answer", supabase_auth, 0, NULL, 200, 200, 200,
         "{}"},
        {"one that wants no body", twilio, 0, NULL, 204, 204, 204, ""},
        {"a status of the source's own", supabase, 201, NULL, 201, 200, 200,
         NULL},
        {"a body of its own", supabase, 0, body, 202, 202, 202, body},
        {"both", twilio, 200, body, 200, 200, 200, body},
        {"none at all", supabase, 204, NULL, 204, 204, 204, ""},
        {"an unknown provider", nobody, 0, NULL, 202, 200, 200, NULL},
    };
    struct inbound in = example();
    struct reply reply;
    size_t i, n;

    reply_init(&reply);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct source source = {
            .name = supabase,
            .provider = rows[i].provider,
            .options = {.answer_status = rows[i].answer_status,
                        .answer_body = rows[i].answer_body},
        };

        for (n = 0; n < 3; n++) {
            reply_clear(&reply);
            if (n < 2)
                receive_answer_accepted(&reply, &source, &in,
                                        n == 0 ? &new_event : &repeat);
            else
                receive_answer_ignored(&reply, &source, "table not watched");
            if (reply.status != (n == 0   ? rows[i].accepted
                                 : n == 1 ? rows[i].repeated
                                          : rows[i].ignored))
                fprintf(stderr, "\n%s: %d\n", rows[i].claim, reply.status);
            CU_ASSERT_EQUAL(reply.status, n == 0   ? rows[i].accepted
                                          : n == 1 ? rows[i].repeated
                                                   : rows[i].ignored);
            if (rows[i].body != NULL)
                CU_ASSERT(fixture_same(rows[i].claim, buf_slice(&reply.body),
                                       rows[i].body));
        }
    }
    reply_free(&reply);
}

static void
test_other_answers(void)
{
    const struct source source = {.name = supabase, .provider = supabase};
    const struct provider *github = provider_named("github");
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    receive_answer_ignored(&reply, &source, "table not watched");
    assert_answer("what nobody watches", &reply, 200,
                  "{\"status\":\"ignored\",\"reason\":\"table not "
                  "watched\"}");
    receive_answer_wrong_type(&reply, provider_named("supabase"));
    assert_answer("415 of a source that sends JSON", &reply, 415,
                  "{\"error\":\"unsupported_media_type\",\"message\":\"The "
                  "request body must be application/json\"}");
    receive_answer_wrong_type(&reply, github);
    assert_answer("415 of one that sends forms as well", &reply, 415,
                  "{\"error\":\"unsupported_media_type\",\"message\":\"The "
                  "request body must be application/json or "
                  "application/x-www-form-urlencoded\"}");
    receive_answer_text(&reply, SLICE("a challenge"));
    assert_answer("plain text", &reply, 200, "a challenge");
    CU_ASSERT_STRING_EQUAL(reply.content_type, "text/plain");
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
        {"what is signed for whoever asks", test_crc_tokens},
        {"answers", test_answers},
        {"answers of its own", test_answers_of_its_own},
        {"other answers", test_other_answers},
        {"valid answer", test_valid_answer},
        CU_TEST_INFO_NULL,
    };

    return unit_run("receive", tests);
}
