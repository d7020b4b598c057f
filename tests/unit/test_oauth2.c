/*
 * test_oauth2.c - unit tests for core/outgoing/oauth2.c and oauth2_answer.c
 */
#include "oauth2.h"

#include "json.h"
#include "unit.h"

#define MAX 65536

/* The client of RFC 6749, 2.3.1. */
static struct oauth2_client
make_client(void)
{
    return (struct oauth2_client){
        .token_url = SLICE("https://auth.example/token"),
        .client_id = SLICE("s6BhdRkqt3"),
        .client_secret = SLICE("7Fjfp0ZBr1KtDRbnfVdmIw"),
    };
}

static void
request_is(const struct oauth2_client *client, const char *body,
           const char *authorization)
{
    struct buf got_body = BUF_INIT(OAUTH2_REQUEST_MAX);
    struct buf got_header = BUF_INIT(OAUTH2_HEADER_MAX);
    struct buf why = BUF_INIT(OAUTH2_WHY_MAX);

    CU_ASSERT_TRUE(oauth2_check(client, &why));
    oauth2_request(client, &got_body, &got_header);
    CU_ASSERT_STRING_EQUAL(got_body.data, body);
    CU_ASSERT_TRUE(slice_is(buf_slice(&got_header), authorization));
    buf_wipe(&got_body);
    buf_wipe(&got_header);
    buf_free(&why);
}

static void
test_requests(void)
{
    struct oauth2_client client = make_client();

    request_is(&client, "grant_type=client_credentials",
               "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
    client.scope = SLICE("read:orders write");
    client.audience = SLICE("https://api.example/?a=b&c");
    request_is(&client,
               "grant_type=client_credentials&scope=read%3Aorders+write"
               "&audience=https%3A%2F%2Fapi.example%2F%3Fa%3Db%26c",
               "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
    client.secret_in_body = true;
    client.scope = client.audience = SLICE_NONE;
    client.client_secret = SLICE("a&b=c \xc3\xab%~");
    request_is(&client,
               "grant_type=client_credentials&client_id=s6BhdRkqt3"
               "&client_secret=a%26b%3Dc+%C3%AB%25%7E",
               "");
}

/* A colon in the secret would end the user's name otherwise. */
static void
test_basic_is_encoded_before_it_is_joined(void)
{
    struct oauth2_client client = make_client();

    client.client_id = SLICE("a:b");
    client.client_secret = SLICE("c d");
    request_is(&client, "grant_type=client_credentials",
               "Basic YSUzQWI6Yytk"); /* a%3Ab:c+d */
}

static void
test_refused_clients(void)
{
    char longest[OAUTH2_SECRET_MAX + 1];
    const struct {
        const char *want;
        struct slice id, secret, scope, url;
    } rows[] = {
        {"client_id: is missing", SLICE(""), SLICE("s"), SLICE(""), SLICE("u")},
        {"client_secret: is missing", SLICE("i"), SLICE_NONE, SLICE(""),
         SLICE("u")},
        {"token_url: is missing", SLICE("i"), SLICE("s"), SLICE(""),
         SLICE_NONE},
        {"client_id: has control characters", SLICE("i\n"), SLICE("s"),
         SLICE(""), SLICE("u")},
        {"client_secret: is not UTF-8", SLICE("i"), SLICE("\xff"), SLICE(""),
         SLICE("u")},
        {"client_secret: has more than 1024 bytes", SLICE("i"),
         slice_make(longest, sizeof(longest)), SLICE(""), SLICE("u")},
        {"scope: has characters that no scope has", SLICE("i"), SLICE("s"),
         SLICE("a\"b"), SLICE("u")},
        {"scope: has characters that no scope has", SLICE("i"), SLICE("s"),
         SLICE("\xc3\xab"), SLICE("u")},
    };
    size_t i;

    memset(longest, 'a', sizeof(longest));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct oauth2_client client = {.token_url = rows[i].url,
                                             .client_id = rows[i].id,
                                             .client_secret = rows[i].secret,
                                             .scope = rows[i].scope};
        struct buf why = BUF_INIT(OAUTH2_WHY_MAX);

        CU_ASSERT_FALSE(oauth2_check(&client, &why));
        CU_ASSERT_TRUE(slice_is(buf_slice(&why), rows[i].want));
        buf_free(&why);
    }
}

static void
test_the_largest_request_has_room(void)
{
    char text[OAUTH2_TEXT_MAX];
    struct buf body = BUF_INIT(OAUTH2_REQUEST_MAX);
    struct buf header = BUF_INIT(OAUTH2_HEADER_MAX);
    struct oauth2_client client = {.secret_in_body = true};

    memset(text, '%', sizeof(text));
    client.client_id = slice_make(text, OAUTH2_ID_MAX);
    client.client_secret = slice_make(text, OAUTH2_SECRET_MAX);
    client.scope = client.audience = slice_make(text, sizeof(text));
    oauth2_request(&client, &body, &header);
    CU_ASSERT_TRUE(buf_ok(&body));
    buf_clear(&body);
    client.secret_in_body = false;
    oauth2_request(&client, &body, &header);
    CU_ASSERT_TRUE(buf_ok(&header) && buf_ok(&body));
    buf_wipe(&body);
    buf_wipe(&header);
}

static void
test_tokens(void)
{
    static const struct {
        const char *claim, *body;
        int64_t renew_after_s;
    } rows[] = {
        {"the answer of RFC 6749, 5.1",
         "{\"access_token\":\"t\",\"token_type\":\"Bearer\","
         "\"expires_in\":3600,\"scope\":\"a\"}",
         3540},
        {"the type in other letters",
         "{\"access_token\":\"t\",\"token_type\":\"bEARER\","
         "\"expires_in\":100}",
         90},
        {"no type at all", "{\"access_token\":\"t\",\"expires_in\":600}", 540},
        {"seconds as text", "{\"access_token\":\"t\",\"expires_in\":\"3599\"}",
         3539},
        {"with a fraction", "{\"access_token\":\"t\",\"expires_in\":10.9}", 9},
        {"no end is told", "{\"access_token\":\"t\"}", 270},
        {"an end that is none", "{\"access_token\":\"t\",\"expires_in\":null}",
         270},
        {"a negative one", "{\"access_token\":\"t\",\"expires_in\":-5}", 270},
        {"in words", "{\"access_token\":\"t\",\"expires_in\":\"soon\"}", 270},
        {"with an exponent", "{\"access_token\":\"t\",\"expires_in\":1e9}",
         270},
        {"an empty one", "{\"access_token\":\"t\",\"expires_in\":\"\"}", 270},
        {"at once", "{\"access_token\":\"t\",\"expires_in\":0}", 0},
        {"in one second", "{\"access_token\":\"t\",\"expires_in\":1}", 0},
        {"in years", "{\"access_token\":\"t\",\"expires_in\":999999999}",
         86340},
        {"in more digits than a number has",
         "{\"access_token\":\"t\",\"expires_in\":"
         "99999999999999999999999999}",
         86340},
        {"escapes are decoded",
         "{\"access_token\":\"\\u0074\",\"expires_in\":600}", 540},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(OAUTH2_WHY_MAX);
        struct oauth2_token token = {.text = "", .renew_after_s = -1};

        CU_ASSERT_EQUAL(
            oauth2_answer(200, slice_of(rows[i].body), &token, &why),
            OAUTH2_TOKEN);
        if (token.renew_after_s != rows[i].renew_after_s)
            fprintf(stderr, "\n%s: %lld\n", rows[i].claim,
                    (long long)token.renew_after_s);
        CU_ASSERT_EQUAL(token.renew_after_s, rows[i].renew_after_s);
        CU_ASSERT_STRING_EQUAL(token.text, "t");
        CU_ASSERT_EQUAL(why.len, 0);
        buf_free(&why);
    }
}

static void
test_other_answers(void)
{
    static const struct {
        long status;
        const char *body;
        enum oauth2_result want;
        const char *why;
    } rows[] = {
        {401,
         "{\"error\":\"invalid_client\",\"error_description\":\"no \\\"such\\\""
         " client\\n\"}",
         OAUTH2_REFUSED,
         "the token endpoint answered 401: \"invalid_client\", \"no "
         "\\\"such\\\" client\""},
        {400, "{\"error\":5}", OAUTH2_REFUSED,
         "the token endpoint answered 400"},
        {302, "", OAUTH2_REFUSED, "the token endpoint answered 302"},
        {404, "<html>", OAUTH2_REFUSED, "the token endpoint answered 404"},
        {429, "", OAUTH2_LATER, "the token endpoint answered 429"},
        {408, "", OAUTH2_LATER, "the token endpoint answered 408"},
        {500, "{\"error\":\"server_error\"}", OAUTH2_LATER,
         "the token endpoint answered 500: \"server_error\""},
        {503, "[]", OAUTH2_LATER, "the token endpoint answered 503"},
        {200, "", OAUTH2_GARBLED,
         "the answer of the token endpoint is not a JSON object"},
        {200, "[]", OAUTH2_GARBLED,
         "the answer of the token endpoint is not a JSON object"},
        {200, "{\"access_token\":\"a\"", OAUTH2_GARBLED,
         "the answer of the token endpoint is not a JSON object"},
        {200, "{\"access_token\":\"a\",\"access_token\":\"b\"}", OAUTH2_GARBLED,
         "the answer of the token endpoint is not a JSON object"},
        {200, "{}", OAUTH2_GARBLED,
         "the answer of the token endpoint has no access_token"},
        {200, "{\"access_token\":5}", OAUTH2_GARBLED,
         "the answer of the token endpoint has no access_token"},
        {200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", OAUTH2_GARBLED,
         "the token is not of the type Bearer"},
        {200, "{\"access_token\":\"a\",\"token_type\":null}", OAUTH2_GARBLED,
         "the token is not of the type Bearer"},
        {200, "{\"access_token\":\"\"}", OAUTH2_GARBLED,
         "the token is empty or has characters that no header can have"},
        {200, "{\"access_token\":\"a\\r\\nHost: b\"}", OAUTH2_GARBLED,
         "the token is empty or has characters that no header can have"},
        {200, "{\"access_token\":\"a\\u0000\"}", OAUTH2_GARBLED,
         "the token is empty or has characters that no header can have"},
        {200, "{\"access_token\":\"\xc3\xab\"}", OAUTH2_GARBLED,
         "the token is empty or has characters that no header can have"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(OAUTH2_WHY_MAX);
        struct oauth2_token token = {.text = "kept", .renew_after_s = -1};
        enum oauth2_result got =
            oauth2_answer(rows[i].status, slice_of(rows[i].body), &token, &why);

        CU_ASSERT_EQUAL(got, rows[i].want);
        if (!slice_is(buf_slice(&why), rows[i].why))
            fprintf(stderr, "\nrow %zu: %s\n", i, buf_slice(&why).ptr);
        CU_ASSERT_TRUE(slice_is(buf_slice(&why), rows[i].why));
        CU_ASSERT_STRING_EQUAL(token.text, "kept");
        CU_ASSERT_EQUAL(token.renew_after_s, -1);
        buf_free(&why);
    }
}

static enum oauth2_result
answer_with(size_t token_len, size_t padding, struct buf *why)
{
    struct buf body = BUF_INIT(4 * MAX);
    struct oauth2_token token;
    enum oauth2_result result;
    size_t i;

    buf_add_text(&body, "{\"access_token\":\"");
    for (i = 0; i < token_len; i++)
        buf_add_char(&body, 'a');
    buf_add_text(&body, "\"}");
    for (i = 0; i < padding; i++)
        buf_add_char(&body, ' ');
    result = oauth2_answer(200, buf_slice(&body), &token, why);
    if (result == OAUTH2_TOKEN)
        CU_ASSERT_EQUAL(strlen(token.text), token_len);
    buf_free(&body);
    return result;
}

static void
test_bounds(void)
{
    struct buf why = BUF_INIT(OAUTH2_WHY_MAX);
    struct buf long_error = BUF_INIT(MAX);
    struct oauth2_token token;
    int i;

    CU_ASSERT_EQUAL(answer_with(OAUTH2_TOKEN_MAX, 0, &why), OAUTH2_TOKEN);
    CU_ASSERT_EQUAL(why.len, 0);
    CU_ASSERT_EQUAL(answer_with(OAUTH2_TOKEN_MAX + 1, 0, &why), OAUTH2_GARBLED);
    CU_ASSERT_STRING_EQUAL(why.data, "the token has more than 4096 bytes");
    buf_clear(&why);
    CU_ASSERT_EQUAL(answer_with(10, OAUTH2_ANSWER_MAX, &why), OAUTH2_GARBLED);
    CU_ASSERT_STRING_EQUAL(why.data,
                           "the answer of the token endpoint is too large");
    buf_clear(&why);
    buf_add_text(&long_error, "{\"error\":\"");
    for (i = 0; i < 9000; i++)
        buf_add_text(&long_error, "\\u0007\\\"");
    buf_add_text(&long_error, "\",\"error_description\":\"");
    for (i = 0; i < 500; i++)
        buf_add_text(&long_error, "\xe2\x82\xac");
    buf_add_text(&long_error, "\"}");
    CU_ASSERT_EQUAL(oauth2_answer(400, buf_slice(&long_error), &token, &why),
                    OAUTH2_REFUSED);
    CU_ASSERT_TRUE(buf_ok(&why));
    CU_ASSERT_TRUE(json_is_utf8(buf_slice(&why)));
    buf_free(&why);
    buf_free(&long_error);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"requests", test_requests},
        {"basic is encoded before it is joined",
         test_basic_is_encoded_before_it_is_joined},
        {"refused clients", test_refused_clients},
        {"the largest request has room", test_the_largest_request_has_room},
        {"tokens", test_tokens},
        {"other answers", test_other_answers},
        {"bounds", test_bounds},
        CU_TEST_INFO_NULL,
    };

    return unit_run("oauth2", tests);
}
