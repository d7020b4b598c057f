/*
 * test_inbound_form.c - unit tests for core/inbound/inbound_form.c
 */
#include "inbound_form.h"
#include "unit.h"

#include "json.h"

static void
test_forms(void)
{
    static const struct {
        const char *claim, *body, *want;
    } rows[] = {
        {"fields are strings", "a=1&b=x", "{\"a\":\"1\",\"b\":\"x\"}"},
        {"decoded", "a+b=%C3%bc+%2B%22%5c", "{\"a b\":\"\xc3\xbc +\\\"\\\\\"}"},
        {"a name that comes twice has a list", "a=1&b=2&a=3",
         "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}"},
        {"also in other letters", "a=1&%61=2", "{\"a\":[\"1\",\"2\"]}"},
        {"without a value", "a&b=&=c", "{\"\":\"c\",\"a\":\"\",\"b\":\"\"}"},
        {"a value with '='", "a=b=c", "{\"a\":\"b=c\"}"},
        {"nothing", "", "{}"},
        {"borders alone", "&&", "{}"},
        {"a broken %", "a=%&b=%4&c=%zz&d=%41",
         "{\"a\":\"%\",\"b\":\"%4\","
         "\"c\":\"%zz\",\"d\":\"A\"}"},
        {"NUL and control characters", "a=%00%1f",
         "{\"a\":\"\\u0000\\u001f\"}"},
        {"what is not UTF-8", "a=%ff", "{\"a\":\"\xef\xbf\xbd\"}"},
        {"names that become the same", "%ff=1&%fe=2",
         "{\"\xef\xbf\xbd\":[\"1\",\"2\"]}"},
        {"a payload", "payload=%7B%22a%22%3A+1.0%7D&x=y", "{\"a\": 1.0}"},
        {"a payload behind others", "x=y&payload=%5B1%5D", "[1]"},
        {"a payload that is no JSON", "payload=hello",
         "{\"payload\":\"hello\"}"},
        {"a payload that is a number", "payload=1", "{\"payload\":\"1\"}"},
        {"a payload that is cut off", "payload=%7B%22a",
         "{\"payload\":\"{\\\"a\"}"},
    };
    struct buf out = BUF_INIT(0);
    struct json_value value;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_TRUE(inbound_form(slice_of(rows[i].body), &out));
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out.data);
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    }
    buf_free(&out);
}

static void
test_bounds(void)
{
    struct buf body = BUF_INIT((size_t)1 << 20), out = BUF_INIT(0);
    struct json_value value;
    size_t i;

    for (i = 0; i < INBOUND_FORM_FIELDS; i++)
        buf_addf(&body, "%s%zu", i == 0 ? "" : "&", i);
    CU_ASSERT_TRUE(inbound_form(buf_slice(&body), &out));
    CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    buf_add_text(&body, "&more");
    CU_ASSERT_FALSE(inbound_form(buf_slice(&body), &out));

    /* The same name, as often as it may be. */
    buf_clear(&body);
    for (i = 0; i < INBOUND_FORM_FIELDS; i++)
        buf_add_text(&body, "a&");
    CU_ASSERT_TRUE(inbound_form(buf_slice(&body), &out));

    /* Control characters as they are would become six times as long. */
    buf_clear(&body);
    for (i = 0; i < 100000; i++)
        buf_add_char(&body, '\1');
    CU_ASSERT_FALSE(inbound_form(buf_slice(&body), &out));
    buf_free(&out);
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"forms", test_forms},
        {"bounds", test_bounds},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_form", tests);
}
