/*
 * test_endpoint_auth.c - unit tests for core/outgoing/endpoint_auth.c
 */
#include "endpoint_auth.h"
#include "unit.h"

#include <string.h>

static struct endpoint_auth *
read_text(const char *json, struct buf *why)
{
    struct json_value value;

    CU_ASSERT_FATAL(json_read(slice_of(json), &value, NULL));
    return endpoint_auth_read(value.text, why);
}

static void
test_shown(void)
{
    static const struct {
        const char *json;
        const char *shown;
    } rows[] = {
        {"{\"type\":\"basic\",\"user\":\"a\",\"password\":\"p\"}",
         "{\"type\":\"basic\",\"user\":\"a\",\"password\":\"***\"}"},
        {"{\"type\":\"basic\",\"user\":\"a\"}",
         "{\"type\":\"basic\",\"user\":\"a\",\"password\":\"***\"}"},
        {"{\"token\":\"t\",\"type\":\"bearer\"}",
         "{\"type\":\"bearer\",\"token\":\"***\"}"},
        {"{\"type\":\"api_key\",\"token\":\"t\",\"header\":\"X-\\u004b\"}",
         "{\"type\":\"api_key\",\"token\":\"***\",\"header\":\"X-K\"}"},
        {"{\"type\":\"oauth2\",\"token_url\":\"https://e.org/\","
         "\"client_id\":\"c\",\"client_secret\":\"s\",\"secret_in_body\":true}",
         "{\"type\":\"oauth2\",\"token_url\":\"https://e.org/\","
         "\"client_id\":\"c\",\"client_secret\":\"***\","
         "\"secret_in_body\":true}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
        struct buf shown = BUF_INIT(4096);
        struct endpoint_auth *auth = read_text(rows[i].json, &why);

        CU_ASSERT_PTR_NOT_NULL_FATAL(auth);
        endpoint_auth_print_shown(auth, &shown);
        CU_ASSERT_STRING_EQUAL(shown.data, rows[i].shown);
        endpoint_auth_free(auth);
        buf_free(&shown);
        buf_free(&why);
    }
}

static void
test_refused(void)
{
    static const struct {
        const char *json;
        const char *why; /* begins so */
    } rows[] = {
        {"{}", "type: is missing"},
        {"{\"type\":\"none\"}", "type: must be"},
        {"{\"type\":5}", "type: must be"},
        {"{\"type\":\"basic\"}", "user: is missing"},
        {"{\"type\":\"bearer\",\"token\":null}", "token: must be a text"},
        {"{\"type\":\"bearer\",\"token\":\"\\u0000\"}", "token: has control"},
        {"{\"type\":\"bearer\",\"token\":\"t\",\"scope\":\"a\"}",
         "\"scope\": does not belong"},
        {"{\"type\":\"oauth2\",\"client_id\":\"c\"}", "token_url: is missing"},
        {"{\"type\":\"oauth2\",\"secret_in_body\":1}",
         "secret_in_body: must be true or false"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
        struct endpoint_auth *auth = read_text(rows[i].json, &why);

        CU_ASSERT_PTR_NULL(auth);
        endpoint_auth_free(auth);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why.data);
        if (strncmp(why.data, rows[i].why, strlen(rows[i].why)) != 0)
            fprintf(stderr, "\n%s: got \"%s\"\n", rows[i].json, why.data);
        CU_ASSERT_NSTRING_EQUAL(why.data, rows[i].why, strlen(rows[i].why));
        buf_free(&why);
    }
}

/* Of a name that stands twice inside a longer text the last counts. */
static void
test_repeated(void)
{
    struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
    struct endpoint_auth *auth = endpoint_auth_read(
        SLICE("{\"type\":\"bearer\",\"token\":\"a\",\"token\":\"b\"}"), &why);

    CU_ASSERT_PTR_NOT_NULL_FATAL(auth);
    CU_ASSERT(slice_is(auth->header.token, "b"));
    endpoint_auth_free(auth);
    buf_free(&why);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what may be shown", test_shown},
        {"what is refused, and why", test_refused},
        {"a repeated member", test_repeated},
        CU_TEST_INFO_NULL,
    };

    return unit_run("endpoint_auth", tests);
}
