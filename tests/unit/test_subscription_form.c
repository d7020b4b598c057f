/*
 * test_subscription_form.c - unit tests for core/form/subscription_form.c
 */
#include "unit.h"

#include "subscription_form.h"

#include <string.h>

#define URL "\"url\":\"https://example.com/hook\""
#define EVENTS "\"events\":[\"order.*\"]"
#define BASE "{" URL "," EVENTS

static struct target_nets no_nets;

/* The first problem as "loc: msg (type)", or "" when all is well. */
static const char *
first_problem(const char *json, const struct subscription_rules *rules)
{
    static char out[1024];
    struct subscription_form form;
    struct problems problems;
    bool good;

    problems.count = 0;
    good = subscription_form_read(&form, slice_of(json), rules, &problems);
    CU_ASSERT_EQUAL(good, problems.count == 0);
    out[0] = '\0';
    if (!good)
        snprintf(out, sizeof(out), "%s%s%s: %s (%s)", problems.list[0].loc[0],
                 problems.list[0].loc[1][0] == '\0' ? "" : ".",
                 problems.list[0].loc[1], problems.list[0].msg,
                 problems.list[0].type);
    subscription_form_free(&form);
    return out;
}

struct row {
    const char *claim, *json, *want;
};

static void
check_rows(const struct row *rows, size_t count,
           const struct subscription_rules *rules)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *got = first_problem(rows[i].json, rules);
        bool same = strncmp(got, rows[i].want, strlen(rows[i].want)) == 0 &&
                    (rows[i].want[0] != '\0' || got[0] == '\0');

        if (!same)
            fprintf(stderr, "\n%s:\n got  %s\n want %s\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_TRUE(same);
    }
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_refusals(void)
{
    static const struct subscription_rules rules = {.allow = &no_nets};
    static const struct row rows[] = {
        {"the least there is", BASE "}", ""},
        {"the other names",
         "{" URL ",\"event_types\":[\"a\"],\"timeout_seconds\":10}", ""},
        {"no url", "{" EVENTS "}", "url: field required"},
        {"no events", "{" URL "}", "events: field required"},
        {"not a URL", "{\"url\":\"example\"," EVENTS "}", "url: "},
        {"a private address", "{\"url\":\"http://10.0.0.1/x\"," EVENTS "}",
         "url: "},
        {"a pattern with an empty part",
         "{" URL ",\"events\":[\"a\",\"b..c\"]}",
         "events.1: invalid event type or pattern (value_error.event_type)"},
        {"too many retries", BASE ",\"retry_count\":11}",
         "retry_count: ensure this value is less than or equal to 10 "
         "(value_error.number.not_le)"},
        {"fewer than none", BASE ",\"retry_count\":-1}",
         "retry_count: ensure this value is greater than or equal to 0 "
         "(value_error.number.not_ge)"},
        {"no time at all", BASE ",\"timeout_seconds\":0}",
         "timeout_seconds: ensure this value is greater than or equal to 1"},
        {"two timeouts", BASE ",\"timeout\":5,\"timeout_seconds\":6}",
         "timeout_seconds: value differs from that of timeout"},
        {"a short secret", BASE ",\"secret\":\"short\"}",
         "secret: ensure this value has at least 8 characters"},
        {"a secret with a line end", BASE ",\"secret\":\"12345678\\n\"}",
         "secret: only printable ASCII characters"},
        {"whsec_ without base64", BASE ",\"secret\":\"whsec_not base64\"}",
         "secret: what follows whsec_ must be base64"},
        {"a private key", BASE ",\"secret\":\"whsk_AAECAwQFBgc=\"}",
         "secret: whsk_ begins a private key"},
        {"whsec_ with base64", BASE ",\"secret\":\"whsec_AAECAwQFBgc=\"}", ""},
        {"an unknown format", BASE ",\"format\":\"xml\"}",
         "format: value is not a valid enumeration member; permitted: "
         "'envelope', 'payload', 'standard', 'cloudevents', "
         "'cloudevents-binary', 'slack', 'discord', 'template', 'github' "
         "(type_error.enum)"},
        {"a template without its text", BASE ",\"format\":\"template\"}",
         "template: format template needs a template beside it"},
        {"a template", BASE ",\"format\":\"template\",\"template\":\"{}\"}",
         ""},
        {"a template that makes no JSON", BASE ",\"template\":\"{{data.a}}\"}",
         "template: line 1, column"},
        {"a filter", BASE ",\"filter\":{\"data\":{\"n\":{\"$gt\":1}}}}", ""},
        {"an unknown operator",
         BASE ",\"filter\":{\"data\":{\"$like\":\"a\"}}}", "filter: $.data"},
        {"credentials", BASE ",\"auth\":{\"type\":\"bearer\",\"token\":\"t\"}}",
         ""},
        {"credentials of no type", BASE ",\"auth\":{\"token\":\"t\"}}",
         "auth.type: field required (value_error.missing)"},
        {"a type written with an escape",
         BASE ",\"auth\":{\"type\":\"b\\u0065arer\",\"token\":\"t\"}}",
         "auth.type: value is not a valid enumeration member"},
        {"a line end in a token",
         BASE ",\"auth\":{\"type\":\"bearer\",\"token\":\"t\\n\"}}",
         "auth.token: has control characters (value_error.auth)"},
        {"a token URL that is not public",
         BASE ",\"auth\":{\"type\":\"oauth2\",\"client_id\":\"i\","
              "\"client_secret\":\"s\",\"token_url\":\"https://10.0.0.1/\"}}",
         "auth.token_url: the host is not on the public Internet"},
        {"a source that is no URI", BASE ",\"cloudevents_source\":\"a b\"}",
         "cloudevents_source: must be a URI reference"},
        {"all about order and limits",
         BASE ",\"ordering\":\"fifo\",\"on_exhausted\":\"pause\","
              "\"rate_limit\":10000}",
         ""},
        {"none of it",
         BASE ",\"ordering\":null,\"on_exhausted\":null,"
              "\"rate_limit\":null}",
         ""},
        {"an unknown order", BASE ",\"ordering\":\"lifo\"}",
         "ordering: value is not a valid enumeration member; permitted: "
         "'none', 'fifo' (type_error.enum)"},
        {"an unknown end", BASE ",\"on_exhausted\":\"stop\"}",
         "on_exhausted: value is not a valid enumeration member; permitted: "
         "'skip', 'pause' (type_error.enum)"},
        {"too fast", BASE ",\"rate_limit\":10001}",
         "rate_limit: ensure this value is less than or equal to 10000 "
         "(value_error.number.not_le)"},
        {"a rate of no kind", BASE ",\"rate_limit\":1.5}",
         "rate_limit: int type expected (type_error.int)"},
        {"a field of another age", BASE ",\"filters\":{}}",
         "filters: extra fields not permitted (value_error.extra)"},
        {"a long wait", BASE ",\"retry_schedule\":[1,2592001]}",
         "retry_schedule.1: ensure this value is less than or equal to "
         "2592000"},
        {"naming an application is for admins", BASE ",\"application\":\"x\"}",
         "application: extra fields not permitted"},
    };

    check_rows(rows, COUNT(rows), &rules);
}

static void
test_headers(void)
{
    static const struct subscription_rules rules = {.allow = &no_nets};
    static const struct row rows[] = {
        {"an ordinary one", BASE ",\"headers\":{\"X-API-Key\":\"k v\"}}", ""},
        {"no token", BASE ",\"headers\":{\"X Y\":\"1\"}}",
         "headers.X Y: is not the name of a header (value_error.header.name)"},
        {"an empty name", BASE ",\"headers\":{\"\":\"1\"}}",
         "headers: is not the name of a header"},
        {"a line end in the value",
         BASE ",\"headers\":{\"X-A\":\"1\\r\\nX-B: 2\"}}",
         "headers.X-A: invalid header value (value_error.header.value)"},
        {"our own", BASE ",\"headers\":{\"webhook-SIGNATURE\":\"1\"}}",
         "headers.webhook-SIGNATURE: is set by the gateway"},
        {"HTTP's own", BASE ",\"headers\":{\"host\":\"h\"}}",
         "headers.host: is set by HTTP itself"},
        {"twice in different letters",
         BASE ",\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\"}}",
         "headers.x-a: this header is set already"},
        {"not a text", BASE ",\"headers\":{\"X-A\":1}}",
         "headers.X-A: str type expected (type_error.str)"},
    };

    check_rows(rows, COUNT(rows), &rules);
}

static void
test_rules(void)
{
    static const struct subscription_rules https = {.require_https = true,
                                                    .allow = &no_nets};
    static const struct subscription_rules admin = {
        .allow = &no_nets, .may_name_application = true};
    static const struct subscription_rules part = {
        .allow = &no_nets, .may_name_application = true, .part = true};
    static const struct row plain_http = {
        "http where https is required",
        "{\"url\":\"http://example.com/\"," EVENTS "}", "url: "};
    static const struct row by_admin = {
        "an admin may name one", BASE ",\"application\":\"app one\"}", ""};
    static const struct row patches[] = {
        {"nothing at all", "{}", ""},
        {"one field", "{\"active\":false}", ""},
        {"null resets",
         "{\"description\":null,\"headers\":null,"
         "\"retry_schedule\":null,\"active\":null}",
         ""},
        {"a secret cannot be reset", "{\"secret\":null}",
         "secret: none is not an allowed value"},
        {"a url cannot be reset", "{\"url\":null}",
         "url: none is not an allowed value"},
        {"it stays where it is", "{\"application\":\"x\"}",
         "application: extra fields not permitted"},
    };

    check_rows(&plain_http, 1, &https);
    check_rows(&by_admin, 1, &admin);
    check_rows(patches, COUNT(patches), &part);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"refusals", test_refusals},
        {"headers", test_headers},
        {"rules", test_rules},
        CU_TEST_INFO_NULL,
    };

    return unit_run("subscription_form", tests);
}
