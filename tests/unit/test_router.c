/*
 * test_router.c - unit tests for fcgi/router.c, with a table of its own and no
 * database.
 */
#include "router.h"

#include "contact.h"
#include "request_fixture.h"
#include "unit.h"

#include <unistd.h>

/* Which handler ran, and what it saw. */
static struct {
    const char *name;
    char first[64], second[64];
} ran;

static void
note(struct exchange *exchange, const char *name)
{
    const struct slice *segment = exchange->request->segment;

    ran.name = name;
    snprintf(ran.first, sizeof(ran.first), "%.*s", (int)segment[0].len,
             segment[0].ptr == NULL ? "" : segment[0].ptr);
    snprintf(ran.second, sizeof(ran.second), "%.*s", (int)segment[1].len,
             segment[1].ptr == NULL ? "" : segment[1].ptr);
    reply_json_text(exchange->reply, 200, SLICE("{}"));
}

static void
list(struct exchange *exchange)
{
    note(exchange, "list");
}

static void
create(struct exchange *exchange)
{
    note(exchange, "create");
}

static void
show(struct exchange *exchange)
{
    note(exchange, "show");
}

static void
test_one(struct exchange *exchange)
{
    note(exchange, "test_one");
}

static void
test_url(struct exchange *exchange)
{
    note(exchange, "test_url");
}

static void
two(struct exchange *exchange)
{
    note(exchange, "two");
}

static void
too_much(struct exchange *exchange)
{
    exchange->reply->body.overflow = true;
    reply_header(exchange->reply, "X-Half", "1");
}

static void
closed(struct exchange *exchange)
{
    note(exchange, "closed");
}

/* A quick handler that finds out that it has to wait after all. */
static void
may_have_to_wait(struct exchange *exchange)
{
    note(exchange, "may_have_to_wait");
    exchange->must_wait = !exchange->may_wait;
    reply_header(exchange->reply, "X-Half", "1");
}

/* One that has its answer later. */
static struct exchange later;

static void
answers_later(struct exchange *exchange)
{
    note(exchange, "answers_later");
    exchange->answers_later = exchange->done != NULL;
    later = *exchange;
}

/* The literal paths stand last on purpose. */
static const struct route things[] = {
    {METHOD_GET, "/things/{id}", ACCESS_ALWAYS, FAMILY_API, false, show},
    {METHOD_POST, "/things/{id}/test", ACCESS_ALWAYS, FAMILY_API, false,
     test_one},
    {METHOD_GET, "/things", ACCESS_ALWAYS, FAMILY_API, false, list},
    {METHOD_POST, "/things", ACCESS_ALWAYS, FAMILY_API, false, create},
    {METHOD_POST, "/things/test", ACCESS_ALWAYS, FAMILY_RECEIVE, false,
     test_url},
};
static const struct route others[] = {
    {METHOD_GET, "/a/{x}/b/{y}", ACCESS_ALWAYS, FAMILY_API, false, two},
    {METHOD_GET, "/too-much", ACCESS_ALWAYS, FAMILY_API, false, too_much},
    {METHOD_GET, "/closed", ACCESS_READ, FAMILY_API, false, closed},
};
static const struct route quicks[] = {
    {METHOD_GET, "/quick/{x}", ACCESS_ALWAYS, FAMILY_API, false, show},
    {METHOD_GET, "/quick/perhaps", ACCESS_ALWAYS, FAMILY_API, false,
     may_have_to_wait},
    {METHOD_GET, "/quick/later", ACCESS_ALWAYS, FAMILY_API, true,
     answers_later},
    {METHOD_GET, "/quick/closed", ACCESS_READ, FAMILY_API, false, closed},
};
static const size_t quick_count = sizeof(quicks) / sizeof(quicks[0]);
static const size_t thing_count = sizeof(things) / sizeof(things[0]);
static const size_t other_count = sizeof(others) / sizeof(others[0]);
static const struct route_table tables[] = {
    {things, &thing_count, false},
    {others, &other_count, false},
    {quicks, &quick_count, true},
};

static struct app app;
static struct settings settings;

/* Nobody listens there, so the database is away. */
static int
set_up(void)
{
    static char no_socket[] = "db_socket=/nonexistent/postern-test.sock";
    static const uint8_t key[32];
    char *overrides[] = {no_socket};
    struct buf why = BUF_INIT(1000);

    if (!settings_load_with(&settings, "/dev/null", environ, overrides, 1,
                            &why)) {
        fprintf(stderr, "%s\n", why.data);
        return 1;
    }
    app.settings = &settings;
    app.route_tables = tables;
    app.route_table_count = sizeof(tables) / sizeof(tables[0]);
    app.sealer = seal_from_key(key);
    app.catalog = catalog_new(app.sealer);
    app.pool = db_pool_new(&settings, 1);
    app.contact = contact_new(false);
    return 0;
}

static void
tear_down(void)
{
    contact_free(app.contact);
    db_pool_free(app.pool);
    catalog_free(app.catalog);
    seal_close(app.sealer);
    settings_free(&settings);
}

struct asked {
    struct fixture fixture;
    struct reply reply;
};

static void
ask(struct asked *asked, const char *method, const char *uri,
    const char *header)
{
    asked->fixture = (struct fixture){.params = {method, uri, header}};
    memset(&ran, 0, sizeof(ran));
    fixture_read(&asked->fixture, "");
    reply_init(&asked->reply);
    router_handle(&app, &asked->fixture.request, &asked->reply);
}

static void
forget(struct asked *asked)
{
    reply_free(&asked->reply);
    request_free(&asked->fixture.request);
}

static bool
has_header(const struct reply *reply, const char *line)
{
    return strstr(reply->headers.data, line) != NULL;
}

static void
test_finds_handlers(void)
{
    static const struct {
        const char *method, *uri;
        const char *handler, *first, *second;
    } rows[] = {
        {"REQUEST_METHOD=GET", "REQUEST_URI=/things", "list", "", ""},
        {"REQUEST_METHOD=GET", "REQUEST_URI=/things/", "list", "", ""},
        {"REQUEST_METHOD=HEAD", "REQUEST_URI=/things", "list", "", ""},
        {"REQUEST_METHOD=POST", "REQUEST_URI=/things", "create", "", ""},
        {"REQUEST_METHOD=GET", "REQUEST_URI=/things/5", "show", "5", ""},
        {"REQUEST_METHOD=GET", "REQUEST_URI=/things/a%20b", "show", "a b", ""},
        {"REQUEST_METHOD=POST", "REQUEST_URI=/things/5/test", "test_one", "5",
         ""},
        {"REQUEST_METHOD=POST", "REQUEST_URI=/things/test", "test_url", "", ""},
        {"REQUEST_METHOD=POST", "REQUEST_URI=/things/test/test", "test_one",
         "test", ""},
        {"REQUEST_METHOD=GET", "REQUEST_URI=/a/1/b/2", "two", "1", "2"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked;

        ask(&asked, rows[i].method, rows[i].uri, NULL);
        CU_ASSERT_EQUAL(asked.reply.status, 200);
        CU_ASSERT_PTR_NOT_NULL_FATAL(ran.name);
        CU_ASSERT_STRING_EQUAL(ran.name, rows[i].handler);
        CU_ASSERT_STRING_EQUAL(ran.first, rows[i].first);
        CU_ASSERT_STRING_EQUAL(ran.second, rows[i].second);
        forget(&asked);
    }
}

static void
test_refusals(void)
{
    static const struct {
        const char *claim;
        const char *method, *uri;
        int status;
        const char *body;
        const char *allow; /* or NULL */
    } rows[] = {
        {"an unknown path", "REQUEST_METHOD=GET", "REQUEST_URI=/nothing", 404,
         "{\"detail\":\"Not Found\"}", NULL},
        {"the root is a path like others", "REQUEST_METHOD=GET",
         "REQUEST_URI=/", 404, "{\"detail\":\"Not Found\"}", NULL},
        {"a longer path", "REQUEST_METHOD=GET", "REQUEST_URI=/things/5/6", 404,
         "{\"detail\":\"Not Found\"}", NULL},
        {"an empty segment captures nothing", "REQUEST_METHOD=GET",
         "REQUEST_URI=/a//b/2", 404, "{\"detail\":\"Not Found\"}", NULL},
        {"a known path, another method", "REQUEST_METHOD=DELETE",
         "REQUEST_URI=/things", 405, "{\"detail\":\"Method Not Allowed\"}",
         "Allow: GET, HEAD, POST, OPTIONS\r\n"},
        {"an unheard-of method", "REQUEST_METHOD=BREW", "REQUEST_URI=/things",
         405, "{\"detail\":\"Method Not Allowed\"}",
         "Allow: GET, HEAD, POST, OPTIONS\r\n"},
        {"a reserved name is not an id", "REQUEST_METHOD=GET",
         "REQUEST_URI=/things/test", 405,
         "{\"error\":\"method_not_allowed\",\"message\":\"Method Not "
         "Allowed\"}",
         "Allow: POST, OPTIONS\r\n"},
        {"OPTIONS tells the methods", "REQUEST_METHOD=OPTIONS",
         "REQUEST_URI=/things/5", 204, "", "Allow: GET, HEAD, OPTIONS\r\n"},
        {"a path that cannot be read", "REQUEST_METHOD=GET",
         "REQUEST_URI=/things/%00", 400,
         "{\"detail\":\"The request is not readable\"}", NULL},
        {"an answer that did not fit", "REQUEST_METHOD=GET",
         "REQUEST_URI=/too-much", 500,
         "{\"detail\":\"The answer is too large to be sent\"}", NULL},
        {"a route that needs the database, which is away", "REQUEST_METHOD=GET",
         "REQUEST_URI=/closed", 503,
         "{\"detail\":\"The database is not available at the moment\"}", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked;

        ask(&asked, rows[i].method, rows[i].uri, NULL);
        CU_ASSERT_EQUAL(asked.reply.status, rows[i].status);
        CU_ASSERT(fixture_same(rows[i].claim, buf_slice(&asked.reply.body),
                               rows[i].body));
        CU_ASSERT_PTR_NULL(ran.name);
        if (rows[i].allow != NULL)
            CU_ASSERT(has_header(&asked.reply, rows[i].allow));
        CU_ASSERT(has_header(&asked.reply, "X-Request-Id: req_"));
        CU_ASSERT_FALSE(has_header(&asked.reply, "X-Half"));
        forget(&asked);
    }
}

static void
test_common_headers(void)
{
    struct asked asked;

    ask(&asked, "REQUEST_METHOD=GET", "REQUEST_URI=/things", NULL);
    CU_ASSERT(has_header(&asked.reply, asked.fixture.request.id));
    CU_ASSERT(has_header(&asked.reply, "X-Content-Type-Options: nosniff\r\n"));
    CU_ASSERT(has_header(&asked.reply, "Cache-Control: no-store\r\n"));
    forget(&asked);
}

static void
test_problem_json_on_request(void)
{
    struct asked asked;

    ask(&asked, "REQUEST_METHOD=GET", "REQUEST_URI=/nothing",
        "HTTP_ACCEPT=application/json;q=0.5, application/problem+json");
    CU_ASSERT_STRING_EQUAL(asked.reply.content_type,
                           "application/problem+json");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(asked.reply.body.data, "\"instance\":\"/nothing\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(asked.reply.body.data, asked.fixture.request.id));
    forget(&asked);
}

/* A body that broke off is not handed to anybody. */
static void
test_cut_body(void)
{
    struct asked asked;

    asked.fixture = (struct fixture){
        .params = {"REQUEST_METHOD=POST", "REQUEST_URI=/things"}};
    memset(&ran, 0, sizeof(ran));
    fixture_read(&asked.fixture, "");
    asked.fixture.request.body_cut = true;
    reply_init(&asked.reply);
    router_handle(&app, &asked.fixture.request, &asked.reply);
    CU_ASSERT_EQUAL(asked.reply.status, 400);
    CU_ASSERT_PTR_NULL(ran.name);
    forget(&asked);
}

/* Nor is one for which there was no memory; it may come again. */
static void
test_refused_body(void)
{
    struct asked asked;

    asked.fixture = (struct fixture){
        .params = {"REQUEST_METHOD=POST", "REQUEST_URI=/things"}};
    memset(&ran, 0, sizeof(ran));
    fixture_read(&asked.fixture, "");
    asked.fixture.request.body_refused = true;
    reply_init(&asked.reply);
    router_handle(&app, &asked.fixture.request, &asked.reply);
    CU_ASSERT_EQUAL(asked.reply.status, 503);
    CU_ASSERT_STRING_EQUAL(asked.reply.code, "overloaded");
    CU_ASSERT(has_header(&asked.reply, "Retry-After: "));
    CU_ASSERT_PTR_NULL(ran.name);
    forget(&asked);
}

static void
count(void *arg)
{
    unsigned *calls = arg;

    (*calls)++;
}

static bool
start(struct asked *asked, const char *uri, const char *header, size_t body,
      bool may_wait, unsigned *done)
{
    size_t i;

    asked->fixture =
        (struct fixture){.params = {"REQUEST_METHOD=GET", uri, header}};
    memset(&ran, 0, sizeof(ran));
    fixture_read(&asked->fixture, "");
    asked->fixture.request.body.max = body;
    for (i = 0; i < body; i++)
        buf_add_char(&asked->fixture.request.body, ' ');
    reply_init(&asked->reply);
    *done = 0;
    return router_start(&app, &asked->fixture.request, &asked->reply, may_wait,
                        count, done);
}

/* In a thread that serves others too. */
static void
test_what_has_to_wait(void)
{
    static const struct {
        const char *claim;
        const char *uri, *header;
        size_t body;
        bool waits;
        int status;
    } rows[] = {
        {"a quick route", "REQUEST_URI=/quick/1", NULL, 0, false, 200},
        {"one that has to wait after all", "REQUEST_URI=/quick/perhaps", NULL,
         0, true, 200},
        {"one that needs the database, which nobody has met yet",
         "REQUEST_URI=/quick/closed", NULL, 0, true, 503},
        {"a large body", "REQUEST_URI=/quick/1", NULL, 256 * 1024 + 1, true,
         200},
        {"another route", "REQUEST_URI=/things/5", NULL, 0, true, 200},
        {"an Idempotency-Key", "REQUEST_URI=/quick/later",
         "HTTP_IDEMPOTENCY_KEY=abc", 0, true, 503},
        {"nothing that is there", "REQUEST_URI=/nothing", NULL, 0, false, 404},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked;
        unsigned done;
        bool started = start(&asked, rows[i].uri, rows[i].header, rows[i].body,
                             false, &done);

        if (started == rows[i].waits)
            fprintf(stderr, "\n%s: started %d\n", rows[i].claim, started);
        CU_ASSERT_EQUAL(started, !rows[i].waits);
        CU_ASSERT_EQUAL(done, started ? 1 : 0);
        if (!started) {
            /* Nothing has happened to the reply. */
            CU_ASSERT_EQUAL(asked.reply.headers.len, 0);
            CU_ASSERT_EQUAL(asked.reply.body.len, 0);
            CU_ASSERT(router_start(&app, &asked.fixture.request, &asked.reply,
                                   true, count, &done));
            CU_ASSERT_EQUAL(done, 1);
        }
        CU_ASSERT_EQUAL(asked.reply.status, rows[i].status);
        CU_ASSERT(has_header(&asked.reply, "X-Request-Id: req_"));
        forget(&asked);
    }
}

static void
test_answers_later(void)
{
    struct asked asked;
    unsigned done;

    CU_ASSERT(start(&asked, "REQUEST_URI=/quick/later", NULL, 0, false, &done));
    CU_ASSERT_STRING_EQUAL(ran.name, "answers_later");
    CU_ASSERT_EQUAL(done, 0);
    CU_ASSERT_EQUAL(asked.reply.headers.len, 0);
    router_finish(&later);
    CU_ASSERT_EQUAL(done, 1);
    CU_ASSERT(has_header(&asked.reply, "X-Request-Id: req_"));
    forget(&asked);

    /* Where nobody else would send it, it is answered at once. */
    ask(&asked, "REQUEST_METHOD=GET", "REQUEST_URI=/quick/later", NULL);
    CU_ASSERT_STRING_EQUAL(ran.name, "answers_later");
    CU_ASSERT(has_header(&asked.reply, "X-Request-Id: req_"));
    forget(&asked);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"finds handlers", test_finds_handlers},
        {"refusals", test_refusals},
        {"common headers", test_common_headers},
        {"problem+json on request", test_problem_json_on_request},
        {"cut body", test_cut_body},
        {"refused body", test_refused_body},
        {"what has to wait", test_what_has_to_wait},
        {"answers later", test_answers_later},
        CU_TEST_INFO_NULL,
    };
    int end;

    if (set_up() != 0)
        return EXIT_FAILURE;
    end = unit_run("router", tests);
    tear_down();
    return end;
}
