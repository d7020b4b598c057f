/*
 * test_inbound_dedupe.c - unit tests for core/inbound/inbound_dedupe.c
 */
#include "inbound_case.h"
#include "inbound_dedupe.h"

#define FORM "application/x-www-form-urlencoded"

static void
test_rules(void)
{
    static const char *headers[] = {"X-Id: h1", "webhook-id: w1", NULL};
    static const struct {
        const char *claim, *rule, *body, *want; /* NULL: nothing tells */
    } rows[] = {
        {"none", "none", "{\"id\":1}", NULL},
        {"a header", "header:X-Id", "{}", "h1"},
        {"in other letters", "header:x-id", "{}", "h1"},
        {"a header that is missing", "header:X-Other", "{\"id\":1}", NULL},
        {"a text", "json:id", "{\"id\":\"evt_1\"}", "evt_1"},
        {"a number's digits", "json:id", "{\"id\":9007199254740993}",
         "9007199254740993"},
        {"further down", "json:$.a[0].id", "{\"a\":[{\"id\":\"\\u0041\"}]}",
         "A"},
        {"an empty text is none", "json:id", "{\"id\":\"\"}", NULL},
        {"null", "json:id", "{\"id\":null}", NULL},
        {"an object", "json:id", "{\"id\":{}}", NULL},
        {"true", "json:id", "{\"id\":true}", NULL},
        {"missing", "json:id", "{}", NULL},
        {"the first that is there", "header:X-No|json:id|header:X-Id",
         "{\"id\":7}", "7"},
        {"the bytes of the body", "body_sha256", "{}",
         "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        {"every byte of it", "body_sha256", "{} ",
         "3d8e6a3f3561a8683abc16c3851110c4e607124c4c5a919cb7e78764882f37ad"},
        {"a signed moment", "signature", "{\"id\":1}",
         "0102000000000000000000000000000000000000000000000000000000000000"},
        {"an id in front of a signed moment", "json:id|signature", "{\"id\":1}",
         "1"},
        {"a signed moment where there is no id", "json:id|signature",
         "{\"no\":1}",
         "0102000000000000000000000000000000000000000000000000000000000000"},
        {"a rule that is none", "whatever", "{\"id\":1}", NULL},
        {"words without an end", "json:", "{\"\":1}", NULL},
    };
    static const uint8_t once[32] = {1, 2};
    static char name[] = "hmac", rule[128];
    struct source source = {.name = name, .provider = name};
    size_t i;

    source.options.dedupe = rule;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct inbound_request request = {
            .body = slice_of(rows[i].body),
            .header = case_header,
            .arg = headers,
            .now_us = NOW_US,
            .once = once,
        };
        const struct outcome *got;
        bool ok;

        snprintf(rule, sizeof(rule), "%s", rows[i].rule);
        got = read_request(&source, &request);
        CU_ASSERT_EQUAL(got->result, INBOUND_OK);
        ok = rows[i].want == NULL ? got->in.dedupe.ptr == NULL
                                  : slice_is(got->in.dedupe, rows[i].want);
        if (!ok)
            fprintf(stderr, "\n%s: got %.*s\n", rows[i].claim,
                    (int)got->in.dedupe.len, got->in.dedupe.ptr);
        CU_ASSERT(ok);
    }
}

/* Without a rule of the source's own. */
static void
test_rules_of_providers(void)
{
    static const char *headers[] = {"X-GitHub-Event: push",
                                    "X-GitHub-Delivery: g1",
                                    "X-Shopify-Topic: orders/create",
                                    "X-Shopify-Webhook-Id: s1",
                                    "webhook-id: w1",
                                    "Linear-Delivery: l1",
                                    "I-Twilio-Idempotency-Token: t1",
                                    "X-Event-Key: repo:push",
                                    "X-Request-UUID: b1",
                                    "Idempotency-Key: gl1",
                                    NULL};
    static const struct {
        const char *provider, *body, *type, *want;
    } rows[] = {
        {"supabase",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"id\":1,"
         "\"record\":{\"id\":1}}",
         NULL, NULL},
        /* The id that our trigger puts in; no member of a record. */
        {"supabase",
         "{\"event_type\":\"insert\",\"source\":\"supabase\",\"table_name\":"
         "\"t\",\"record_id\":1,"
         "\"data\":{\"event_id\":\"d\"},\"metadata\":{\"event_id\":\"m1\"}}",
         NULL, "m1"},
        {"supabase",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":1,"
         "\"metadata\":{\"event_id\":\"r\"}}}",
         NULL, NULL},
        {"notion",
         "{\"id\":\"n1\",\"type\":\"page.created\",\"attempt_number\""
         ":2,\"entity\":{\"id\":\"1\",\"type\":\"page\"}}",
         NULL, "n1"},
        {"github", "{\"id\":1}", NULL, "g1"},
        {"gitlab", "{\"object_kind\":\"push\"}", NULL, "w1"},
        {"bitbucket", "{}", NULL, "b1"},
        {"stripe", "{\"id\":\"evt_1\",\"type\":\"a.b\"}", NULL, "evt_1"},
        {"slack",
         "{\"type\":\"event_callback\",\"event\":{\"type\":\"m\"},"
         "\"event_id\":\"Ev1\"}",
         NULL, "Ev1"},
        {"slack", "command=%2Fx", FORM, NULL},
        {"shopify", "{}", NULL, "s1"},
        {"standard", "{\"type\":\"a\"}", NULL, "w1"},
        {"supabase_auth", "{\"sms\":{}}", NULL, NULL},
        {"linear", "{\"type\":\"Issue\"}", NULL, "l1"},
        {"twilio", "MessageSid=SM1&MessageStatus=sent", FORM, "t1"},
        {"discord", "{\"type\":2,\"id\":\"786008729715212338\"}", NULL,
         "786008729715212338"},
        {"hmac", "{\"id\":1}", NULL, NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[32];
        struct source source = {.name = name, .provider = name};
        const struct inbound_request request = {
            .body = slice_of(rows[i].body),
            .content_type = slice_of(rows[i].type),
            .header = case_header,
            .arg = headers,
            .now_us = NOW_US,
        };
        const struct outcome *got;
        bool ok;

        snprintf(name, sizeof(name), "%s", rows[i].provider);
        got = read_request(&source, &request);
        expect_problems(name, got, "");
        ok = rows[i].want == NULL ? got->in.dedupe.ptr == NULL
                                  : slice_is(got->in.dedupe, rows[i].want);
        if (!ok)
            fprintf(stderr, "\n%s: got %.*s\n", name, (int)got->in.dedupe.len,
                    got->in.dedupe.ptr);
        CU_ASSERT(ok);
    }
}

/* A sender that signs no moment may mean the same bytes twice. */
static void
test_no_signed_moment(void)
{
    static char name[] = "hmac", rule[] = "signature";
    struct source source = {.name = name, .provider = name};
    const struct inbound_request request = {.body = SLICE("{\"id\":1}"),
                                            .now_us = NOW_US};

    /* Its own rule, and the one that is usual. */
    CU_ASSERT_TRUE(inbound_dedupe_asks_signature(&source));
    CU_ASSERT_PTR_NULL(read_request(&source, &request)->in.dedupe.ptr);
    source.options.dedupe = rule;
    CU_ASSERT_TRUE(inbound_dedupe_asks_signature(&source));
    CU_ASSERT_PTR_NULL(read_request(&source, &request)->in.dedupe.ptr);
    source.options.dedupe = (char[]){"json:signature|body_sha256"};
    CU_ASSERT_FALSE(inbound_dedupe_asks_signature(&source));
}

static void
test_problems(void)
{
    static const struct {
        const char *rule;
        bool good;
    } rows[] = {
        {"none", true},
        {"body_sha256", true},
        {"signature", true},
        {"json:id|signature", true},
        {"signature:id", false},
        {"header:X-Id", true},
        {"json:$.a[0].b", true},
        {"header:webhook-id|header:svix-id|json:id", true},
        {"", false},
        {"None", false},
        {"id", false},
        {"header:", false},
        {"header:a b", false},
        {"json:", false},
        {"json:a..b", false},
        {"json:id|", false},
        {"|json:id", false},
        {"json:id|id", false},
    };
    char longest[INBOUND_PATH_MAX + 2];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool good = inbound_dedupe_problem(slice_of(rows[i].rule)) == NULL;

        if (good != rows[i].good)
            fprintf(stderr, "\n%s: got %d\n", rows[i].rule, good);
        CU_ASSERT_EQUAL(good, rows[i].good);
    }
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "json:", 5);
    CU_ASSERT_PTR_NOT_NULL(
        inbound_dedupe_problem(slice_make(longest, sizeof(longest) - 1)));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rules", test_rules},
        {"rules of providers", test_rules_of_providers},
        {"no signed moment", test_no_signed_moment},
        {"what is no rule", test_problems},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_dedupe", tests);
}
