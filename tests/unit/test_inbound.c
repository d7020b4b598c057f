/*
 * test_inbound.c - unit tests for core/inbound/inbound.c
 */
#include "inbound_case.h"
#include "pattern.h"

static void
test_documented_bodies(void)
{
    static const struct {
        const char *file;
        const struct source *source;
        enum inbound_action action;
        const char *table, *record_id, *type;
        bool has_timestamp, has_data, has_metadata;
    } rows[] = {
        {"inbound_insert.json", &supabase, INBOUND_INSERT, "users", "123",
         "supabase.users.insert", true, true, true},
        {"inbound_delete.json", &supabase, INBOUND_DELETE, "users",
         "9007199254740993", "supabase.users.delete", false, false, false},
        {"inbound_notion_update.json", &notion, INBOUND_UPDATE, "database-id",
         "page-id", "notion.database-id.update", true, true, false},
        {"inbound_supabase_insert.json", &supabase, INBOUND_INSERT, "users",
         "9007199254740993", "supabase.users.insert", false, true, false},
        {"inbound_supabase_update.json", &supabase, INBOUND_UPDATE,
         "auth.users", "7", "supabase.auth.users.update", false, true, false},
        {"inbound_supabase_delete.json", &supabase, INBOUND_DELETE, "users",
         "9007199254740993", "supabase.users.delete", false, false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = golden_read(rows[i].file);
        const struct outcome *got = read_body(rows[i].source, buf_slice(&body));

        expect_problems(rows[i].file, got, "");
        CU_ASSERT_EQUAL(got->in.action, rows[i].action);
        CU_ASSERT_STRING_EQUAL(got->in.table, rows[i].table);
        CU_ASSERT_STRING_EQUAL(got->in.record_id, rows[i].record_id);
        CU_ASSERT_STRING_EQUAL(got->in.type, rows[i].type);
        CU_ASSERT_EQUAL(got->in.has_timestamp, rows[i].has_timestamp);
        CU_ASSERT_EQUAL(got->in.version_us,
                        rows[i].has_timestamp ? SENT_US : NOW_US);
        CU_ASSERT_EQUAL(got->in.data.ptr != NULL, rows[i].has_data);
        CU_ASSERT_EQUAL(got->in.metadata.ptr != NULL, rows[i].has_metadata);
        buf_free(&body);
    }
}

/* The record is a piece of the body, so every digit is where it was. */
static void
test_data_is_not_copied(void)
{
    struct buf body = golden_read("inbound_supabase_insert.json");
    const struct outcome *got = read_body(&supabase, buf_slice(&body));

    CU_ASSERT(got->in.data.ptr > body.data &&
              got->in.data.ptr + got->in.data.len < body.data + body.len);
    CU_ASSERT_EQUAL(memcmp(got->in.data.ptr, "{\"id\": 9007199254740993,", 24),
                    0);
    CU_ASSERT_EQUAL(got->in.data.ptr[got->in.data.len - 1], '}');
    buf_free(&body);
}

/* Only a body that has no event_type, from a source that may send it. */
static void
test_which_shape(void)
{
    const struct outcome *got;

    got = read_body(&supabase, SLICE("{\"type\":\"INSERT\",\"table\":\"x\","
                                     "\"record\":{\"id\":2}," INSERT
                                     "\"source\":\"supabase\"," REST "}"));
    CU_ASSERT_EQUAL(got->result, INBOUND_OK);
    CU_ASSERT_STRING_EQUAL(got->in.table, "t");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "1");
    got = read_body(&supabase, SLICE("{\"type\":\"DELETE\","
                                     "\"old_record\":{\"id\":2}}"));
    expect_problems("by old_record", got, "table: value_error.missing");
    got = read_body(&supabase, SLICE("{\"type\":\"INSERT\"," REST "}"));
    expect_problems("type alone is not enough", got,
                    "event_type: value_error.missing; "
                    "source: value_error.missing");
    got = read_body(&notion, SLICE("{\"type\":\"INSERT\",\"table\":\"x\","
                                   "\"source\":\"notion\"," REST "}"));
    expect_problems("not from notion", got, "event_type: value_error.missing");
}

static void
test_wrong_source(void)
{
    struct buf body = BUF_INIT(MAX);
    const struct outcome *got;
    unsigned i;

    got =
        read_body(&supabase, SLICE("{\"source\":\"notion\"," INSERT REST "}"));
    CU_ASSERT_EQUAL(got->result, INBOUND_WRONG_SOURCE);
    CU_ASSERT_STRING_EQUAL(got->received, "notion");
    CU_ASSERT_EQUAL(got->problems.count, 0);

    got = read_body(&notion, SLICE(OWN(INSERT REST)));
    CU_ASSERT_EQUAL(got->result, INBOUND_WRONG_SOURCE);
    CU_ASSERT_STRING_EQUAL(got->received, "supabase");

    got = read_body(&supabase, SLICE("{\"source\":\"\"," INSERT REST "}"));
    CU_ASSERT_EQUAL(got->result, INBOUND_WRONG_SOURCE);
    CU_ASSERT_STRING_EQUAL(got->received, "");

    expect_problems("a body that is wrong otherwise too",
                    read_body(&supabase, SLICE("{\"source\":\"notion\"," INSERT
                                               "\"table_name\":\"t\"}")),
                    "record_id: value_error.missing; "
                    "data: value_error.missing");

    buf_add_text(&body, "{" INSERT REST ",\"source\":\"x");
    for (i = 0; i < 40; i++)
        buf_add_text(&body, "\xc3\xa4");
    buf_add_text(&body, "\"}");
    got = read_body(&supabase, buf_slice(&body));
    CU_ASSERT_EQUAL(got->result, INBOUND_WRONG_SOURCE);
    CU_ASSERT_EQUAL(strlen(got->received), 63);
    CU_ASSERT_TRUE(json_is_utf8(slice_of(got->received)));
    buf_free(&body);
}

/* A body with a text of `len` letters in the place of %s. */
static struct outcome *
read_long(const char *before, size_t len, const char *after)
{
    struct buf body = BUF_INIT(MAX);
    struct outcome *got;
    size_t i;

    buf_add_text(&body, before);
    for (i = 0; i < len; i++)
        buf_add_char(&body, 'a');
    buf_add_text(&body, after);
    got = read_body(&supabase, buf_slice(&body));
    got->in.data = got->in.metadata = SLICE_NONE; /* they end with the body */
    buf_free(&body);
    return got;
}

static void
test_lengths(void)
{
    static const struct {
        const char *claim;
        const char *before;
        size_t max;
        const char *after, *want, *msg;
    } rows[] = {
        {"table_name", "{\"source\":\"supabase\"," INSERT "\"table_name\":\"",
         128, "\",\"record_id\":1,\"data\":{}}",
         "table_name: value_error.any_str.max_length",
         "ensure this value has at most 128 characters"},
        {"record_id, a string",
         "{\"source\":\"supabase\"," INSERT
         "\"table_name\":\"t\",\"data\":{},\"record_id\":\"",
         255, "\"}", "record_id: value_error.any_str.max_length",
         "ensure this value has at most 255 characters"},
        {"table", "{\"type\":\"INSERT\",\"record\":{\"id\":1},\"table\":\"",
         128, "\"}", "table: value_error.any_str.max_length",
         "ensure this value has at most 128 characters"},
        {"table with its schema",
         "{\"type\":\"INSERT\",\"record\":{\"id\":1},\"schema\":\"auth\","
         "\"table\":\"",
         123, "\"}", "table: value_error.any_str.max_length",
         "ensure this value has at most 123 characters"},
        {"schema",
         "{\"type\":\"INSERT\",\"record\":{\"id\":1},\"table\":\"t\","
         "\"schema\":\"",
         126, "\"}", "schema: value_error.any_str.max_length",
         "ensure this value has at most 126 characters"},
        {"the key of a record",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":\"", 255,
         "\"}}", "record.id: value_error.any_str.max_length",
         "ensure this value has at most 255 characters"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outcome *got;

        expect_problems(rows[i].claim,
                        read_long(rows[i].before, rows[i].max, rows[i].after),
                        "");
        got = read_long(rows[i].before, rows[i].max + 1, rows[i].after);
        expect_problems(rows[i].claim, got, rows[i].want);
        CU_ASSERT_STRING_EQUAL(got->problems.list[0].msg, rows[i].msg);
    }
}

/* A number keeps its digits, however many and however written. */
static void
test_record_ids(void)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"\"abc-123\"", "abc-123"},
        {"42", "42"},
        {"-1", "-1"},
        {"1.50", "1.50"},
        {"1e400", "1e400"},
        {"9007199254740993", "9007199254740993"},
        {"1000000000000000000000", "1000000000000000000000"},
        {"\"Zo\xc3\xab\"", "Zo\xc3\xab"},
        {"\"a\\\"b\\\\\\u00e9\\ud83d\\ude00\"",
         "a\"b\\\xc3\xa9\xf0\x9f\x98\x80"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf own = BUF_INIT(MAX), row = BUF_INIT(MAX);

        buf_addf(&own,
                 OWN(INSERT "\"table_name\":\"t\",\"data\":{},"
                            "\"record_id\":%s"),
                 rows[i].json);
        buf_addf(&row,
                 "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":%s}}",
                 rows[i].json);
        CU_ASSERT_STRING_EQUAL(
            read_body(&supabase, buf_slice(&own))->in.record_id, rows[i].want);
        CU_ASSERT_STRING_EQUAL(
            read_body(&supabase, buf_slice(&row))->in.record_id, rows[i].want);
        buf_free(&own);
        buf_free(&row);
    }
}

/* Whatever a table is called, the event has a type that can be subscribed. */
static void
test_types(void)
{
    static const struct {
        const char *table, *want;
    } rows[] = {
        {"users", "supabase.users.insert"},
        {"my table", "supabase.my_table.insert"},
        {"a.b", "supabase.a.b.insert"},
        {"a..b.", "supabase.a._.b._.insert"},
        {"*", "supabase._.insert"},
        {"t\\n\\u0085x", "supabase.t__x.insert"},
        {"\xc3\xbc", "supabase.\xc3\xbc.insert"},
    };
    struct buf body = BUF_INIT(MAX);
    const struct outcome *got;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buf_clear(&body);
        buf_addf(&body,
                 OWN(INSERT "\"record_id\":1,\"data\":{},"
                            "\"table_name\":\"%s\""),
                 rows[i].table);
        got = read_body(&supabase, buf_slice(&body));
        expect_problems(rows[i].table, got, "");
        CU_ASSERT_STRING_EQUAL(got->in.type, rows[i].want);
        CU_ASSERT_TRUE(pattern_is_type(slice_of(got->in.type)));
    }

    /* 128 dots make 129 parts of one '_' each. */
    buf_clear(&body);
    buf_add_text(&body, "{\"source\":\"supabase\"," INSERT
                        "\"record_id\":1,\"data\":{},\"table_name\":\"");
    for (i = 0; i < 128; i++)
        buf_add_char(&body, '.');
    buf_add_text(&body, "\"}");
    expect_problems("a type that would be too long",
                    read_body(&supabase, buf_slice(&body)),
                    "table_name: value_error.any_str.max_length");
    buf_free(&body);
}

static void
test_failure_leaves_no_trace(void)
{
    const struct inbound_request wrong = {.body = SLICE(OWN(INSERT)),
                                          .now_us = NOW_US};
    const struct inbound_request right = {.body = SLICE(OWN(INSERT REST)),
                                          .now_us = NOW_US};
    struct inbound in;
    struct problems problems = {.count = 0};
    char received[65] = "untouched";

    memset(&in, 0x5a, sizeof(in));
    CU_ASSERT_EQUAL(inbound_read(&supabase, &wrong, &in, &problems, received),
                    INBOUND_INVALID);
    inbound_free(&in);
    inbound_free(&in);
    CU_ASSERT_STRING_EQUAL(received, "untouched");
    problems.count = 0;
    problem_missing(&problems, "earlier", NULL);
    CU_ASSERT_EQUAL(inbound_read(&supabase, &right, &in, &problems, received),
                    INBOUND_OK);
    CU_ASSERT_EQUAL(problems.count, 1);
    inbound_free(&in);
}

static void
test_content_types(void)
{
    static char hmac[] = "hmac", github[] = "github";
    static const struct {
        const char *provider, *type, *body;
        enum inbound_result want;
    } rows[] = {
        {hmac, NULL, "{}", INBOUND_OK},
        {hmac, "application/json", "{}", INBOUND_OK},
        {hmac, "Application/JSON; charset=utf-8", "{}", INBOUND_OK},
        {hmac, "application/cloudevents+json", "[]", INBOUND_OK},
        {hmac, "application/x-www-form-urlencoded", "a=b", INBOUND_OK},
        {github, "application/x-www-form-urlencoded; charset=utf-8",
         "payload=%7B%7D", INBOUND_INVALID}, /* no X-GitHub-Event */
        {supabase_name, "application/x-www-form-urlencoded", "a=b",
         INBOUND_WRONG_TYPE},
        {hmac, "", "{}", INBOUND_WRONG_TYPE},
        {hmac, "text/plain", "{}", INBOUND_WRONG_TYPE},
        {hmac, "application/xml", "<a/>", INBOUND_WRONG_TYPE},
        {hmac, "+json", "{}", INBOUND_WRONG_TYPE},
        {hmac, "multipart/form-data; boundary=x", "--x--", INBOUND_WRONG_TYPE},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct inbound_request request = {
            .body = slice_of(rows[i].body),
            .content_type = slice_of(rows[i].type),
            .now_us = NOW_US,
        };
        char provider[32];
        struct source source = {.name = hmac, .provider = provider};
        enum inbound_result got;

        snprintf(provider, sizeof(provider), "%s", rows[i].provider);
        got = read_request(&source, &request)->result;
        if (got != rows[i].want)
            fprintf(stderr, "\n%s %s: got %d\n", rows[i].provider, rows[i].type,
                    got);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_action_names(void)
{
    static const char *const names[] = {"insert", "update", "delete", "other"};
    enum inbound_action action, got = INBOUND_UPDATE;

    for (action = INBOUND_INSERT; action <= INBOUND_OTHER; action++) {
        CU_ASSERT_STRING_EQUAL(inbound_action_name(action), names[action]);
        CU_ASSERT_TRUE(inbound_action_from_name(slice_of(names[action]), &got));
        CU_ASSERT_EQUAL(got, action);
    }
    got = INBOUND_UPDATE;
    CU_ASSERT_FALSE(inbound_action_from_name(SLICE("inserted"), &got));
    CU_ASSERT_FALSE(inbound_action_from_name(SLICE(""), &got));
    CU_ASSERT_FALSE(inbound_action_from_name(SLICE_NONE, &got));
    CU_ASSERT_EQUAL(got, INBOUND_UPDATE);
    CU_ASSERT_TRUE(inbound_action_from_name(SLICE("DELETE"), &got));
    CU_ASSERT_EQUAL(got, INBOUND_DELETE);
}

static void
test_metadata(void)
{
    struct buf body = golden_read("inbound_insert.json");
    struct buf out = BUF_INIT(MAX);
    const struct outcome *got;

    inbound_metadata(&supabase, &read_body(&supabase, buf_slice(&body))->in,
                     &out);
    golden_compare("inbound_metadata.json", buf_slice(&out));
    buf_free(&body);

    buf_clear(&out);
    got =
        read_body(&supabase, SLICE("{\"type\":\"DELETE\",\"table\":\"a\\\"b\","
                                   "\"old_record\":{\"id\":1.0}}"));
    inbound_metadata(&supabase, &got->in, &out);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"source\":\"supabase\",\"table\":\"a\\\"b\","
                           "\"record_id\":\"1.0\",\"action\":\"delete\","
                           "\"timestamp\":\"2026-01-01T15:00:01.234567Z\"}");
    buf_free(&out);
}

static void
test_long_source_name(void)
{
    static char name[INBOUND_SOURCE_MAX + 2];
    const struct source source = {.name = name, .provider = name};
    struct buf body = BUF_INIT(MAX);
    struct outcome *outcome;

    memset(name, 's', INBOUND_SOURCE_MAX + 1);
    buf_addf(&body, "{\"source\":\"%s\"," INSERT REST "}", name);
    outcome = read_body(&source, buf_slice(&body));
    expect_problems("a name that no source can have", outcome,
                    "source: value_error.any_str.max_length");
    CU_ASSERT_STRING_EQUAL(outcome->problems.list[0].msg,
                           "ensure this value has at most 64 characters");
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"documented bodies", test_documented_bodies},
        {"data is not copied", test_data_is_not_copied},
        {"which shape", test_which_shape},
        {"wrong source", test_wrong_source},
        {"lengths", test_lengths},
        {"record ids", test_record_ids},
        {"types", test_types},
        {"failure leaves no trace", test_failure_leaves_no_trace},
        {"content types", test_content_types},
        {"action names", test_action_names},
        {"metadata", test_metadata},
        {"long source name", test_long_source_name},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound", tests);
}
