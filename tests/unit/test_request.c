/*
 * test_request.c - unit tests for fcgi/request.c
 */
#include "request_fixture.h"
#include "unit.h"

static void
assert_text(const char *claim, struct slice got, const char *want)
{
    CU_ASSERT(fixture_same(claim, got, want));
}

static void
test_path(void)
{
    static const struct {
        const char *claim;
        const char *base_path;
        const char *uri;
        const char *want; /* NULL: not readable */
    } rows[] = {
        {"a path is taken as it is", "", "REQUEST_URI=/api/stats",
         "/api/stats"},
        {"the query is no part of it", "", "REQUEST_URI=/api/stats?a=/b",
         "/api/stats"},
        {"one trailing slash is the same path", "", "REQUEST_URI=/api/stats/",
         "/api/stats"},
        {"the root stays", "", "REQUEST_URI=/", "/"},
        {"a root with a query stays", "", "REQUEST_URI=/?x", "/"},
        {"escapes are decoded", "", "REQUEST_URI=/api/%73tats", "/api/stats"},
        {"escaped UTF-8 is decoded", "", "REQUEST_URI=/%C3%A4", "/\303\244"},
        {"the base path is removed", "/hooks", "REQUEST_URI=/hooks/health",
         "/health"},
        {"the base path alone is the root", "/hooks", "REQUEST_URI=/hooks",
         "/"},
        {"a longer name is not the base path", "/hooks",
         "REQUEST_URI=/hooksmith", "/hooksmith"},
        {"absolute form names the host first", "",
         "REQUEST_URI=http://host:80/health?x", "/health"},
        {"absolute form without a path is the root", "",
         "REQUEST_URI=http://host", "/"},
        {"an encoded slash is refused", "", "REQUEST_URI=/api%2Fstats", NULL},
        {"an encoded NUL is refused", "", "REQUEST_URI=/api%00", NULL},
        {"a cut escape is refused", "", "REQUEST_URI=/api%4", NULL},
        {"a broken escape is refused", "", "REQUEST_URI=/api%zz", NULL},
        {"overlong UTF-8 is refused", "", "REQUEST_URI=/%C0%AF", NULL},
        {"PATH_INFO serves where there is no URI", "", "PATH_INFO=/health",
         "/health"},
        {"SCRIPT_NAME serves where there is nothing else", "",
         "SCRIPT_NAME=/health", "/health"},
        {"where there is no path at all it is the root", "", "X=1", "/"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {.params = {"REQUEST_METHOD=GET", rows[i].uri}};

        fixture_read(&f, rows[i].base_path);
        if (f.readable != (rows[i].want != NULL))
            fprintf(stderr, "\n%s: readable %d\n", rows[i].claim, f.readable);
        CU_ASSERT_EQUAL(f.readable, rows[i].want != NULL);
        assert_text(rows[i].claim, f.request.path,
                    rows[i].want == NULL ? "" : rows[i].want);
        request_free(&f.request);
    }
}

static void
test_program_name_in_front(void)
{
    struct fixture f = {
        .params = {"REQUEST_METHOD=GET", "REQUEST_URI=/cgi/postern.fcgi/health",
                   "SCRIPT_NAME=/cgi/postern.fcgi", "PATH_INFO=/health"}};

    fixture_read(&f, "");
    CU_ASSERT(f.readable);
    assert_text("the program's own name is removed", f.request.path, "/health");
    request_free(&f.request);
}

static void
test_no_method(void)
{
    struct fixture f = {.params = {"REQUEST_URI=/health"}};

    fixture_read(&f, "");
    CU_ASSERT_FALSE(f.readable);
    CU_ASSERT_EQUAL(f.request.method, METHOD_OTHER);
    request_free(&f.request);
}

static void
test_methods(void)
{
    static const struct {
        const char *param;
        enum method want;
    } rows[] = {
        {"REQUEST_METHOD=GET", METHOD_GET},
        {"REQUEST_METHOD=HEAD", METHOD_HEAD},
        {"REQUEST_METHOD=POST", METHOD_POST},
        {"REQUEST_METHOD=PUT", METHOD_PUT},
        {"REQUEST_METHOD=PATCH", METHOD_PATCH},
        {"REQUEST_METHOD=DELETE", METHOD_DELETE},
        {"REQUEST_METHOD=OPTIONS", METHOD_OPTIONS},
        {"REQUEST_METHOD=BREW", METHOD_OTHER},
        {"REQUEST_METHOD=get", METHOD_OTHER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {.params = {rows[i].param, "REQUEST_URI=/"}};

        fixture_read(&f, "");
        CU_ASSERT_EQUAL(f.request.method, rows[i].want);
        request_free(&f.request);
    }
}

static void
test_query(void)
{
    struct fixture f = {
        .params = {"REQUEST_METHOD=GET",
                   "REQUEST_URI=/x?limit=20&cursor=a%2Fb+c&empty=&bare&limit=9"
                   "&bad=%00&odd=%zz&%6e=escaped&utf=%FF",
                   "QUERY_STRING=limit=20&cursor=a%2Fb+c&empty=&bare&limit=9"
                   "&bad=%00&odd=%zz&%6e=escaped&utf=%FF"}};
    static const struct {
        const char *claim;
        const char *name;
        const char *want;
    } rows[] = {
        {"the first of two counts", "limit", "20"},
        {"escapes and plus are decoded", "cursor", "a/b c"},
        {"an empty value is there", "empty", ""},
        {"a name without '=' is there, empty", "bare", ""},
        {"a value with NUL counts as absent", "bad", NULL},
        {"a broken escape stays as it is", "odd", "%zz"},
        {"names are decoded too", "n", "escaped"},
        {"what is no UTF-8 counts as absent", "utf", NULL},
        {"what was not sent is absent", "missing", NULL},
    };
    size_t i;

    fixture_read(&f, "");
    CU_ASSERT(f.readable);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_text(rows[i].claim, request_query(&f.request, rows[i].name),
                    rows[i].want);
    request_free(&f.request);
}

/* Decoded they take half as much room again as they came in: what was decoded
   before must stay where it is. */
static void
test_many_short_pairs(void)
{
    enum { PAIRS = 16000 };
    struct fixture f = {.params = {"REQUEST_METHOD=GET"}};
    struct buf uri = BUF_INIT(100 + 2 * PAIRS);
    size_t i, cap;

    buf_add_text(&uri, "REQUEST_URI=/some/path?");
    for (i = 0; i < PAIRS; i++)
        buf_add_text(&uri, i == 0 ? "a" : "&b");
    f.params[1] = uri.data;
    fixture_read(&f, "");
    CU_ASSERT(f.readable);
    assert_text("the path stays", f.request.path, "/some/path");
    CU_ASSERT_PTR_EQUAL(f.request.path.ptr, f.request.storage.data);
    assert_text("the first pair is there", request_query(&f.request, "a"), "");
    CU_ASSERT_EQUAL(f.request.query_pairs.len, 3 * PAIRS);

    /* The memory is used again, whichever size it has. */
    cap = f.request.storage.cap;
    request_clear(&f.request);
    CU_ASSERT(request_read_params(&f.request, "", fixture_params(&f)));
    CU_ASSERT_EQUAL(f.request.storage.cap, cap);
    CU_ASSERT_PTR_EQUAL(f.request.path.ptr, f.request.storage.data);
    request_free(&f.request);
    buf_free(&uri);
}

static void
test_headers(void)
{
    struct fixture f = {.params = {"REQUEST_METHOD=POST", "REQUEST_URI=/",
                                   "CONTENT_TYPE=", "CONTENT_LENGTH=12",
                                   "HTTP_X_API_KEY=k",
                                   "REDIRECT_HTTP_AUTHORIZATION=Bearer t",
                                   "HTTP_EMPTY=", "HTTP_X_API_KEYS=other",
                                   "HTTP_X_TWICE=1", "HTTP_X_TWICE=2"}};

    fixture_read(&f, "");
    assert_text("any letter case finds a header",
                request_header(&f.request, "x-api-KEY"), "k");
    assert_text("an empty content type is none",
                request_header(&f.request, "Content-Type"), NULL);
    assert_text("the length has a variable of its own",
                request_header(&f.request, "Content-Length"), "12");
    assert_text("Apache's renamed Authorization is found",
                request_header(&f.request, "Authorization"), "Bearer t");
    assert_text("an empty header is there", request_header(&f.request, "Empty"),
                "");
    assert_text("an absent one is not", request_header(&f.request, "X-Api"),
                NULL);
    assert_text("of two lines the first", request_header(&f.request, "X-Twice"),
                "1");
    CU_ASSERT_TRUE(request_header_repeats(&f.request, "x-twice"));
    CU_ASSERT_FALSE(request_header_repeats(&f.request, "X-Api-Key"));
    CU_ASSERT_FALSE(request_header_repeats(&f.request, "X-Api"));
    request_free(&f.request);
}

static void
test_proxies(void)
{
    static const struct {
        const char *claim;
        const char *remote;
        const char *forwarded;
        const char *want;
        const char *added; /* a line behind it */
    } rows[] = {
        {"a stranger's header is ignored", "REMOTE_ADDR=198.51.100.7",
         "HTTP_X_FORWARDED_FOR=1.2.3.4", "198.51.100.7", NULL},
        {"a proxy's client is the last stranger", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4", NULL},
        {"what stands before him is his own claim", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=10.0.0.9, 1.2.3.4", "1.2.3.4", NULL},
        {"only proxies: the first of them", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=10.0.0.3,10.0.0.2", "10.0.0.3", NULL},
        {"a port is left out", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=1.2.3.4:5678", "1.2.3.4", NULL},
        {"IPv6 with a port", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=[2001:db8::1]:5678", "2001:db8::1", NULL},
        {"IPv6 without one", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=2001:db8::1", "2001:db8::1", NULL},
        {"an empty item ends the walk", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=1.2.3.4,,10.0.0.2", "10.0.0.2", NULL},
        {"no header: the proxy itself", "REMOTE_ADDR=10.0.0.1", "X=1",
         "10.0.0.1", NULL},
        {"of two lines the last is the proxy's", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=6.6.6.6", "1.2.3.4",
         "HTTP_X_FORWARDED_FOR=1.2.3.4"},
        {"one of proxies only: the walk goes on", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=6.6.6.6, 1.2.3.4", "1.2.3.4",
         "HTTP_X_FORWARDED_FOR=10.0.0.3, 10.0.0.2"},
        {"an empty one ends the walk", "REMOTE_ADDR=10.0.0.1",
         "HTTP_X_FORWARDED_FOR=1.2.3.4", "10.0.0.1", "HTTP_X_FORWARDED_FOR="},
    };
    struct buf why = BUF_INIT(200);
    struct target_nets trusted;
    size_t i;

    CU_ASSERT_FATAL(target_nets_parse("10.0.0.0/8", &trusted, &why));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {.params = {"REQUEST_METHOD=GET", "REQUEST_URI=/",
                                       rows[i].remote, rows[i].forwarded,
                                       "HTTP_X_FORWARDED_PROTO=https",
                                       rows[i].added}};

        fixture_read(&f, "");
        request_trust_proxies(&f.request, &trusted);
        assert_text(rows[i].claim, f.request.remote_address, rows[i].want);
        CU_ASSERT_EQUAL(f.request.https,
                        strncmp(rows[i].remote, "REMOTE_ADDR=10.", 15) == 0);
        request_free(&f.request);
    }
    buf_free(&why);
}

/* The memory of one request serves the next without showing through. */
static void
test_clear(void)
{
    struct fixture f = {.params = {"REQUEST_METHOD=GET", "REQUEST_URI=/a?b=c"}};
    char first_id[REQUEST_ID_MAX];

    fixture_read(&f, "");
    buf_add_text(&f.request.body, "body");
    memcpy(first_id, f.request.id, sizeof(first_id));
    CU_ASSERT(strncmp(first_id, "req_", 4) == 0);
    CU_ASSERT_EQUAL(strlen(first_id), 17);
    request_clear(&f.request);
    CU_ASSERT_EQUAL(f.request.body.len, 0);
    CU_ASSERT_EQUAL(f.request.body.max, FIXTURE_BODY_MAX);
    CU_ASSERT_PTR_NULL(request_query(&f.request, "b").ptr);
    CU_ASSERT(request_read_params(&f.request, "", fixture_params(&f)));
    CU_ASSERT_STRING_NOT_EQUAL(f.request.id, first_id);
    request_free(&f.request);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"path", test_path},
        {"program name in front", test_program_name_in_front},
        {"no method", test_no_method},
        {"methods", test_methods},
        {"query", test_query},
        {"many short pairs", test_many_short_pairs},
        {"headers", test_headers},
        {"proxies", test_proxies},
        {"clear", test_clear},
        CU_TEST_INFO_NULL,
    };

    return unit_run("request", tests);
}
