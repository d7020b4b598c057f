/*
 * test_source_form.c - unit tests for core/form/source_form.c
 */
#include "source_form.h"
#include "unit.h"

#include <string.h>

#define BASE "{\"name\":\"a\",\"provider\":\"hmac\""
#define VERIFIERS(text) BASE ",\"verifiers\":" text "}"

static struct target_nets no_nets;

/* All problems as "loc.loc: msg", with '|' between them. */
static const char *
problems_of(const char *json, const struct subscription_rules *rules)
{
    static char out[4096];
    struct source_form form;
    struct problems problems = {.count = 0};
    bool good = source_form_read(&form, slice_of(json), rules, &problems);
    size_t i, k, len = 0;

    CU_ASSERT_EQUAL(good, problems.count == 0);
    out[0] = '\0';
    for (i = 0; i < problems.count; i++) {
        const struct problem *p = &problems.list[i];

        for (k = 0; k < PROBLEM_LOC_PARTS && p->loc[k][0] != '\0'; k++)
            len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
                                    k > 0   ? "."
                                    : i > 0 ? "|"
                                            : "",
                                    p->loc[k]);
        len += (size_t)snprintf(out + len, sizeof(out) - len, ": %s", p->msg);
    }
    source_form_free(&form);
    return out;
}

struct row {
    const char *claim, *json, *want; /* the beginning; "" = no problem */
};

static void
check_rows(const struct row *rows, size_t count,
           const struct subscription_rules *rules)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *got = problems_of(rows[i].json, rules);
        bool same = rows[i].want[0] == '\0'
                        ? got[0] == '\0'
                        : strncmp(got, rows[i].want, strlen(rows[i].want)) == 0;

        if (!same)
            fprintf(stderr, "\n%s:\n got  %s\n want %s\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_TRUE(same);
    }
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_fields(void)
{
    static const struct subscription_rules rules = {.allow = &no_nets};
    static const struct row rows[] = {
        {"the least there is", BASE "}", ""},
        {"neither name nor provider", "{}",
         "name: field required|provider: field required"},
        {"broken JSON", "{", "1: "},
        {"a list", "[]", ": value is not a valid dict"},
        {"a name with a capital", "{\"name\":\"A\",\"provider\":\"hmac\"}",
         "name: a name has lower-case letters"},
        {"a name that begins with a dash",
         "{\"name\":\"-a\",\"provider\":\"hmac\"}", "name: a name has"},
        {"a name that is a path", "{\"name\":\"a/b\",\"provider\":\"hmac\"}",
         "name: a name has"},
        {"a name of 64 bytes",
         "{\"name\":\"0123456789012345678901234567890123456789012345678901234"
         "567890123\",\"provider\":\"hmac\"}",
         ""},
        {"and of 65",
         "{\"name\":\"01234567890123456789012345678901234567890123456789012345"
         "678901234\",\"provider\":\"hmac\"}",
         "name: ensure this value has at most 64 characters"},
        {"stats is taken", "{\"name\":\"stats\",\"provider\":\"hmac\"}",
         "name: this name is reserved"},
        {"and test", "{\"name\":\"test\",\"provider\":\"hmac\"}",
         "name: this name is reserved"},
        {"and what reads as an id",
         "{\"name\":\"src_0000000000001\",\"provider\":\"hmac\"}",
         "name: this name is reserved"},
        {"an unknown provider", "{\"name\":\"a\",\"provider\":\"nobody\"}",
         "provider: value is not a valid enumeration member; permitted: "
         "'supabase', 'notion', "},
        {"a short secret", BASE ",\"secret\":\"1234567\"}",
         "secret: a secret has 8 to 1024 bytes"},
        {"a secret with a line end", BASE ",\"secret\":\"12345678\\n\"}",
         "secret: control characters are not allowed"},
        {"no secret wanted", BASE ",\"secret\":null}", ""},
        {"an API key with a space", BASE ",\"api_key\":\"a b\"}",
         "api_key: only printable ASCII"},
        {"too many attempts", BASE ",\"max_attempts\":21}", "max_attempts: "},
        {"no attempt", BASE ",\"max_attempts\":0}", "max_attempts: "},
        {"an unknown moment to relay", BASE ",\"relay\":\"later\"}",
         "relay: value is not a valid enumeration member; permitted: "
         "'processed', 'received'"},
        {"key columns", BASE ",\"key_columns\":{\"t\":[\"a\",\"b\"]}}", ""},
        {"key columns that are no list", BASE ",\"key_columns\":{\"t\":\"a\"}}",
         "key_columns: value is not of the form"},
        {"an empty list of them", BASE ",\"key_columns\":{\"t\":[]}}",
         "key_columns: value is not of the form"},
        {"an application, for somebody who has but one",
         BASE ",\"application\":\"a\"}",
         "application: extra fields not permitted"},
        {"an option", BASE ",\"queue_size\":10}", ""},
        {"a wrong option", BASE ",\"queue_size\":true}",
         "queue_size: int type expected"},
        {"what is neither a field nor an option", BASE ",\"secrets\":[\"a\"]}",
         "secrets: extra fields not permitted"},
        {"a name given twice is no JSON for us",
         "{\"name\":\"a\",\"name\":\"b\",\"provider\":\"hmac\"}", "12: "},
        {"an address that may not be delivered to",
         BASE ",\"invalidate_url\":\"http://10.0.0.1/\"}", "invalidate_url: "},
        {"an API that may not be asked",
         BASE ",\"api_url\":\"http://169.254.169.254/\"}",
         "api_url: the host is not on the public Internet"},
        {"all at once, fields first",
         "{\"rate_limit\":-1,\"name\":\"\",\"x\":1,\"provider\":7}",
         "name: ensure this value has at least 1 characters|provider: str type "
         "expected|rate_limit: ensure this value is greater than or equal to "
         "0|x: extra fields not permitted"},
    };
    static const struct subscription_rules admin = {
        .allow = &no_nets, .may_name_application = true, .part = true};
    static const struct row parts[] = {
        {"a part needs nothing", "{}", ""},
        {"an admin may move it", "{\"application\":\"other\"}", ""},
        {"but not to nobody", "{\"application\":null}",
         "application: none is not an allowed value"},
        {"a name cannot be taken away", "{\"name\":null}",
         "name: none is not an allowed value"},
    };

    check_rows(rows, COUNT(rows), &rules);
    check_rows(parts, COUNT(parts), &admin);
}

static void
test_verifiers(void)
{
    static const struct subscription_rules rules = {.allow = &no_nets};
    static const struct row rows[] = {
        {"none: as the provider has it", VERIFIERS("[]"), ""},
        {"null: the same", VERIFIERS("null"), ""},
        {"an object", VERIFIERS("{}"), "verifiers: list type expected"},
        {"a text in the list", VERIFIERS("[\"hmac\"]"),
         "verifiers.0: dict type expected"},
        {"no kind", VERIFIERS("[{}]"), "verifiers.0.kind: field required"},
        {"an unknown kind", VERIFIERS("[{\"kind\":\"md5\"}]"),
         "verifiers.0.kind: there is no such kind"},
        {"hmac without a header", VERIFIERS("[{\"kind\":\"hmac\"}]"),
         "verifiers.0.kind: hmac needs the name of the header with the "
         "signature"},
        {"a whole one",
         VERIFIERS(
             "[{\"kind\":\"hmac\",\"header\":\"X-Sig\",\"prefix\":"
             "\"v1=\",\"prefix_optional\":true,\"encoding\":\"base64\","
             "\"digest\":\"sha512\",\"signed\":\"{id}.{timestamp}.{body}\","
             "\"timestamp_header\":\"X-Time\",\"id_header\":\"X-Id\","
             "\"window\":60,\"secrets\":[\"12345678\",\"87654321\"]}]"),
         ""},
        {"a template that needs a header",
         VERIFIERS("[{\"kind\":\"hmac\",\"header\":\"X-Sig\",\"signed\":"
                   "\"{timestamp}{body}\"}]"),
         "verifiers.0.kind: "},
        {"a header's name with a colon",
         VERIFIERS("[{\"kind\":\"hmac\",\"header\":\"X:\"}]"),
         "verifiers.0.kind: that is no name of a header"},
        {"settings of a kind that has none",
         VERIFIERS("[{\"kind\":\"github\",\"header\":\"X-Sig\"}]"),
         "verifiers.0.kind: header, encoding and signed text are fixed"},
        {"an unknown encoding",
         VERIFIERS("[{\"kind\":\"hmac\",\"header\":\"X\",\"encoding\":"
                   "\"base32\"}]"),
         "verifiers.0.encoding: value is not a valid enumeration member; "
         "permitted: 'hex', 'base64'"},
        {"an unknown member, in the second one",
         VERIFIERS("[{\"kind\":\"github\"},{\"kind\":\"slack\",\"key\":1}]"),
         "verifiers.1.key: extra fields not permitted"},
        {"two that one header picks",
         VERIFIERS("[{\"kind\":\"hmac\",\"header\":\"X-Sig\"},"
                   "{\"kind\":\"hmac\",\"header\":\"x-sig\"}]"),
         "verifiers.1.kind: there is another one of this kind and header"},
        {"two of different headers",
         VERIFIERS("[{\"kind\":\"hmac\",\"header\":\"X-Sig\"},"
                   "{\"kind\":\"hmac\",\"header\":\"X-Sig-2\"}]"),
         ""},
        {"a secret that the kind cannot use",
         VERIFIERS("[{\"kind\":\"discord\",\"secrets\":[\"not hex!\"]}]"),
         "verifiers.0.secrets: secret 1 is none that this kind of verifier "
         "can use"},
        {"a short secret",
         VERIFIERS("[{\"kind\":\"github\",\"secrets\":[\"short\"]}]"),
         "verifiers.0.secrets: a secret has 8 to 1024 bytes"},
        {"six secrets",
         VERIFIERS("[{\"kind\":\"github\",\"secrets\":[\"1\",\"2\",\"3\","
                   "\"4\",\"5\",\"6\"]}]"),
         "verifiers.0.secrets: ensure this value has at most 5 items"},
        {"a preset beside another one",
         VERIFIERS("[{\"kind\":\"preset\"},{\"kind\":\"token\"}]"), ""},
        {"a preset with a header",
         VERIFIERS("[{\"kind\":\"preset\",\"header\":\"X\"}]"),
         "verifiers.0.kind: a preset has secrets only"},
        {"seven of them", VERIFIERS("[{},{},{},{},{},{},{}]"),
         "verifiers: ensure this value has at most 6 items"},
    };

    check_rows(rows, COUNT(rows), &rules);
}

static void
test_what_is_given(void)
{
    static const struct subscription_rules rules = {.allow = &no_nets,
                                                    .part = true};
    struct problems problems = {.count = 0};
    struct source_options options;
    struct source_form form;

    CU_ASSERT_TRUE_FATAL(source_form_read(
        &form,
        SLICE("{\"secret\":\"eight-plus\",\"poll_s\":30,\"verifiers\":"
              "[{\"kind\":\"github\"},{\"kind\":\"token\",\"secrets\":[]}]}"),
        &rules, &problems));
    CU_ASSERT_TRUE(form.verifiers_given);
    CU_ASSERT_EQUAL(form.verifiers.count, 2);
    CU_ASSERT_TRUE(form.no_secrets[0]);
    CU_ASSERT_FALSE(form.no_secrets[1]);
    CU_ASSERT_FALSE(form.value[SOURCE_NAME_FIELD].given);
    source_options_init(&options, "hmac");
    options.rate_limit = 7;
    source_form_options(&form, &options, "hmac");
    CU_ASSERT_EQUAL(options.poll_s, 30);
    CU_ASSERT_EQUAL(options.rate_limit, 7);
    source_options_free(&options);
    source_form_free(&form);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"fields", test_fields},
        {"verifiers", test_verifiers},
        {"what is given", test_what_is_given},
        CU_TEST_INFO_NULL,
    };

    return unit_run("source_form", tests);
}
