/*
 * test_fetch.c - unit tests for worker/process/fetch*.c: what a source is asked,
 * and what its answers mean.
 */
#include "fetch.h"
#include "unit.h"

#include "source_defaults.h"

#include <string.h>

#define EVENT_ID UINT64_C(250248137430433792)

static char key[] = "eyJ.old.kind";
static char new_key[] = "sb_secret_new";
static char supabase_name[] = "supabase", notion_name[] = "notion";
static char supabase_url[] = "https://x.supabase.co/";
static char notion_url[] = "https://api.notion.com";
static struct settings settings;

static struct source
source_of(bool notion)
{
    struct source source = {
        .id = 3,
        .application_id = 1,
        .name = notion ? notion_name : supabase_name,
        .provider = notion ? notion_name : supabase_name,
        .api_key = key,
        .max_attempts = 3,
    };

    source.options.fetch = true;
    source.options.mirror = true;
    source.options.api_url = notion ? notion_url : supabase_url;
    return source;
}

static const char *
header(const struct request *request, const char *start)
{
    const struct curl_slist *line;

    for (line = request->headers; line != NULL; line = line->next) {
        if (strncmp(line->data, start, strlen(start)) == 0)
            return line->data + strlen(start);
    }
    return "";
}

/* Builds the question about an event with that body and metadata. */
static enum obstacle
build(const struct source *source, const char *body, const char *metadata,
      struct request *request)
{
    struct event event = {
        .id = EVENT_ID,
        .application_id = 1,
        .source_id = 3,
        .type = SLICE("supabase.users.insert"),
        .payload = slice_of(body),
        .metadata = slice_of(metadata),
    };
    struct task task = {.event = &event, .job = {.kind = JOB_PROCESS}};

    request_init(request);
    return fetch_build(source, &settings, NULL, &task, request);
}

#define SUPABASE(table, id)                                                    \
    "{\"source\":\"supabase\",\"table\":\"" table "\",\"record_id\":\"" id     \
    "\",\"action\":\"insert\",\"timestamp\":\"2026-01-01T00:00:00Z\"}"
#define NOTION(entity, id)                                                     \
    "{\"source\":\"notion\",\"table\":\"t\",\"record_id\":\"" id               \
    "\",\"action\":\"update\",\"timestamp\":\"2026-01-01T00:00:00Z\","         \
    "\"entity\":\"" entity "\"}"
#define BODY                                                                   \
    "{\"event_type\":\"insert\",\"source\":\"supabase\",\"table_name\":\"t\"," \
    "\"record_id\":\"1\",\"data\":{}}"

static void
test_postgrest(void)
{
    static char keys[] = "{\"lines\":[\"order\",\"line no\"],\"u\":[\"key\"],"
                         "\"dots\":[\"a.b\"]}";
    static const struct {
        const char *claim;
        const char *metadata;
        const char *url; /* behind the API's */
        const char *profile;
    } rows[] = {
        {"one key column, which is id unless it is said otherwise",
         SUPABASE("users", "42"), "/rest/v1/users?id=eq.42&select=*", ""},
        {"another one", SUPABASE("u", "42"), "/rest/v1/u?key=eq.42&select=*",
         ""},
        {"values are encoded", SUPABASE("users", "a b&c=d/\303\251,(1)"),
         "/rest/v1/users?id=eq.a%20b%26c%3Dd%2F%C3%A9%2C%281%29&select=*", ""},
        {"several key columns; a word of PostgREST's own stands in quotes",
         SUPABASE("lines", "order=7,line no=1"),
         "/rest/v1/lines?%22order%22=eq.7&line%20no=eq.1&select=*", ""},
        {"commas that belong to a value",
         SUPABASE("lines", "order=a\\\\,b,line no=\\\\\\\\"),
         "/rest/v1/lines?%22order%22=eq.a%2Cb&line%20no=eq.%5C&select=*", ""},
        {"a column with a dot", SUPABASE("dots", "1"),
         "/rest/v1/dots?%22a.b%22=eq.1&select=*", ""},
        {"another schema", SUPABASE("auth.users", "1"),
         "/rest/v1/users?id=eq.1&select=*", "auth"},
    };
    struct source source = source_of(false);
    size_t i;

    source.key_columns = slice_of(keys);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;
        char want[512];

        (void)snprintf(want, sizeof(want), "https://x.supabase.co%s",
                       rows[i].url);
        CU_ASSERT_EQUAL(build(&source, BODY, rows[i].metadata, &request),
                        OBSTACLE_NONE);
        if (strcmp(buf_slice(&request.url).ptr, want) != 0)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim,
                    buf_slice(&request.url).ptr, want);
        CU_ASSERT_STRING_EQUAL(buf_slice(&request.url).ptr, want);
        CU_ASSERT_STRING_EQUAL(header(&request, "Accept-Profile: "),
                               rows[i].profile);
        CU_ASSERT_STRING_EQUAL(header(&request, "apikey: "), key);
        CU_ASSERT_STRING_EQUAL(header(&request, "Authorization: Bearer "), key);
        CU_ASSERT_TRUE(request.get);
        request_free(&request);
    }
}

static void
test_tables_that_cannot_be_named(void)
{
    static const char *const rows[] = {
        SUPABASE("..", "1"),     SUPABASE("public...", "1"),
        SUPABASE("rpc/f", "1"),  SUPABASE("public.", "1"),
        SUPABASE("a\\\\b", "1"),
    };
    struct source source = source_of(false);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;

        CU_ASSERT_EQUAL(build(&source, BODY, rows[i], &request),
                        OBSTACLE_NO_QUESTION);
        CU_ASSERT_EQUAL(request.url.len, 0);
        request_free(&request);
    }
}

static void
test_new_keys_are_no_tokens(void)
{
    struct source source = source_of(false);
    struct request request;

    source.api_key = new_key;
    CU_ASSERT_EQUAL(build(&source, BODY, SUPABASE("t", "1"), &request),
                    OBSTACLE_NONE);
    CU_ASSERT_STRING_EQUAL(header(&request, "apikey: "), new_key);
    CU_ASSERT_STRING_EQUAL(header(&request, "Authorization"), "");
    request_free(&request);
}

static void
test_notion(void)
{
    static const struct {
        const char *claim;
        const char *body;
        const char *metadata;
        const char *url; /* "" = nothing is asked */
        const char *version;
    } rows[] = {
        {"a page, by the version of its event",
         "{\"api_version\":\"2026-03-11\"}", NOTION("page", "abc"),
         "/v1/pages/abc", "2026-03-11"},
        {"a page of a body that does not say", "{}", NOTION("page", "abc"),
         "/v1/pages/abc", "2022-06-28"},
        {"a database", "{}", NOTION("database", "abc"), "/v1/databases/abc",
         "2022-06-28"},
        {"a data source needs a version that knows them",
         "{\"api_version\":\"2022-06-28\"}", NOTION("data_source", "abc"),
         "/v1/data_sources/abc", "2025-09-03"},
        {"a block", "{}", NOTION("block", "abc"), "/v1/blocks/abc",
         "2022-06-28"},
        {"a comment", "{}", NOTION("comment", "abc"), "/v1/comments/abc",
         "2022-06-28"},
        {"something that cannot be asked for", "{}",
         NOTION("file_upload", "abc"), "", ""},
        {"an id stays in its place", "{}", NOTION("page", "..a?b#c%2Fd"),
         "/v1/pages/..a%3Fb%23c%252Fd", "2022-06-28"},
        {"an id with a slash, which somebody might decode", "{}",
         NOTION("page", "../users?a#b"), "", ""},
        {"or with one of the other kind", "{}", NOTION("page", "a\\\\b"), "",
         ""},
        {"an id that leads upwards", "{}", NOTION("page", ".."), "", ""},
        {"or nowhere", "{}", NOTION("block", "."), "", ""},
    };
    struct source source = source_of(true);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;
        char want[512] = "";

        if (rows[i].url[0] != '\0')
            (void)snprintf(want, sizeof(want), "%s%s", notion_url, rows[i].url);
        CU_ASSERT_EQUAL(
            build(&source, rows[i].body, rows[i].metadata, &request),
            rows[i].url[0] == '\0' ? OBSTACLE_NO_QUESTION : OBSTACLE_NONE);
        if (strcmp(buf_slice(&request.url).ptr, want) != 0)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim,
                    buf_slice(&request.url).ptr, want);
        CU_ASSERT_STRING_EQUAL(buf_slice(&request.url).ptr, want);
        CU_ASSERT_STRING_EQUAL(header(&request, "Notion-Version: "),
                               rows[i].version);
        request_free(&request);
    }
}

static void
test_who_is_not_asked(void)
{
    struct source source = source_of(false);
    struct request request;

    source.options.fetch = false;
    CU_ASSERT_EQUAL(build(&source, BODY, SUPABASE("t", "1"), &request),
                    OBSTACLE_NO_QUESTION);
    request_free(&request);
    source.options.fetch = true;
    source.api_key = NULL;
    settings.supabase_key = "";
    CU_ASSERT_EQUAL(build(&source, BODY, SUPABASE("t", "1"), &request),
                    OBSTACLE_NO_QUESTION);
    request_free(&request);
    /* What a poller has made is what the source said. */
    source.api_key = key;
    CU_ASSERT_EQUAL(build(&source, BODY,
                          "{\"table\":\"t\",\"record_id\":\"1\",\"action\":"
                          "\"update\",\"polled\":true}",
                          &request),
                    OBSTACLE_NO_QUESTION);
    request_free(&request);
    /* A sender cannot say that of itself. */
    CU_ASSERT_EQUAL(build(&source, BODY,
                          "{\"table\":\"t\",\"record_id\":\"1\",\"action\":"
                          "\"update\",\"metadata\":{\"polled\":true}}",
                          &request),
                    OBSTACLE_NONE);
    request_free(&request);
}

static void
test_answers(void)
{
    static const struct {
        const char *claim;
        bool notion;
        uint32_t status;
        const char *body;
        enum verdict_answer want;
        const char *record;
    } rows[] = {
        {"one row", false, 200, "[{\"id\": 1}]", ANSWER_FOUND, "{\"id\":1}"},
        {"no row", false, 200, "[]", ANSWER_ABSENT, ""},
        {"two rows: what was taken for a key is none", false, 200,
         "[{\"id\":1},{\"id\":1}]", ANSWER_ODD, ""},
        {"no array", false, 200, "{}", ANSWER_ODD, ""},
        {"no JSON", false, 200, "<html>", ANSWER_ODD, ""},
        {"no table of that name is no word about a row", false, 404,
         "{\"code\":\"PGRST205\"}", ANSWER_ODD, ""},
        {"a page", true, 200,
         "{\"object\":\"page\",\"id\":\"1\",\"in_trash\":false,"
         "\"request_id\":\"r\"}",
         ANSWER_FOUND, "{\"object\":\"page\",\"id\":\"1\",\"in_trash\":false}"},
        {"a page in the trash", true, 200,
         "{\"object\":\"page\",\"in_trash\":true}", ANSWER_TRASHED,
         "{\"object\":\"page\",\"in_trash\":true}"},
        {"the same in older words", true, 200,
         "{\"object\":\"page\",\"archived\":true}", ANSWER_TRASHED,
         "{\"object\":\"page\",\"archived\":true}"},
        {"no such page", true, 404, "{\"code\":\"object_not_found\"}",
         ANSWER_ABSENT, ""},
        {"no such path", true, 404, "{\"code\":\"invalid_request_url\"}",
         ANSWER_ODD, ""},
        {"a bad request", true, 400, "{\"code\":\"validation_error\"}",
         ANSWER_ODD, ""},
        {"a redirect", false, 302, "", ANSWER_ODD, ""},
        {"401", false, 401, "{}", ANSWER_REFUSED, ""},
        {"403", true, 403, "{}", ANSWER_REFUSED, ""},
        {"429", true, 429, "{}", ANSWER_BUSY, ""},
        {"529", true, 529, "{}", ANSWER_BUSY, ""},
        {"500", false, 500, "{}", ANSWER_DOWN, ""},
        {"503", true, 503, "{}", ANSWER_DOWN, ""},
        {"408", true, 408, "{}", ANSWER_DOWN, ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = source_of(rows[i].notion);
        struct slice body = slice_of(rows[i].body);
        struct buf copy = BUF_INIT(1024), record = BUF_INIT(1024);
        struct attempt attempt = {.status = rows[i].status};
        enum verdict_answer got;

        buf_add_slice(&copy, body);
        attempt.body = copy.data;
        attempt.body_len = copy.len;
        got = fetch_read(&source, &attempt, &record);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, want %d\n", rows[i].claim, (int)got,
                    (int)rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_STRING_EQUAL(buf_slice(&record).ptr, rows[i].record);
        buf_free(&copy);
        buf_free(&record);
    }
}

static void
test_what_came_instead_of_an_answer(void)
{
    static const struct {
        const char *claim;
        enum obstacle obstacle;
        CURLcode code;
        enum verdict_answer want;
    } rows[] = {
        {"a time-out", OBSTACLE_NONE, CURLE_OPERATION_TIMEDOUT, ANSWER_DOWN},
        {"no such host", OBSTACLE_NONE, CURLE_COULDNT_RESOLVE_HOST,
         ANSWER_DOWN},
        {"too much", OBSTACLE_NONE, CURLE_FILESIZE_EXCEEDED, ANSWER_ODD},
        {"a private address", OBSTACLE_BLOCKED, CURLE_OK, ANSWER_REFUSED},
        {"no URL", OBSTACLE_BAD_URL, CURLE_OK, ANSWER_REFUSED},
        {"nothing was asked", OBSTACLE_NO_QUESTION, CURLE_OK, ANSWER_NONE},
        {"our own fault", OBSTACLE_INTERNAL, CURLE_OK, ANSWER_DOWN},
    };
    struct source source = source_of(false);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct attempt attempt = {.obstacle = rows[i].obstacle,
                                        .code = rows[i].code};
        struct buf record = BUF_INIT(1024);

        if (fetch_read(&source, &attempt, &record) != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(fetch_read(&source, &attempt, &record), rows[i].want);
        buf_free(&record);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"PostgREST is asked by key", test_postgrest},
        {"tables that cannot be named", test_tables_that_cannot_be_named},
        {"new keys are no tokens", test_new_keys_are_no_tokens},
        {"Notion is asked by kind and version", test_notion},
        {"who is not asked", test_who_is_not_asked},
        {"what answers mean", test_answers},
        {"what came instead of an answer", test_what_came_instead_of_an_answer},
        CU_TEST_INFO_NULL,
    };

    return unit_run("fetch", tests);
}
