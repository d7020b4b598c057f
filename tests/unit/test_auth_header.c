/*
 * test_auth_header.c - unit tests for core/outgoing/auth_header.c and
 * header_allowed.c
 */
#include "auth_header.h"

#include "header_allowed.h"
#include "unit.h"

#define MAX 20000

static void
test_header_names(void)
{
    static const struct {
        const char *name;
        enum header_verdict want;
    } rows[] = {
        {"X-Api-Key", HEADER_ALLOWED},
        {"Authorization", HEADER_ALLOWED},
        {"Cookie", HEADER_ALLOWED},
        {"Hosted", HEADER_ALLOWED},
        {"X-Host", HEADER_ALLOWED},
        {"Webhooks", HEADER_ALLOWED},
        {"Content-Language", HEADER_ALLOWED},
        {"!#$%&'*+-.^_`|~aZ09", HEADER_ALLOWED},
        {"", HEADER_NOT_A_NAME},
        {"X Key", HEADER_NOT_A_NAME},
        {"X-Key:", HEADER_NOT_A_NAME},
        {"X-Key\r\nHost", HEADER_NOT_A_NAME},
        {"X-Key\n", HEADER_NOT_A_NAME},
        {":authority", HEADER_NOT_A_NAME},
        {"X-K\xc3\xab", HEADER_NOT_A_NAME},
        {"X(Key)", HEADER_NOT_A_NAME},
        {"webhook-id", HEADER_IS_OURS},
        {"WEBHOOK-anything", HEADER_IS_OURS},
        {"X-Webhook-Signature", HEADER_IS_OURS},
        {"svix-id", HEADER_IS_OURS},
        {"ce-type", HEADER_IS_OURS},
        {"content-type", HEADER_IS_OURS},
        {"User-Agent", HEADER_IS_OURS},
        {"TraceParent", HEADER_IS_OURS},
        {"host", HEADER_IS_FRAMING},
        {"Content-Length", HEADER_IS_FRAMING},
        {"Content-Encoding", HEADER_IS_FRAMING},
        {"transfer-encoding", HEADER_IS_FRAMING},
        {"Expect", HEADER_IS_FRAMING},
        {"connection", HEADER_IS_HOP_BY_HOP},
        {"Keep-Alive", HEADER_IS_HOP_BY_HOP},
        {"TE", HEADER_IS_HOP_BY_HOP},
        {"Trailer", HEADER_IS_HOP_BY_HOP},
        {"Upgrade", HEADER_IS_HOP_BY_HOP},
        {"Proxy-Authorization", HEADER_IS_HOP_BY_HOP},
        {"proxy-connection", HEADER_IS_HOP_BY_HOP},
        {"http2-settings", HEADER_IS_HOP_BY_HOP},
    };
    char longest[HEADER_NAME_MAX + 1];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum header_verdict got = header_allowed(slice_of(rows[i].name));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: %s\n", rows[i].name,
                    header_verdict_text(got));
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_TRUE(strlen(header_verdict_text(got)) > 0);
    }
    memset(longest, 'a', sizeof(longest));
    CU_ASSERT_EQUAL(header_allowed(slice_make(longest, HEADER_NAME_MAX)),
                    HEADER_ALLOWED);
    CU_ASSERT_EQUAL(header_allowed(slice_make(longest, HEADER_NAME_MAX + 1)),
                    HEADER_NOT_A_NAME);
    CU_ASSERT_EQUAL(header_allowed(slice_make("X-K\0y", 5)), HEADER_NOT_A_NAME);
    CU_ASSERT_EQUAL(header_allowed(SLICE_NONE), HEADER_NOT_A_NAME);
}

static void
test_header_values(void)
{
    static const char *const good[] = {"", "a", "a b\tc", "\xc3\xab", "\"q\""};
    static const char *const bad[] = {" a",  "a ",  "a\n",     "a\r\nHost: b",
                                      "\ta", "a\r", "a\x7f b", "\x01"};
    char longest[HEADER_VALUE_MAX + 1];
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CU_ASSERT_TRUE(header_value_allowed(slice_of(good[i])));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(header_value_allowed(slice_of(bad[i])));
    CU_ASSERT_FALSE(header_value_allowed(slice_make("a\0b", 3)));
    memset(longest, 'a', sizeof(longest));
    CU_ASSERT_TRUE(header_value_allowed(slice_make(longest, HEADER_VALUE_MAX)));
    CU_ASSERT_FALSE(
        header_value_allowed(slice_make(longest, HEADER_VALUE_MAX + 1)));
}

#define NONE SLICE_NONE

/* The first is the example of RFC 7617, the second of its section 2.1. */
static void
test_headers(void)
{
    const struct {
        const char *claim;
        struct auth auth;
        const char *name, *value;
    } rows[] = {
        {"basic",
         {AUTH_BASIC, SLICE("Aladdin"), SLICE("open sesame"), NONE, NONE},
         "Authorization",
         "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"basic in UTF-8",
         {AUTH_BASIC, SLICE("test"), SLICE("123\xc2\xa3"), NONE, NONE},
         "Authorization",
         "Basic dGVzdDoxMjPCow=="},
        {"a password may be empty or have colons",
         {AUTH_BASIC, SLICE(""), SLICE("a:b"), NONE, NONE},
         "Authorization",
         "Basic OmE6Yg=="},
        {"bearer",
         {AUTH_BEARER, NONE, NONE, SLICE("mF_9.B5f-4.1JqM"), NONE},
         "Authorization",
         "Bearer mF_9.B5f-4.1JqM"},
        {"a key in the usual header",
         {AUTH_API_KEY, NONE, NONE, SLICE("k 1"), NONE},
         "X-API-Key",
         "k 1"},
        {"a key in another header",
         {AUTH_API_KEY, NONE, NONE, SLICE("Token abc"), SLICE("Authorization")},
         "Authorization",
         "Token abc"},
    };
    const struct auth none = {.kind = AUTH_NONE};
    struct buf value = BUF_INIT(AUTH_VALUE_MAX), why = BUF_INIT(AUTH_WHY_MAX);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice name;

        CU_ASSERT_TRUE(auth_header_check(&rows[i].auth, &why));
        buf_clear(&value);
        name = auth_header(&rows[i].auth, &value);
        CU_ASSERT_TRUE(slice_is(name, rows[i].name));
        if (!slice_is(buf_slice(&value), rows[i].value))
            fprintf(stderr, "\n%s: %s\n", rows[i].claim, value.data);
        CU_ASSERT_STRING_EQUAL(value.data, rows[i].value);
    }
    buf_clear(&value);
    CU_ASSERT_TRUE(auth_header_check(&none, &why));
    CU_ASSERT_PTR_NULL(auth_header(&none, &value).ptr);
    CU_ASSERT_EQUAL(value.len, 0);
    CU_ASSERT_EQUAL(why.len, 0);
    buf_wipe(&value);
    buf_free(&why);
}

static void
test_refused(void)
{
    const struct {
        struct auth auth;
        const char *want;
    } rows[] = {
        {{AUTH_BASIC, NONE, SLICE("p"), NONE, NONE}, "user: is missing"},
        {{AUTH_BASIC, SLICE("u"), NONE, NONE, NONE}, "password: is missing"},
        {{AUTH_BASIC, SLICE("a:b"), SLICE("p"), NONE, NONE},
         "user: cannot have a colon"},
        {{AUTH_BASIC, SLICE("u"), SLICE("p\n"), NONE, NONE},
         "password: has control characters"},
        {{AUTH_BASIC, SLICE("u"), SLICE("p"), SLICE("t"), NONE},
         "token: does not belong to this kind"},
        {{AUTH_BEARER, NONE, NONE, NONE, NONE}, "token: is missing"},
        {{AUTH_BEARER, NONE, NONE, SLICE(""), NONE}, "token: is empty"},
        {{AUTH_BEARER, NONE, NONE, SLICE("a b"), NONE},
         "token: has other than visible ASCII characters"},
        {{AUTH_BEARER, NONE, NONE, SLICE("a\r\nHost: b"), NONE},
         "token: has control characters"},
        {{AUTH_BEARER, SLICE("u"), NONE, SLICE("t"), NONE},
         "user: does not belong to this kind"},
        {{AUTH_BEARER, NONE, NONE, SLICE("t"), SLICE("X-Key")},
         "header: does not belong to this kind"},
        {{AUTH_API_KEY, NONE, NONE, SLICE("\xc3\xab"), NONE},
         "token: has other than ASCII characters"},
        {{AUTH_API_KEY, NONE, NONE, SLICE(" a"), NONE},
         "token: has white space around it"},
        {{AUTH_API_KEY, NONE, NONE, SLICE("a"), SLICE("Host")},
         "header: is set by HTTP itself"},
        {{AUTH_API_KEY, NONE, NONE, SLICE("a"), SLICE("webhook-id")},
         "header: is set by the gateway"},
        {{AUTH_API_KEY, NONE, NONE, SLICE("a"), SLICE("a\r\nb")},
         "header: is not the name of a header"},
        {{AUTH_API_KEY, NONE, SLICE("p"), SLICE("a"), NONE},
         "password: does not belong to this kind"},
        {{AUTH_NONE, NONE, NONE, SLICE("a"), NONE},
         "token: does not belong to this kind"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(AUTH_WHY_MAX);

        CU_ASSERT_FALSE(auth_header_check(&rows[i].auth, &why));
        if (!slice_is(buf_slice(&why), rows[i].want))
            fprintf(stderr, "\nrow %zu: %s\n", i, buf_slice(&why).ptr);
        CU_ASSERT_TRUE(slice_is(buf_slice(&why), rows[i].want));
        buf_free(&why);
    }
}

static void
test_bounds(void)
{
    char text[AUTH_TOKEN_MAX + 1];
    struct buf why = BUF_INIT(AUTH_WHY_MAX), value = BUF_INIT(AUTH_VALUE_MAX);
    struct auth auth = {.kind = AUTH_BASIC};

    memset(text, 'a', sizeof(text));
    auth.user = auth.password = slice_make(text, AUTH_TEXT_MAX);
    CU_ASSERT_TRUE(auth_header_check(&auth, &why));
    (void)auth_header(&auth, &value);
    CU_ASSERT_TRUE(buf_ok(&value));
    auth.password = slice_make(text, AUTH_TEXT_MAX + 1);
    CU_ASSERT_FALSE(auth_header_check(&auth, &why));
    CU_ASSERT_STRING_EQUAL(why.data, "password: has more than 2048 bytes");
    buf_clear(&why);
    auth = (struct auth){.kind = AUTH_BEARER};
    auth.token = slice_make(text, AUTH_TOKEN_MAX);
    CU_ASSERT_TRUE(auth_header_check(&auth, &why));
    auth.token.len++;
    CU_ASSERT_FALSE(auth_header_check(&auth, &why));
    CU_ASSERT_STRING_EQUAL(why.data, "token: has more than 4096 bytes");
    buf_free(&why);
    buf_wipe(&value);
}

static void
test_kinds(void)
{
    enum auth_kind kind, got;

    for (kind = AUTH_NONE; kind <= AUTH_API_KEY; kind++) {
        CU_ASSERT_TRUE(
            auth_kind_from_name(slice_of(auth_kind_name(kind)), &got));
        CU_ASSERT_EQUAL(got, kind);
    }
    CU_ASSERT_FALSE(auth_kind_from_name(SLICE("digest"), &got));
    CU_ASSERT_FALSE(auth_kind_from_name(SLICE_NONE, &got));
    CU_ASSERT_EQUAL(got, AUTH_API_KEY);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"header names", test_header_names},
        {"header values", test_header_values},
        {"headers", test_headers},
        {"refused", test_refused},
        {"bounds", test_bounds},
        {"kinds", test_kinds},
        CU_TEST_INFO_NULL,
    };

    return unit_run("auth_header", tests);
}
