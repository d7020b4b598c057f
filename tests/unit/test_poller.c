/*
 * test_poller.c - unit tests for worker/process/poller.c, poll_answer.c and
 * poll_position.c: what is asked, what is found, and where the next look begins.
 */
#include "poller.h"
#include "unit.h"

#include "inbound.h"
#include "poll_position.h"

#include <string.h>

#define NOON INT64_C(1767268800000000) /* 2026-01-01T12:00:00Z */

static char key[] = "eyJ.key";
static char supabase[] = "supabase", notion[] = "notion";
static char supabase_url[] = "https://x.supabase.co";
static char notion_url[] = "https://api.notion.com/";
static char field[] = "updated_at";
static char tables[] = "t";
#define DATABASE "aaaabbbb333344445555666677778888" /* Notion knows ids */
static char *table_list[] = {tables};
static struct settings settings;

static struct source
source_of(bool of_notion)
{
    struct source source = {
        .id = 3,
        .application_id = 1,
        .name = of_notion ? notion : supabase,
        .provider = of_notion ? notion : supabase,
        .api_key = key,
    };

    source.options.mirror = true;
    source.options.api_url = of_notion ? notion_url : supabase_url;
    source.options.version_field = of_notion ? NULL : field;
    source.options.poll_tables = (struct source_texts){table_list, 1};
    source.options.poll_s = 60;
    return source;
}

static struct poll_order
order_of(const char *table, const char *position)
{
    struct poll_order order;

    (void)snprintf(order.table, sizeof(order.table), "%s", table);
    (void)snprintf(order.position, sizeof(order.position), "%s", position);
    return order;
}

static void
check_question(const char *claim, bool of_notion, const char *position,
               const char *url, const char *body)
{
    struct source source = source_of(of_notion);
    struct poll_order order = order_of(of_notion ? DATABASE : "t", position);
    struct request request;

    request_init(&request);
    CU_ASSERT_EQUAL(poll_build(&source, &settings, &order, &request),
                    OBSTACLE_NONE);
    if (strcmp(buf_slice(&request.url).ptr, url) != 0 ||
        strcmp(buf_slice(&request.body).ptr, body) != 0)
        fprintf(stderr, "\n%s: got %s %s\n", claim, buf_slice(&request.url).ptr,
                buf_slice(&request.body).ptr);
    CU_ASSERT_STRING_EQUAL(buf_slice(&request.url).ptr, url);
    CU_ASSERT_STRING_EQUAL(buf_slice(&request.body).ptr, body);
    CU_ASSERT_EQUAL(request.get, !of_notion);
    request_free(&request);
}

#define ROWS "https://x.supabase.co/rest/v1/t?"
#define REST "order=updated_at.asc,id.asc&select=*&limit=100"
#define SORTED                                                                 \
    "{\"page_size\":100,\"sorts\":[{\"timestamp\":\"last_edited_time\","       \
    "\"direction\":\"ascending\"}]"
#define FILTER(time)                                                           \
    ",\"filter\":{\"timestamp\":\"last_edited_time\",\"last_edited_time\":{"   \
    "\"on_or_after\":\"" time "\"}}"

static void
test_questions(void)
{
    check_question("without a position everything is asked for", false, "",
                   ROWS REST, "");
    check_question("a look begins a little before what is known", false,
                   "{\"high\":\"2026-01-01T12:00:00Z\"}",
                   ROWS "updated_at=gte.2026-01-01T11%3A59%3A30Z&" REST, "");
    check_question("a number has no before", false, "{\"high\":\"41\"}",
                   ROWS "updated_at=gte.41&" REST, "");
    check_question("its next page begins where the last one ended", false,
                   "{\"high\":\"2026-01-01T12:00:00Z\",\"at\":"
                   "\"2026-01-01T11:59:59+00:00\",\"skip\":7}",
                   ROWS "updated_at=gte.2026-01-01T11%3A59%3A59%2B00%3A00&" REST
                        "&offset=7",
                   "");
    check_question("Notion rounds to minutes", true,
                   "{\"high\":\"2026-01-01T12:00:00Z\"}",
                   "https://api.notion.com/v1/data_sources/" DATABASE "/query",
                   SORTED FILTER("2026-01-01T11:59:00Z") "}");
    check_question("a database is asked by the older API", true,
                   "{\"high\":\"2026-01-01T12:00:00Z\",\"cursor\":\"abc\","
                   "\"database\":true}",
                   "https://api.notion.com/v1/databases/" DATABASE "/query",
                   SORTED FILTER("2026-01-01T11:59:00Z") ",\"start_cursor\":"
                                                         "\"abc\"}");
}

static void
test_names_that_lead_elsewhere(void)
{
    static const char *const names[] = {"..", ".", "a/b", "a\\b", "x.."};
    struct source source = source_of(false);
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct poll_order order = order_of(names[i], "");
        struct request request;

        request_init(&request);
        CU_ASSERT_EQUAL(poll_build(&source, &settings, &order, &request),
                        OBSTACLE_BAD_URL);
        request_free(&request);
    }
}

static void
test_who_is_polled(void)
{
    struct source source = source_of(false);

    CU_ASSERT_TRUE(poll_is_wanted(&source, &settings));
    source.options.mirror = false; /* nothing to compare with */
    CU_ASSERT_FALSE(poll_is_wanted(&source, &settings));
    source = source_of(false);
    source.options.poll_s = 0;
    CU_ASSERT_FALSE(poll_is_wanted(&source, &settings));
    source = source_of(false);
    source.options.poll_tables.count = 0;
    CU_ASSERT_FALSE(poll_is_wanted(&source, &settings));
}

/* --- answers ---------------------------------------------------------------- */

static bool
answer(bool of_notion, const char *position, uint32_t status,
       const struct buf *body, struct poll_answer *out, const char **why)
{
    struct source source = source_of(of_notion);
    struct poll_order order = order_of(of_notion ? DATABASE : "t", position);
    const struct attempt attempt = {
        .status = status, .body = body->data, .body_len = body->len};

    return poll_read(&source, &attempt, &order, out, why);
}

/* Rows with these versions: seconds after noon. */
static void
add_rows(struct buf *body, size_t count, unsigned first, unsigned each)
{
    size_t i;

    buf_add_char(body, '[');
    for (i = 0; i < count; i++)
        buf_addf(body,
                 "%s{\"id\":%zu,\"updated_at\":\"2026-01-01T12:00:%02u"
                 "+00:00\"}",
                 i == 0 ? "" : ",", i,
                 first + (each == 0 ? 0 : (unsigned)i / each));
    buf_add_char(body, ']');
}

static void
check_page(const char *claim, const char *position, size_t count,
           unsigned first, unsigned each, bool more, const char *high,
           const char *at, uint32_t skip)
{
    struct buf body = BUF_INIT(65536);
    struct poll_position got;
    struct poll_answer page;
    const char *why;

    add_rows(&body, count, first, each);
    CU_ASSERT_TRUE(answer(false, position, 200, &body, &page, &why));
    poll_position_read(slice_of(page.position), &got);
    if (page.more != more || strcmp(got.high, high) != 0 ||
        strcmp(got.at, at) != 0 || got.skip != skip)
        fprintf(stderr, "\n%s: got %s\n", claim, page.position);
    CU_ASSERT_EQUAL(page.count, count);
    CU_ASSERT_EQUAL(page.more, more);
    CU_ASSERT_STRING_EQUAL(got.high, high);
    CU_ASSERT_STRING_EQUAL(got.at, at);
    CU_ASSERT_EQUAL(got.skip, skip);
    buf_free(&body);
}

#define AT(second) "2026-01-01T12:00:" second "+00:00"
#define KNOWN "\"page\":100,\"full\":true,\"trust\":9" /* what one answer has */

static void
test_pages_of_rows(void)
{
    check_page("the end of a look",
               "{\"high\":\"2026-01-01T12:00:00Z\"," KNOWN "}", 3, 1, 1, false,
               AT("03"), "", 0);
    check_page("nothing new leaves the position",
               "{\"high\":\"2026-01-01T12:00:09Z\"," KNOWN "}", 2, 1, 1, false,
               "2026-01-01T12:00:09Z", "", 0);
    check_page("a page that may be all that one answer has",
               "{\"high\":\"2026-01-01T12:00:00Z\"}", 3, 1, 1, true, AT("03"),
               AT("03"), 1);
    check_page("and nothing behind it",
               "{\"high\":\"" AT("03") "\",\"at\":\"" AT(
                   "03") "\",\"skip\":1,"
                         "\"page\":3,\"doubted\":true,\"trust\":9}",
               0, 0, 1, false, AT("03"), "", 0);
    check_page("no row at all", "{\"high\":\"2026-01-01T12:00:09Z\"}", 0, 0, 1,
               false, "2026-01-01T12:00:09Z", "", 0);
    check_page("a full page goes on behind the rows of its last version", "",
               100, 0, 30, true, AT("03"), AT("03"), 10);
    check_page("one version fills the page", "", 100, 5, 0, true, AT("05"),
               AT("05"), 100);
    check_page("and the next one", "{\"at\":\"" AT("05") "\",\"skip\":100}",
               100, 5, 0, true, AT("05"), AT("05"), 200);
    check_page("until it comes to an end",
               "{\"at\":\"" AT("05") "\",\"skip\":200," KNOWN "}", 20, 5, 0,
               false, AT("05"), "", 0);
}

static void
test_pages_of_notion(void)
{
    static const char first[] =
        "{\"results\":[{\"id\":\"1\",\"last_edited_time\":"
        "\"2026-01-01T12:05:00.000Z\"}],\"has_more\":true,"
        "\"next_cursor\":\"abc\"}";
    static const char last[] =
        "{\"results\":[],\"has_more\":false,\"next_cursor\":null}";
    struct buf body = BUF_INIT(65536);
    struct poll_position got;
    struct poll_answer page;
    const char *why;

    buf_add_text(&body, first);
    CU_ASSERT_TRUE(answer(true, "{\"high\":\"2026-01-01T12:00:00Z\"}", 200,
                          &body, &page, &why));
    CU_ASSERT_TRUE(page.more);
    poll_position_read(slice_of(page.position), &got);
    CU_ASSERT_STRING_EQUAL(got.cursor, "abc");
    /* The question has to stay the same as long as there are pages. */
    CU_ASSERT_STRING_EQUAL(got.high, "2026-01-01T12:00:00Z");
    buf_clear(&body);
    buf_add_text(&body, last);
    {
        char position[POLL_POSITION_MAX + 1];

        memcpy(position, page.position, sizeof(position));
        CU_ASSERT_TRUE(answer(true, position, 200, &body, &page, &why));
    }
    CU_ASSERT_FALSE(page.more);
    poll_position_read(slice_of(page.position), &got);
    CU_ASSERT_STRING_EQUAL(got.cursor, "");
    CU_ASSERT_STRING_EQUAL(got.high, "2026-01-01T12:05:00.000Z");
    buf_free(&body);
}

static void
test_a_cursor_that_leads_nowhere(void)
{
    static const struct {
        const char *claim;
        uint32_t status;
        const char *body;
    } rows[] = {
        {"Notion does not know it any more", 400,
         "{\"object\":\"error\",\"code\":\"validation_error\"}"},
        {"the next one is the same", 200,
         "{\"results\":[],\"has_more\":true,\"next_cursor\":\"abc\"}"},
        {"the next one is empty", 200,
         "{\"results\":[],\"has_more\":true,\"next_cursor\":\"\"}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(1024);
        struct poll_position got;
        struct poll_answer page;
        const char *why = NULL;

        buf_add_text(&body, rows[i].body);
        if (answer(true,
                   "{\"high\":\"2026-01-01T12:00:00Z\","
                   "\"at\":\"2026-01-01T12:05:00Z\",\"cursor\":\"abc\"}",
                   rows[i].status, &body, &page, &why) ||
            page.more) {
            fprintf(stderr, "\n%s: it goes on\n", rows[i].claim);
            CU_ASSERT_TRUE(false);
        }
        CU_ASSERT_PTR_NOT_NULL(why);
        /* The next look begins where this one did. */
        poll_position_read(slice_of(page.position), &got);
        CU_ASSERT_STRING_EQUAL(got.cursor, "");
        CU_ASSERT_STRING_EQUAL(got.at, "");
        CU_ASSERT_STRING_EQUAL(got.high, "2026-01-01T12:00:00Z");
        buf_free(&body);
    }
}

static void
test_a_long_cursor(void)
{
    struct buf body = BUF_INIT(1024);
    struct poll_position got;
    struct poll_answer page;
    const char *why;

    buf_addf(&body,
             "{\"results\":[],\"has_more\":true,\"next_cursor\":"
             "\"%0200d\"}",
             7);
    CU_ASSERT_TRUE(answer(true, "", 200, &body, &page, &why));
    CU_ASSERT_TRUE(page.more);
    poll_position_read(slice_of(page.position), &got);
    CU_ASSERT_EQUAL(strlen(got.cursor), 200);
    buf_free(&body);
}

/* It may be the id of a database, which the newer API does not query. */
static void
test_no_such_data_source(void)
{
    struct buf body = BUF_INIT(1024);
    struct poll_position got;
    struct poll_answer page;
    const char *why;

    buf_add_text(&body, "{\"code\":\"object_not_found\"}");
    CU_ASSERT_FALSE(answer(true, "", 404, &body, &page, &why));
    CU_ASSERT_TRUE(page.more);
    poll_position_read(slice_of(page.position), &got);
    CU_ASSERT_TRUE(got.database);
    /* Nor a database: it is asked for again, but not at once. */
    CU_ASSERT_FALSE(
        answer(true, "{\"database\":true}", 404, &body, &page, &why));
    CU_ASSERT_FALSE(page.more);
    poll_position_read(slice_of(page.position), &got);
    CU_ASSERT_FALSE(got.database);
    buf_free(&body);
}

static void
test_no_answer(void)
{
    static const struct {
        const char *claim;
        uint32_t status;
        const char *body;
    } rows[] = {
        {"a key that is refused", 401, "{}"},
        {"too many requests", 429, "{}"},
        {"an outage", 503, "{}"},
        {"no table of that name", 404, "{\"code\":\"PGRST205\"}"},
        {"no column of that name", 400, "{\"code\":\"42703\"}"},
        {"no JSON", 200, "<html>"},
        {"no rows", 200, "[1,2]"},
    };
    static const char position[] = "{\"high\":\"7\"}";
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(1024);
        struct poll_position got;
        struct poll_answer page;
        const char *why = NULL;

        buf_add_text(&body, rows[i].body);
        if (answer(false, position, rows[i].status, &body, &page, &why))
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_PTR_NOT_NULL(why);
        CU_ASSERT_FALSE(page.more);
        poll_position_read(slice_of(page.position), &got);
        CU_ASSERT_STRING_EQUAL(got.high, "7");
        buf_free(&body);
    }
}

static void
test_events(void)
{
    struct source source = source_of(false);
    struct poll_order order = order_of("shop.lines", "");
    struct problems problems = {.count = 0};
    struct buf body = BUF_INIT(4096);

    CU_ASSERT_TRUE(poll_body(&source, &order,
                             SLICE("{\"id\": 9007199254740993, \"n\": 1.50}"),
                             true, NOON, &problems, &body));
    CU_ASSERT_STRING_EQUAL(
        body.data,
        "{\"event_type\":\"update\",\"source\":\"supabase\",\"table_name\":"
        "\"shop.lines\",\"record_id\":\"9007199254740993\",\"data\":"
        "{\"id\":9007199254740993,\"n\":1.50},\"timestamp\":"
        "\"2026-01-01T12:00:00Z\"}");
    buf_clear(&body);
    CU_ASSERT_FALSE(poll_body(&source, &order, SLICE("{\"n\":1}"), false, NOON,
                              &problems, &body));
    CU_ASSERT_EQUAL(problems.count, 1);
    buf_clear(&body);
    source = source_of(true);
    CU_ASSERT_TRUE(
        poll_body(&source, &order,
                  SLICE("{\"id\":\"11112222-3333-4444-5555-666677778888\","
                        "\"parent\":{\"type\":\"data_source_id\","
                        "\"data_source_id\":\"x\",\"database_id\":"
                        "\"AAAABBBB-3333-4444-5555-666677778888\"}}"),
                  false, NOON, &problems, &body));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        body.data, "\"table_name\":\"aaaabbbb333344445555666677778888\","
                   "\"record_id\":\"11112222333344445555666677778888\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"event_type\":\"insert\""));
    buf_free(&body);
}

static void
test_a_poller_begins_with_the_present(void)
{
    char text[POLL_POSITION_MAX + 1];
    struct source source = source_of(false);
    struct poll_position got;

    poll_begin(&source, NOON, text);
    poll_position_read(slice_of(text), &got);
    CU_ASSERT_STRING_EQUAL(got.high, "2026-01-01T12:00:00Z");
    CU_ASSERT_STRING_EQUAL(got.at, "");
    CU_ASSERT_FALSE(got.database);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is asked", test_questions},
        {"names that lead elsewhere", test_names_that_lead_elsewhere},
        {"who is polled", test_who_is_polled},
        {"pages of rows", test_pages_of_rows},
        {"pages of Notion", test_pages_of_notion},
        {"a cursor that leads nowhere", test_a_cursor_that_leads_nowhere},
        {"a long cursor", test_a_long_cursor},
        {"no such data source", test_no_such_data_source},
        {"no answer leaves the position", test_no_answer},
        {"rows become events", test_events},
        {"a poller begins with the present",
         test_a_poller_begins_with_the_present},
        CU_TEST_INFO_NULL,
    };

    return unit_run("poller", tests);
}
