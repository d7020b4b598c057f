/*
 * test_poll_name.c - unit tests for worker/process/poll_name.c, through
 * poll_build() and poll_read().
 */
#include "poll_name.h"
#include "poll_position.h"
#include "poller.h"
#include "unit.h"

#include <string.h>

#define DATABASE "aaaabbbb333344445555666677778888"

static char key[] = "ntn_key", notion[] = "notion";
static char url[] = "https://api.notion.com/", tables[] = "Tasks";
static char *table_list[] = {tables};
static struct settings settings;

static struct source
source_of_notion(void)
{
    struct source source = {
        .id = 3,
        .application_id = 1,
        .name = notion,
        .provider = notion,
        .api_key = key,
    };

    source.options.mirror = true;
    source.options.api_url = url;
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

#define NAMED(id, name)                                                        \
    "{\"object\":\"data_source\",\"id\":\"" id                                 \
    "\",\"title\":[{\"plain_text\":"                                           \
    "\"" name "\"}]}"
#define FOUND "aaaabbbb-3333-4444-5555-666677778888"
#define OTHER "ccccbbbb-3333-4444-5555-666677778888"

static bool
search(const char *position, uint32_t status, const char *text,
       struct poll_answer *out, struct poll_position *got, const char **why)
{
    struct source source = source_of_notion();
    struct poll_order order = order_of("Tasks", position);
    struct buf body = BUF_INIT(4096);
    bool ok;

    buf_add_text(&body, text);
    {
        const struct attempt attempt = {
            .status = status, .body = body.data, .body_len = body.len};

        ok = poll_read(&source, &attempt, &order, out, why);
    }
    poll_position_read(slice_of(out->position), got);
    buf_free(&body);
    return ok;
}

static void
test_a_name_is_searched_for_once(void)
{
    struct source source = source_of_notion();
    struct poll_order order = order_of("Tasks", "{\"high\":\"\"}");
    struct poll_position got;
    struct poll_answer page;
    struct request request;
    const char *why;

    request_init(&request);
    CU_ASSERT_EQUAL(poll_build(&source, &settings, &order, &request),
                    OBSTACLE_NONE);
    CU_ASSERT_STRING_EQUAL(request.url.data,
                           "https://api.notion.com/v1/search");
    CU_ASSERT_STRING_EQUAL(
        request.body.data,
        "{\"query\":\"Tasks\",\"filter\":{\"property\":\"object\",\"value\":"
        "\"data_source\"},\"page_size\":100}");
    request_free(&request);
    /* "Tasks of ours" is another one. */
    CU_ASSERT_TRUE(
        search("", 200,
               "{\"results\":[" NAMED(OTHER, "Tasks of ours") "," NAMED(
                   FOUND, "Tasks") "],\"has_more\":false}",
               &page, &got, &why));
    CU_ASSERT_TRUE(page.more);
    CU_ASSERT_EQUAL(page.count, 0);
    CU_ASSERT_STRING_EQUAL(got.id, DATABASE);
    (void)snprintf(order.position, sizeof(order.position), "%s", page.position);
    request_init(&request);
    CU_ASSERT_EQUAL(poll_build(&source, &settings, &order, &request),
                    OBSTACLE_NONE);
    CU_ASSERT_STRING_EQUAL(request.url.data,
                           "https://api.notion.com/v1/data_sources/" DATABASE
                           "/query");
    request_free(&request);
}

static void
test_names_that_are_nobodys(void)
{
    static const struct {
        const char *claim;
        uint32_t status;
        const char *body;
        const char *why;
    } rows[] = {
        {"no such name", 200, "{\"results\":[],\"has_more\":false}",
         "no database of that name is shared with us"},
        {"one that is written otherwise", 200,
         "{\"results\":[" NAMED(FOUND, "tasks") "],\"has_more\":false}",
         "no database of that name is shared with us"},
        {"two of that name", 200,
         "{\"results\":[" NAMED(FOUND, "Tasks") "," NAMED(OTHER, "Tasks") "]}",
         "several databases have that name: say which by its id"},
        {"an error", 400, "{\"object\":\"error\"}",
         "the answer cannot be understood"},
    };
    struct poll_position got;
    struct poll_answer page;
    const char *why;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FALSE(search("{\"high\":\"7\",\"cursor\":\"c\"}",
                               rows[i].status, rows[i].body, &page, &got,
                               &why));
        if (strcmp(why, rows[i].why) != 0)
            fprintf(stderr, "\n%s: %s\n", rows[i].claim, why);
        CU_ASSERT_STRING_EQUAL(why, rows[i].why);
        CU_ASSERT_FALSE(page.more);
        CU_ASSERT_STRING_EQUAL(got.id, "");
        CU_ASSERT_STRING_EQUAL(got.cursor, "");
        CU_ASSERT_STRING_EQUAL(got.high, "7");
    }
}

static void
test_a_name_may_be_on_another_page(void)
{
    struct poll_position got;
    struct poll_answer page;
    const char *why;

    CU_ASSERT_TRUE(search("", 200,
                          "{\"results\":[],\"has_more\":true,"
                          "\"next_cursor\":\"abc\"}",
                          &page, &got, &why));
    CU_ASSERT_TRUE(page.more);
    CU_ASSERT_STRING_EQUAL(got.cursor, "abc");
    CU_ASSERT_STRING_EQUAL(got.id, "");
    CU_ASSERT_TRUE(search("{\"cursor\":\"abc\"}", 200,
                          "{\"results\":[" NAMED(FOUND, "Tasks") "]}", &page,
                          &got, &why));
    CU_ASSERT_STRING_EQUAL(got.id, DATABASE);
    CU_ASSERT_STRING_EQUAL(got.cursor, "");
    /* It has gone since: it is searched for the next time. */
    CU_ASSERT_FALSE(search("{\"id\":\"" DATABASE "\"}", 404,
                           "{\"code\":\"object_not_found\"}", &page, &got,
                           &why));
    CU_ASSERT_FALSE(page.more);
    CU_ASSERT_STRING_EQUAL(got.id, "");
    CU_ASSERT_FALSE(got.database);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a name is searched for once", test_a_name_is_searched_for_once},
        {"names that are nobody's", test_names_that_are_nobodys},
        {"a name may be on another page", test_a_name_may_be_on_another_page},
        CU_TEST_INFO_NULL,
    };

    return unit_run("poll_name", tests);
}
