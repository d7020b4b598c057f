/*
 * test_source_options.c - unit tests for core/source/source_options.c and its
 * parts.
 */
#include "source_options.h"
#include "unit.h"

#include "json.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
read_json(struct source_options *options, const char *provider,
          const char *json, struct problems *problems)
{
    static const char *const skip[] = {"name", NULL};
    struct json_value object;

    CU_ASSERT_TRUE_FATAL(json_read(slice_of(json), &object, NULL));
    source_options_read(options, provider, object.text, skip, problems);
}

/* All problems as "loc.loc: msg (type)", with '|' between them. */
static const char *
problems_text(const struct problems *problems)
{
    static char out[4096];
    size_t i, len = 0;

    out[0] = '\0';
    for (i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->list[i];

        len += (size_t)snprintf(out + len, sizeof(out) - len,
                                "%s%s%s%s: %s (%s)", i == 0 ? "" : "|",
                                p->loc[0], p->loc[1][0] == '\0' ? "" : ".",
                                p->loc[1], p->msg, p->type);
    }
    return out;
}

static bool
begins(const char *text, const char *want)
{
    return *want == '\0' ? *text == '\0'
                         : strncmp(text, want, strlen(want)) == 0;
}

static void
test_values(void)
{
    static const struct {
        const char *claim, *json;
        const char *want; /* the beginning; "" = no problem */
    } rows[] = {
        {"nothing given is fine", "{}", ""},
        {"a name that belongs to somebody else is skipped", "{\"name\":7}", ""},
        {"an unknown name", "{\"watched\":[]}",
         "watched: extra fields not permitted (value_error.extra)"},
        {"an unknown name written with escapes", "{\"w\\u0061tched\":[]}",
         "watched: extra"},
        {"a number as text", "{\"queue_size\":\"7\"}",
         "queue_size: int type expected (type_error.int)"},
        {"a number below its bounds", "{\"queue_size\":-1}",
         "queue_size: ensure this value is greater than or equal to 0 "
         "(value_error.number.not_ge)"},
        {"a number above its bounds", "{\"rate_limit\":100001}",
         "rate_limit: ensure this value is less than or equal to 100000"},
        {"a fraction", "{\"api_rate\":2.5}", "api_rate: "},
        {"a boolean as a number", "{\"mirror\":1}",
         "mirror: bool type expected (type_error.bool)"},
        {"a text as a number", "{\"type_path\":1}",
         "type_path: str type expected (type_error.str)"},
        {"an empty text", "{\"type_path\":\"\"}",
         "type_path: ensure this value has at least 1 characters"},
        {"a word that is none of them", "{\"verify\":\"maybe\"}",
         "verify: value is not a valid enumeration member; permitted: "
         "'enforce', 'monitor', 'off' (type_error.enum)"},
        {"all words", "{\"verify\":\"monitor\",\"when_down\":\"fail\"}", ""},
        {"a list that is a text", "{\"watch\":\"users\"}",
         "watch: list type expected (type_error.list)"},
        {"an item that is no text", "{\"watch\":[\"a\",7]}",
         "watch.1: str type expected (type_error.str)"},
        {"an empty item", "{\"watch\":[\"\"]}", "watch.0: ensure this value"},
        {"addresses and networks",
         "{\"allow_from\":[\"192.0.2.1\",\"2001:db8::/32\",\"0.0.0.0/0\"]}",
         ""},
        {"something that is no network", "{\"allow_from\":[\"example.org\"]}",
         "allow_from.0: value is not an IP address or network "
         "(value_error.network)"},
        {"two networks in one item", "{\"allow_from\":[\"::1, 10.0.0.1\"]}",
         "allow_from.0: "},
        {"a URL with a private address may be an API's",
         "{\"api_url\":\"http://127.0.0.1:3000/rest\"}", ""},
        {"a URL of another kind", "{\"api_url\":\"ftp://example.org\"}",
         "api_url: "},
        {"a rule to tell repeats by", "{\"dedupe\":\"header:X-Id\"}", ""},
        {"another one", "{\"dedupe\":\"json:data.id\"}", ""},
        {"alternatives", "{\"dedupe\":\"header:A|json:$.b[0]|body_sha256\"}",
         ""},
        {"a rule that is none", "{\"dedupe\":\"md5\"}", "dedupe: must be none"},
        {"a header's name with a space", "{\"dedupe\":\"header:a b\"}",
         "dedupe: "},
        {"a header without a name", "{\"dedupe\":\"header:\"}", "dedupe: "},
        {"a path with an empty part", "{\"record_path\":\"a..b\"}",
         "record_path: "},
        {"a path that ends with a dot", "{\"record_path\":\"a.\"}",
         "record_path: "},
        {"patterns of types",
         "{\"watch_types\":[\"notion.page.*\",\"github.push\",\"*\"]}", ""},
        {"a pattern that is none", "{\"watch_types\":[\"a.*.b\"]}",
         "watch_types.0: invalid event type or pattern"},
        {"a status of success", "{\"answer_status\":204}", ""},
        {"another status", "{\"answer_status\":404}", "answer_status: "},
        {"a status below 200", "{\"answer_status\":100}",
         "answer_status: ensure this value is 0, or from 200 to 299"},
        {"any JSON as an answer", "{\"answer_body\":{\"a\" : [1, null]}}", ""},
        {"templates", "{\"cache_keys\":[\"{source}:{table}:{id}\",\"x\"]}", ""},
        {"a template with a name that is unknown",
         "{\"cache_keys\":[\"{tabel}\"]}", "cache_keys.0: "},
        {"a confidence", "{\"confidence_percent\":100}", ""},
        {"more than all", "{\"confidence_percent\":101}",
         "confidence_percent: "},
        {"triggers that are no list", "{\"triggers\":{}}",
         "triggers: list type expected (type_error.list)"},
        {"a trigger without anything", "{\"triggers\":[{}]}",
         "triggers.0: field required (value_error.missing)"},
        {"a trigger",
         "{\"triggers\":[{\"name\":\"done\",\"on\":[\"notion.page.*\"]}]}", ""},
        {"all problems at once, in the order of the table",
         "{\"poll_s\":-1,\"nope\":1,\"verify\":\"x\"}",
         "verify: value is not a valid enumeration member; permitted: "
         "'enforce', 'monitor', 'off' (type_error.enum)|poll_s: ensure this "
         "value is greater than or equal to 0 (value_error.number.not_ge)|"
         "nope: extra fields not permitted (value_error.extra)"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        struct source_options options;
        struct problems problems = {.count = 0};
        const char *got;

        source_options_init(&options, "hmac");
        read_json(&options, "hmac", rows[i].json, &problems);
        got = problems_text(&problems);
        if (!begins(got, rows[i].want))
            fprintf(stderr, "\n%s:\n got  %s\n want %s\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_TRUE(begins(got, rows[i].want));
        source_options_free(&options);
    }
}

static void
print(const struct source_options *options, const char *provider,
      const char *want)
{
    struct buf text = BUF_INIT(SOURCE_JSON_MAX);

    source_options_print(options, provider, &text);
    if (!slice_is(buf_slice(&text), want))
        fprintf(stderr, "\n got  %s\n want %s\n", text.data, want);
    CU_ASSERT_TRUE(slice_is(buf_slice(&text), want));
    buf_free(&text);
}

static void
test_members_of_the_provider(void)
{
    struct source_options options;
    struct problems problems = {.count = 0};

    source_options_init(&options, "notion");
    CU_ASSERT_TRUE(options.fetch);
    CU_ASSERT_TRUE(options.mirror);
    CU_ASSERT_EQUAL(options.api_rate, 3);
    CU_ASSERT_EQUAL(options.confidence_percent, -1);
    CU_ASSERT_TRUE(options.debounce_max_ms >= options.debounce_ms);
    print(&options, "notion", "{}");

    read_json(&options, "notion",
              "{\"api_rate\":10,\"fetch\":false,\"watch\":[\"a\",\"b\"],"
              "\"answer_body\":{\"ok\" : true},\"confidence_percent\":0,"
              "\"debounce_ms\":5000}",
              &problems);
    CU_ASSERT_EQUAL(problems.count, 0);
    CU_ASSERT_EQUAL(options.watch.count, 2);
    CU_ASSERT_STRING_EQUAL(options.watch.list[1], "b");
    CU_ASSERT_STRING_EQUAL(options.answer_body, "{\"ok\":true}");
    /* What is as the provider has it is not stored. */
    print(&options, "notion",
          "{\"watch\":[\"a\",\"b\"],\"answer_body\":{\"ok\":true},"
          "\"fetch\":false,\"api_rate\":10,\"confidence_percent\":0}");

    /* What is wrong leaves the option as it was, the rest is taken over. */
    read_json(&options, "notion",
              "{\"api_rate\":-1,\"watch\":[7],\"queue_size\":9}", &problems);
    CU_ASSERT_EQUAL(problems.count, 2);
    CU_ASSERT_EQUAL(options.api_rate, 10);
    CU_ASSERT_EQUAL(options.watch.count, 2);
    CU_ASSERT_EQUAL(options.queue_size, 9);

    /* null means: as the provider has it. */
    problems.count = 0;
    read_json(&options, "notion",
              "{\"api_rate\":null,\"fetch\":null,\"watch\":null,"
              "\"answer_body\":null,\"confidence_percent\":null,"
              "\"queue_size\":null,\"version_field\":null,\"triggers\":null}",
              &problems);
    CU_ASSERT_EQUAL(problems.count, 0);
    CU_ASSERT_EQUAL(options.api_rate, 3);
    CU_ASSERT_EQUAL(options.watch.count, 0);
    CU_ASSERT_EQUAL(options.confidence_percent, -1);
    print(&options, "notion", "{}");
    source_options_free(&options);
}

static void
test_everything_goes_round(void)
{
    static const char json[] =
        "{\"verify\":\"off\",\"allow_from\":[\"10.0.0.0/8\"],"
        "\"public_url\":\"https://a.example/x\",\"rate_limit\":1,"
        "\"address_rate_limit\":2,\"queue_size\":3,\"dedupe\":\"body_sha256\","
        "\"type_path\":\"t\",\"table_path\":\"a.b\",\"record_path\":\"r\","
        "\"data_path\":\"d\",\"time_path\":\"at\",\"watch\":[\"w\"],"
        "\"watch_types\":[\"x.*\"],\"ignore_authors\":[\"bot\"],"
        "\"answer_status\":200,\"answer_body\":[1],\"mirror\":false,"
        "\"debounce_ms\":7,\"debounce_max_ms\":8,\"fetch\":true,"
        "\"api_url\":\"https://api.example\",\"api_rate\":9,"
        "\"when_down\":\"apply\",\"confidence_percent\":50,"
        "\"version_field\":\"v\",\"cache_keys\":[\"{id}\"],"
        "\"invalidate_url\":\"https://c.example/\",\"triggers\":"
        "[{\"name\":\"n\",\"on\":[\"a\"]}],\"poll_tables\":[\"p\"],"
        "\"poll_s\":60}";
    struct source_options options, again;
    struct problems problems = {.count = 0};
    struct buf text = BUF_INIT(SOURCE_JSON_MAX), whole = BUF_INIT(65536);
    struct json_value object;
    size_t i;

    source_options_init(&options, "hmac");
    read_json(&options, "hmac", json, &problems);
    CU_ASSERT_STRING_EQUAL(problems_text(&problems), "");
    print(&options, "hmac", json);
    source_options_print(&options, "hmac", &text);
    source_options_init(&again, "hmac");
    read_json(&again, "hmac", text.data, &problems);
    print(&again, "hmac", json);

    /* Every option is a member, and of the help. */
    buf_add_char(&whole, '{');
    source_options_members(&again, &whole);
    buf_add_char(&whole, '}');
    CU_ASSERT_TRUE_FATAL(json_read(buf_slice(&whole), &object, NULL));
    for (i = 0; source_option_help(i) != NULL; i++) {
        struct json_value value;
        const char *name = source_option_help(i)->name;

        CU_ASSERT_TRUE(json_find(object.text, name, &value));
        CU_ASSERT_TRUE(strlen(source_option_help(i)->help) > 20);
        CU_ASSERT_TRUE(strlen(source_option_help(i)->kind) > 2);
        if (strstr(json, name) == NULL)
            fprintf(stderr, "\n%s is not among the options tested\n", name);
        CU_ASSERT_PTR_NOT_NULL(strstr(json, name));
    }
    buf_free(&text);
    buf_free(&whole);
    source_options_free(&options);
    source_options_free(&again);
    source_options_free(&again); /* twice does no harm */
}

static void
test_words_of_a_command_line(void)
{
    static const struct {
        const char *claim, *name, *value;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"a number", "queue_size", "1000", "1000"},
        {"no number", "queue_size", "many", NULL},
        {"yes", "mirror", "yes", "true"},
        {"no in any case", "mirror", "NO", "false"},
        {"neither", "mirror", "perhaps", NULL},
        {"a text is quoted", "type_path", "a\"b", "\"a\\\"b\""},
        {"a word", "verify", "off", "\"off\""},
        {"a list has commas", "watch", "a, b,c", "[\"a\",\"b\",\"c\"]"},
        {"JSON stays as it is", "answer_body", "{\"a\": 1}", "{\"a\": 1}"},
        {"what is no JSON", "answer_body", "{a}", NULL},
        {"nothing means the provider's", "watch", "", "null"},
        {"an unknown option", "no_such", "1", NULL},
        {"text that is no UTF-8", "type_path", "\xff", NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        struct buf json = BUF_INIT(4096);
        char why[200] = "";
        bool good = source_option_json(slice_of(rows[i].name),
                                       slice_of(rows[i].value), &json, why);

        if (good != (rows[i].want != NULL) ||
            (good && !slice_is(buf_slice(&json), rows[i].want)))
            fprintf(stderr, "\n%s: got %s %s\n", rows[i].claim,
                    buf_slice(&json).ptr, why);
        CU_ASSERT_EQUAL(good, rows[i].want != NULL);
        if (good)
            CU_ASSERT_TRUE(slice_is(buf_slice(&json), rows[i].want));
        if (!good)
            CU_ASSERT_STRING_NOT_EQUAL(why, "");
        buf_free(&json);
    }
}

static void
test_unknown_words(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"verfy", "a source has no option 'verfy'; did you mean 'verify'?"},
        {"zzzzzz", "a source has no option 'zzzzzz'"},
        {"", "a source has no option ''"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        struct buf json = BUF_INIT(64);
        char why[200] = "";

        CU_ASSERT_FALSE(
            source_option_json(slice_of(rows[i].name), SLICE("1"), &json, why));
        CU_ASSERT_STRING_EQUAL(why, rows[i].want);
        buf_free(&json);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"values", test_values},
        {"members of the provider", test_members_of_the_provider},
        {"everything goes round", test_everything_goes_round},
        {"words of a command line", test_words_of_a_command_line},
        {"unknown words", test_unknown_words},
        CU_TEST_INFO_NULL,
    };

    return unit_run("source_options", tests);
}
