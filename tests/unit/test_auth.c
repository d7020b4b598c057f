/*
 * test_auth.c - unit tests for fcgi/auth.c, as far as they need no database.
 */
#include "auth.h"

#include "contact.h"
#include "request_fixture.h"
#include "unit.h"

#include <unistd.h>

static struct app app;
static struct settings settings;

/* Nobody listens there, so the database is away. */
static int
set_up(void)
{
    static char no_socket[] = "db_socket=/nonexistent/postern-test.sock";
    static char secret[] = "api_secret_key=bootstrap-secret-of-the-test";
    static const uint8_t key[32];
    char *overrides[] = {no_socket, secret};
    struct buf why = BUF_INIT(1000);

    if (!settings_load_with(&settings, "/dev/null", environ, overrides, 2,
                            &why)) {
        fprintf(stderr, "%s\n", why.data);
        return 1;
    }
    app.settings = &settings;
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

static void
test_scopes(void)
{
    static const struct {
        const char *claim;
        enum scope scope;
        bool read, send, manage;
    } rows[] = {
        {"admin may everything", SCOPE_ADMIN, true, true, true},
        {"app may everything in its application", SCOPE_APP, true, true, true},
        {"send may trigger only", SCOPE_SEND, false, true, false},
        {"read may look only", SCOPE_READ, true, false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum scope scope = rows[i].scope;

        CU_ASSERT_EQUAL(auth_scope_allows(scope, ACCESS_READ), rows[i].read);
        CU_ASSERT_EQUAL(auth_scope_allows(scope, ACCESS_PUBLIC_STATS),
                        rows[i].read);
        CU_ASSERT_EQUAL(auth_scope_allows(scope, ACCESS_SEND), rows[i].send);
        CU_ASSERT_EQUAL(auth_scope_allows(scope, ACCESS_MANAGE),
                        rows[i].manage);
        CU_ASSERT(auth_scope_allows(scope, ACCESS_OPEN));
        CU_ASSERT(auth_scope_allows(scope, ACCESS_ALWAYS));
    }
}

static void
test_token_places(void)
{
    static const struct {
        const char *claim;
        const char *first, *second;
        const char *want;
    } rows[] = {
        {"Bearer", "HTTP_AUTHORIZATION=Bearer abc", NULL, "abc"},
        {"the scheme in any letter case", "HTTP_AUTHORIZATION=bEARER abc", NULL,
         "abc"},
        {"white space around it does not count",
         "HTTP_AUTHORIZATION=Bearer   abc ", NULL, "abc"},
        {"X-API-Key", "HTTP_X_API_KEY=abc", NULL, "abc"},
        {"Authorization wins", "HTTP_AUTHORIZATION=Bearer abc",
         "HTTP_X_API_KEY=other", "abc"},
        {"another scheme is no token", "HTTP_AUTHORIZATION=Basic abc", NULL,
         NULL},
        {"... and leaves the key its chance", "HTTP_AUTHORIZATION=Basic abc",
         "HTTP_X_API_KEY=key", "key"},
        {"nothing", NULL, NULL, NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {.params = {"REQUEST_METHOD=GET", "REQUEST_URI=/",
                                       rows[i].first, rows[i].second}};

        fixture_read(&f, "");
        CU_ASSERT(
            fixture_same(rows[i].claim, auth_token(&f.request), rows[i].want));
        request_free(&f.request);
    }
}

static void
test_check(void)
{
    static const struct {
        const char *claim;
        enum access access;
        const char *header;
        int status; /* 0: let in */
        bool anonymous;
        const char *body;
    } rows[] = {
        {"an open route asks nobody", ACCESS_OPEN, NULL, 0, true, NULL},
        {"nor does it look at a token", ACCESS_OPEN,
         "HTTP_AUTHORIZATION=Bearer nonsense", 0, true, NULL},
        {"statistics are public as shipped", ACCESS_PUBLIC_STATS, NULL, 0, true,
         NULL},
        {"no token", ACCESS_READ, NULL, 401, true,
         "{\"detail\":\"Authentication required: Authorization: Bearer TOKEN "
         "or X-API-Key: TOKEN\"}"},
        {"an empty token is none", ACCESS_READ, "HTTP_AUTHORIZATION=Bearer  ",
         401, true,
         "{\"detail\":\"Authentication required: Authorization: Bearer TOKEN "
         "or X-API-Key: TOKEN\"}"},
        {"API_SECRET_KEY is an admin", ACCESS_MANAGE,
         "HTTP_X_API_KEY=bootstrap-secret-of-the-test", 0, false, NULL},
        {"the beginning of it is nothing", ACCESS_MANAGE,
         "HTTP_X_API_KEY=bootstrap-secret-of-the-tes", 503, true,
         "{\"detail\":\"The database is not available at the moment\"}"},
        {"a token that cannot be looked up is not refused", ACCESS_READ,
         "HTTP_AUTHORIZATION=Bearer pst_abc", 503, true,
         "{\"detail\":\"The database is not available at the moment\"}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {
            .params = {"REQUEST_METHOD=GET", "REQUEST_URI=/", rows[i].header}};
        struct reply reply;
        struct exchange exchange = {.app = &app,
                                    .request = &f.request,
                                    .reply = &reply,
                                    .may_wait = true};
        bool let_in;

        fixture_read(&f, "");
        reply_init(&reply);
        exchange.catalog = catalog_take(app.catalog);
        let_in = auth_check(&exchange, rows[i].access);
        if (let_in != (rows[i].status == 0))
            fprintf(stderr, "\n%s: let in %d\n", rows[i].claim, let_in);
        CU_ASSERT_EQUAL(let_in, rows[i].status == 0);
        CU_ASSERT_EQUAL(exchange.caller.anonymous, rows[i].anonymous);
        if (!let_in) {
            CU_ASSERT_EQUAL(reply.status, rows[i].status);
            CU_ASSERT(fixture_same(rows[i].claim, buf_slice(&reply.body),
                                   rows[i].body));
        }
        catalog_release(exchange.catalog);
        reply_free(&reply);
        request_free(&f.request);
    }
}

/* Also where a receiver's family would say {"error","message"}. */
static void
test_refusal_names_the_scheme(void)
{
    struct fixture f = {.params = {"REQUEST_METHOD=GET", "REQUEST_URI=/"}};
    struct reply reply;
    struct exchange exchange = {
        .app = &app, .request = &f.request, .reply = &reply, .may_wait = true};

    fixture_read(&f, "");
    reply_init(&reply);
    reply.family = FAMILY_RECEIVE;
    exchange.catalog = catalog_take(app.catalog);
    CU_ASSERT_FALSE(auth_check(&exchange, ACCESS_READ));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        reply.headers.data, "WWW-Authenticate: Bearer realm=\"postern\"\r\n"));
    CU_ASSERT_EQUAL(strncmp(reply.body.data, "{\"detail\":", 10), 0);
    catalog_release(exchange.catalog);
    reply_free(&reply);
    request_free(&f.request);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"scopes", test_scopes},
        {"token places", test_token_places},
        {"check", test_check},
        {"a refusal names the scheme", test_refusal_names_the_scheme},
        CU_TEST_INFO_NULL,
    };
    int end;

    if (set_up() != 0)
        return EXIT_FAILURE;
    end = unit_run("auth", tests);
    tear_down();
    return end;
}
