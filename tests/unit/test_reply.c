/*
 * test_reply.c - unit tests for fcgi/reply.c
 */
#include "reply.h"

#include "request_fixture.h"
#include "unit.h"

static void
assert_body(const char *claim, const struct reply *reply, const char *want)
{
    CU_ASSERT(fixture_same(claim, buf_slice(&reply->body), want));
}

static bool
has_header(const struct reply *reply, const char *line)
{
    return reply->headers.data != NULL &&
           strstr(reply->headers.data, line) != NULL;
}

static void
test_error_families(void)
{
    static const struct {
        const char *claim;
        enum family family;
        int status;
        const char *code;
        const char *want;
        const char *header; /* that must be there, or NULL */
    } rows[] = {
        {"API errors are a detail", FAMILY_API, 404, "not_found",
         "{\"detail\":\"a \\\"b\\\"\"}", NULL},
        {"receivers say the word and a sentence", FAMILY_RECEIVE, 413,
         "payload_too_large",
         "{\"error\":\"payload_too_large\",\"message\":\"a \\\"b\\\"\"}", NULL},
        {"503 says when to come again", FAMILY_RECEIVE, 503, "unavailable",
         "{\"error\":\"unavailable\",\"message\":\"a \\\"b\\\"\"}",
         "Retry-After: "},
        {"so does 429", FAMILY_API, 429, "too_many",
         "{\"detail\":\"a \\\"b\\\"\"}", "Retry-After: "},
        {"401 of the API names the scheme", FAMILY_API, 401, "invalid_token",
         "{\"detail\":\"a \\\"b\\\"\"}",
         "WWW-Authenticate: Bearer realm=\"postern\"\r\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply;

        reply_init(&reply);
        reply.family = rows[i].family;
        reply_error(&reply, rows[i].status, rows[i].code, "a %s", "\"b\"");
        CU_ASSERT_EQUAL(reply.status, rows[i].status);
        CU_ASSERT_STRING_EQUAL(reply.content_type, "application/json");
        assert_body(rows[i].claim, &reply, rows[i].want);
        if (rows[i].header != NULL)
            CU_ASSERT(has_header(&reply, rows[i].header));
        reply_free(&reply);
    }
}

/* The 401 of a receiver is about a signature, not about a token. */
static void
test_signature_refusal_names_no_scheme(void)
{
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    reply_error(&reply, 401, "invalid_signature", "no");
    CU_ASSERT_FALSE(has_header(&reply, "WWW-Authenticate"));
    reply_free(&reply);
}

static void
test_members_follow(void)
{
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    reply_error_members(&reply, 400, "invalid_source",
                        SLICE(",\"expected\":\"a\",\"received\":\"b\""),
                        "Invalid source type");
    assert_body("more members stand at the end", &reply,
                "{\"error\":\"invalid_source\",\"message\":\"Invalid source "
                "type\",\"expected\":\"a\",\"received\":\"b\"}");
    reply_free(&reply);
}

static void
test_problem_json(void)
{
    struct fixture f = {.params = {"REQUEST_METHOD=POST",
                                   "REQUEST_URI=/api/webhooks?secret=1"}};
    struct problems problems = {.count = 0};
    struct reply reply;

    fixture_read(&f, "");
    snprintf(f.request.id, sizeof(f.request.id), "req_x");
    reply_init(&reply);
    reply.problem_json = true;
    reply.request = &f.request;
    reply_error(&reply, 409, "in_use", "It is in use");
    CU_ASSERT_STRING_EQUAL(reply.content_type, "application/problem+json");
    assert_body("RFC 9457 replaces every family", &reply,
                "{\"type\":\"about:blank\",\"title\":\"Conflict\","
                "\"status\":409,\"detail\":\"It is in use\","
                "\"code\":\"in_use\",\"instance\":\"/api/webhooks\","
                "\"request_id\":\"req_x\"}");

    problem_missing(&problems, "a/b~c", "d e");
    reply_problems(&reply, &problems);
    assert_body("a 422 lists its problems, each with a pointer", &reply,
                "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
                "\"status\":422,\"detail\":\"The request body is not valid\","
                "\"code\":\"validation_error\",\"instance\":\"/api/webhooks\","
                "\"request_id\":\"req_x\",\"errors\":[{\"loc\":[\"body\","
                "\"a/b~c\",\"d e\"],\"msg\":\"field required\",\"type\":"
                "\"value_error.missing\",\"pointer\":\"#/a~1b~0c/d%20e\"}]}");

    problems.count = 0;
    problem_json(&problems, &(struct json_error){.offset = 7,
                                                 .line = 1,
                                                 .column = 8,
                                                 .reason = "Expecting value"});
    reply_problems(&reply, &problems);
    CU_ASSERT_PTR_NOT_NULL(strstr(reply.body.data, "\"pointer\":\"#\"}]}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(reply.body.data, "\"loc\":[\"body\",7]"));
    reply_free(&reply);
    request_free(&f.request);
}

static void
test_problems_of_the_api(void)
{
    struct problems problems = {.count = 0};
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    problem_missing(&problems, "record_id", NULL);
    reply_problems(&reply, &problems);
    CU_ASSERT_EQUAL(reply.status, 422);
    assert_body(
        "422 has one shape in all families", &reply,
        "{\"detail\":[{\"loc\":[\"body\",\"record_id\"],\"msg\":\"field "
        "required\",\"type\":\"value_error.missing\"}]}");
    reply_free(&reply);
}

/* A value from outside cannot add a header or end them. */
static void
test_header_injection(void)
{
    struct reply reply;

    reply_init(&reply);
    reply_header(&reply, "X-A", "1\r\nX-Evil: 2");
    reply_header(&reply, "X-B", "2\nX-Evil: 2");
    reply_header(&reply, "X-C", "3");
    CU_ASSERT(fixture_same("only the clean one is there",
                           buf_slice(&reply.headers), "X-C: 3\r\n"));
    reply_free(&reply);
}

static void
test_print(void)
{
    static const struct {
        const char *claim;
        int status; /* 204: reply_empty() */
        enum method method;
        const char *want;
    } rows[] = {
        {"status line, type, length, headers, body", 200, METHOD_GET,
         "Status: 200 OK\r\nContent-Type: application/json\r\n"
         "Content-Length: 7\r\nX-A: 1\r\n\r\n{\"a\":1}"},
        {"HEAD gets all but the body", 200, METHOD_HEAD,
         "Status: 200 OK\r\nContent-Type: application/json\r\n"
         "Content-Length: 7\r\nX-A: 1\r\n\r\n"},
        {"204 has no body and says nothing about one", 204, METHOD_DELETE,
         "Status: 204 No Content\r\nX-A: 1\r\n\r\n"},
        {"so has 304", 304, METHOD_GET,
         "Status: 304 Not Modified\r\nX-A: 1\r\n\r\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(1000);
        struct reply reply;

        reply_init(&reply);
        if (rows[i].status == 200)
            reply_json_text(&reply, 200, SLICE("{\"a\":1}"));
        else
            reply_empty(&reply, rows[i].status);
        reply_header(&reply, "X-A", "1");
        reply_print(&reply, rows[i].method, &out);
        CU_ASSERT(fixture_same(rows[i].claim, buf_slice(&out), rows[i].want));
        buf_free(&out);
        reply_free(&reply);
    }
}

static void
test_clear(void)
{
    struct reply reply;

    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    reply.problem_json = true;
    reply_error(&reply, 503, "unavailable", "x");
    reply_clear(&reply);
    CU_ASSERT_EQUAL(reply.status, 500);
    CU_ASSERT_EQUAL(reply.family, FAMILY_API);
    CU_ASSERT_FALSE(reply.problem_json);
    CU_ASSERT_PTR_NULL(reply.code);
    CU_ASSERT_EQUAL(reply.headers.len, 0);
    CU_ASSERT_EQUAL(reply.body.len, 0);
    reply_free(&reply);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"error families", test_error_families},
        {"a signature refusal names no scheme",
         test_signature_refusal_names_no_scheme},
        {"members follow", test_members_follow},
        {"problem+json", test_problem_json},
        {"problems of the API", test_problems_of_the_api},
        {"header injection", test_header_injection},
        {"print", test_print},
        {"clear", test_clear},
        CU_TEST_INFO_NULL,
    };

    return unit_run("reply", tests);
}
