/*
 * test_idempotency.c - unit tests for fcgi/idempotency.c: keys, and answers as
 * they are kept.
 */
#include "idempotency.h"

#include "request_fixture.h"
#include "unit.h"

static void
test_keys(void)
{
    char longest[IDEMPOTENCY_KEY_MAX + 1];

    memset(longest, 'a', sizeof(longest));
    CU_ASSERT(idempotency_key_is_valid(SLICE("k")));
    CU_ASSERT(idempotency_key_is_valid(SLICE("a key ~ with !")));
    CU_ASSERT(
        idempotency_key_is_valid(slice_make(longest, IDEMPOTENCY_KEY_MAX)));
    CU_ASSERT_FALSE(
        idempotency_key_is_valid(slice_make(longest, IDEMPOTENCY_KEY_MAX + 1)));
    CU_ASSERT_FALSE(idempotency_key_is_valid(SLICE("")));
    CU_ASSERT_FALSE(idempotency_key_is_valid(SLICE("a\tb")));
    CU_ASSERT_FALSE(idempotency_key_is_valid(SLICE("\303\244")));
    CU_ASSERT_FALSE(idempotency_key_is_valid(SLICE("\x7f")));
}

/* What goes in comes out: headers, type and body, line ends in it included. */
static void
test_round_trip(void)
{
    static const struct {
        const char *claim;
        const char *headers[2];
        const char *body;
        bool problem;
    } rows[] = {
        {"a plain answer", {NULL, NULL}, "{\"id\":1}", false},
        {"headers come back",
         {"/api/webhooks/1", "W/\"1\""},
         "{\"id\":1}",
         false},
        {"a body may hold an empty line", {"x", NULL}, "a\r\n\r\nb", false},
        {"an empty body", {NULL, NULL}, "", false},
        {"the type comes back", {NULL, NULL}, "{}", true},
    };
    size_t i, h;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf packed = BUF_INIT(10000);
        struct reply first, again;

        reply_init(&first);
        reply_init(&again);
        reply_json_text(&first, 201, slice_of(rows[i].body));
        if (rows[i].problem)
            first.content_type = "application/problem+json";
        for (h = 0; h < 2 && rows[i].headers[h] != NULL; h++)
            reply_header(&first, h == 0 ? "Location" : "ETag",
                         rows[i].headers[h]);
        idempotency_pack(&first, &packed);
        CU_ASSERT(idempotency_unpack(buf_slice(&packed), 201, &again));
        CU_ASSERT_EQUAL(again.status, 201);
        CU_ASSERT_STRING_EQUAL(again.content_type, first.content_type);
        CU_ASSERT(
            fixture_same(rows[i].claim, buf_slice(&again.body), rows[i].body));
        CU_ASSERT(
            slice_equal(buf_slice(&again.headers), buf_slice(&first.headers)));
        buf_free(&packed);
        reply_free(&first);
        reply_free(&again);
    }
}

static void
test_refuses_what_was_not_packed(void)
{
    static const char *const rows[] = {
        "",
        "application/json",
        "application/json\r\n",
        "text/html\r\n\r\nbody",
        "application/json\r\nX: 1\r\nbody",
    };
    struct reply reply;
    size_t i;

    reply_init(&reply);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_FALSE(idempotency_unpack(slice_of(rows[i]), 200, &reply));
    CU_ASSERT_EQUAL(reply.status, 500);
    reply_free(&reply);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"keys", test_keys},
        {"round trip", test_round_trip},
        {"refuses what was not packed", test_refuses_what_was_not_packed},
        CU_TEST_INFO_NULL,
    };

    return unit_run("idempotency", tests);
}
