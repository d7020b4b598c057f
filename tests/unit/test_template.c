/*
 * test_template.c - unit tests for core/outgoing/template.c, template_parse.c
 * and template_json.c
 */
#include "template.h"

#include "json.h"
#include "unit.h"

#define MAX 65536
#define ROUNDS 50000 /* templates made of random words */

/* Made at 2026-01-01T15:00:00.234Z. */
#define ID UINT64_C(132498064341487623)
#define DATA                                                                   \
    "{\"order\":{\"id\":9007199254740993,\"total\":12.50,\"paid\":true,"       \
    "\"note\":null,\"name\":\"Zo\xc3\xab \\\"q\\\" \\u00e9\\n\"},"             \
    "\"items\":[{\"unit price\":1},{\"unit price\":2e1}],\"0\":\"zero\","      \
    "\"\\u0061b\":\"escaped\",\"a.b\":\"dotted\",\"empty\":\"\"}"

static const struct format_event event = {
    .id = ID,
    .type = {"order.\"created\"", 15},
    .data = {DATA, sizeof(DATA) - 1},
    .metadata = {"{\"trace\":\"t-1\"}", 15},
};

struct row {
    const char *claim, *text, *want;
};

static void
renders(const struct row *row, enum template_kind kind,
        const struct format_event *what)
{
    struct buf out = BUF_INIT(MAX), why = BUF_INIT(TEMPLATE_WHY_MAX);
    struct template *tmpl = template_compile(slice_of(row->text), kind, &why);
    struct json_value value;

    CU_ASSERT_EQUAL(tmpl == NULL, why.len > 0);
    if (tmpl == NULL) {
        fprintf(stderr, "\n%s: %s\n", row->claim, why.data);
        CU_FAIL("refused");
        buf_free(&why);
        return;
    }
    template_render(tmpl, what, &out);
    if (!slice_is(buf_slice(&out), row->want))
        fprintf(stderr, "\n%s: got %s\n", row->claim, out.data);
    CU_ASSERT_TRUE(slice_is(buf_slice(&out), row->want));
    if (kind == TEMPLATE_JSON)
        CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    template_free(tmpl);
    buf_free(&out);
    buf_free(&why);
}

static void
test_json(void)
{
    static const struct row rows[] = {
        {"what has no braces stays", " {\"a\": [1]} ", " {\"a\": [1]} "},
        {"a number keeps its digits",
         "\"{{data.order.id}} {{data.order.total}}\"",
         "\"9007199254740993 12.50\""},
        {"a text is escaped as it came", "\"{{data.order.name}}\"",
         "\"Zo\xc3\xab \\\"q\\\" \\u00e9\\n\""},
        {"true is a word", "\"{{data.order.paid}}\"", "\"true\""},
        {"null and what is not there are nothing",
         "\"<{{data.order.note}}{{data.order.none}}{{data.x.y.z}}>\"",
         "\"<>\""},
        {"an object is compact JSON, escaped", "\"{{data.items}}\"",
         "\"[{\\\"unit price\\\":1},{\\\"unit price\\\":2e1}]\""},
        {"json is the value", "[{{json data.items}},{{json data.order.name}}]",
         "[[{\"unit price\":1},{\"unit price\":2e1}],\"Zo\xc3\xab \\\"q\\\" "
         "\\u00e9\\n\"]"},
        {"json of what is not there is null",
         "[{{json data.order.note}},{{json data.none}}]", "[null,null]"},
        {"items are counted from 0", "\"{{data.items.1.\"unit price\"}}\"",
         "\"2e1\""},
        {"past the end is nothing", "\"{{data.items.2}}\"", "\"\""},
        {"a number is a name where there is an object", "\"{{data.0}}\"",
         "\"zero\""},
        {"a name does not lead into a list", "\"{{data.items.x}}\"", "\"\""},
        {"names written with escapes are found", "\"{{data.ab}}\"",
         "\"escaped\""},
        {"a dot in quotes is no border", "\"{{data.\"a.b\"}}\"", "\"dotted\""},
        {"quoted names are decoded", "\"{{data.\"\\u0061b\"}}\"",
         "\"escaped\""},
        {"id and timestamp", "\"{{id}} {{timestamp}}\"",
         "\"evt_03nnt96d80m07 2026-01-01T15:00:00.234Z\""},
        {"the type is escaped", "[\"{{type}}\",{{json type}}]",
         "[\"order.\\\"created\\\"\",\"order.\\\"created\\\"\"]"},
        {"metadata", "\"{{metadata.trace}}{{metadata.none}}\"", "\"t-1\""},
        {"white space inside of the braces", "\"{{ \n data.0\t}}\"",
         "\"zero\""},
        {"and behind json", "[{{  json   data.0 }}]", "[\"zero\"]"},
        {"braces of JSON beside ours", "{\"a\":{\"b\":{{json data.0}}}}",
         "{\"a\":{\"b\":\"zero\"}}"},
        {"two braces", "\"{{\"{{\"}} }}\"", "\"{{ }}\""},
        {"a literal is escaped", "\"{{\"a\\\"\\u00e9\"}}\"",
         "\"a\\\"\\u00e9\""},
        {"as a value too", "[{{json \"a\\\"b\"}}]", "[\"a\\\"b\"]"},
        {"as the name of a member", "{\"{{data.0}}\":{{json id}}}",
         "{\"zero\":\"evt_03nnt96d80m07\"}"},
        {"a value alone", "{{json data.items}}",
         "[{\"unit price\":1},{\"unit price\":2e1}]"},
        {"the same path twice", "\"{{data.0}}{{data.0}}\"", "\"zerozero\""},
        {"a path and one below it",
         "[{{json data.order}},\"{{data.order.paid}}\"]",
         "[{\"id\":9007199254740993,\"total\":12.50,\"paid\":true,\"note\":"
         "null,\"name\":\"Zo\xc3\xab \\\"q\\\" \\u00e9\\n\"},\"true\"]"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        renders(&rows[i], TEMPLATE_JSON, &event);
}

static void
test_plain_text(void)
{
    static const struct row rows[] = {
        {"a text as people read it", "{{data.order.name}}|",
         "Zo\xc3\xab \"q\" \xc3\xa9\n|"},
        {"nothing is escaped", "\"{{type}}\" {{data.items}}",
         "\"order.\"created\"\" [{\"unit price\":1},{\"unit price\":2e1}]"},
        {"json stays JSON", "{{json type}} {{json data.none}}",
         "\"order.\\\"created\\\"\" null"},
        {"a literal is decoded", "{{\"\\u007b{\"}}", "{{"},
        {"it need not be JSON", "}} { \\ \x01", "}} { \\ \x01"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        renders(&rows[i], TEMPLATE_TEXT, &event);
}

static void
test_other_events(void)
{
    static const struct row all = {
        "everything", "[{{json data}},{{json metadata}},\"{{data}}\"]", NULL};
    static const struct {
        const char *claim, *data, *metadata, *want;
    } rows[] = {
        {"nothing at all", NULL, NULL, "[null,{},\"\"]"},
        {"data that is a number", "12.50", "{}", "[12.50,{},\"12.50\"]"},
        {"a text", "\"a\\\"b\"", "{}", "[\"a\\\"b\",{},\"a\\\"b\"]"},
        {"false", "false", "{}", "[false,{},\"false\"]"},
        {"null", "null", "{}", "[null,{},\"\"]"},
        {"a list", "[1]", "{}", "[[1],{},\"[1]\"]"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct format_event other = {
            .id = ID,
            .type = {"t", 1},
            .data = slice_of(rows[i].data),
            .metadata = slice_of(rows[i].metadata),
        };
        const struct row row = {rows[i].claim, all.text, rows[i].want};

        renders(&row, TEMPLATE_JSON, &other);
    }
}

/* Below the top, an object may hold a name twice. */
static void
test_the_last_of_two_members_counts(void)
{
    static const struct row row = {
        "last", "\"{{data.o.a.b}}|{{data.o.a.c}}|{{data.o.d}}\"", "\"2||4\""};
    const struct format_event twice = {
        .id = ID,
        .type = {"t", 1},
        .data = slice_of("{\"o\":{\"a\":{\"b\":1,\"c\":1},\"a\":{\"b\":2},"
                         "\"d\":3,\"\\u0064\":4}}"),
    };

    renders(&row, TEMPLATE_JSON, &twice);
}

static void
test_refused(void)
{
    static const struct {
        enum template_kind kind;
        const char *text, *want;
    } rows[] = {
        {TEMPLATE_TEXT, "", "the template is empty"},
        {TEMPLATE_TEXT, "a\xff", "the template is not UTF-8"},
        {TEMPLATE_TEXT, "{{dta.id}}",
         "line 1, column 3: \"dta\" is not known; a path starts with id, type, "
         "timestamp, data or metadata"},
        {TEMPLATE_TEXT, "{{json}}",
         "line 1, column 3: \"json\" is not known; a path starts with id, "
         "type, timestamp, data or metadata"},
        {TEMPLATE_TEXT, "one\ntwo {{data.}}",
         "line 2, column 12: a name is missing"},
        {TEMPLATE_TEXT, "{{}}", "line 1, column 3: a name is missing"},
        {TEMPLATE_TEXT, "{{data..a}}", "line 1, column 8: a name is missing"},
        {TEMPLATE_TEXT, "{{data.a b}}",
         "line 1, column 10: }} is missing here"},
        {TEMPLATE_TEXT, "{{data.a}", "line 1, column 9: }} is missing here"},
        {TEMPLATE_TEXT, "ab{{data.a ",
         "line 1, column 3: {{ is not closed with }}"},
        {TEMPLATE_TEXT, "{{data[0]}}", "line 1, column 7: }} is missing here"},
        {TEMPLATE_TEXT, "{{data|x}}", "line 1, column 7: }} is missing here"},
        {TEMPLATE_TEXT, "{{{data}}}", "line 1, column 3: a name is missing"},
        {TEMPLATE_TEXT, "{{id.x}}",
         "line 1, column 5: only data and metadata have members"},
        {TEMPLATE_TEXT, "{{\"a}}",
         "line 1, column 3: the quotes are not closed"},
        {TEMPLATE_TEXT, "{{\"a\\",
         "line 1, column 3: the quotes are not closed"},
        {TEMPLATE_TEXT, "{{\"a\\q\"}}",
         "line 1, column 3: not a string as JSON writes it"},
        {TEMPLATE_TEXT, "{{data.\"\\ud800\"}}",
         "line 1, column 8: not a string as JSON writes it"},
        {TEMPLATE_JSON, "{\"a\": {{data.a}}}",
         "line 1, column 7: {{...}} is text, it can stand only inside of "
         "quotes; outside of them it is {{json ...}}"},
        {TEMPLATE_JSON, "[1{{data.a}}]",
         "line 1, column 3: {{...}} is text, it can stand only inside of "
         "quotes; outside of them it is {{json ...}}"},
        {TEMPLATE_JSON, "[tru{{data.a}}]", NULL},
        {TEMPLATE_JSON, "\"\\{{data.a}}\"", NULL},
        {TEMPLATE_JSON, "\"\\u00{{data.a}}\"", NULL},
        {TEMPLATE_JSON, "\"\\ud83d{{data.a}}\"", NULL},
        {TEMPLATE_JSON, "{\n \"a\": \"{{json data.a}}\"}",
         "line 2, column 8: {{json ...}} is a whole value, it can stand only "
         "outside of quotes where JSON has a value"},
        {TEMPLATE_JSON, "{{{json data.a}}:1}", NULL},
        {TEMPLATE_JSON, "{ {{json data.a}}:1}", NULL},
        {TEMPLATE_JSON, "{ {{json id}}:1}", NULL},
        {TEMPLATE_JSON, "[1{{json data.a}}]", NULL},
        {TEMPLATE_JSON, "[-{{json data.a}}]", NULL},
        {TEMPLATE_JSON, "[{{json data.a}}{{json data.a}}]", NULL},
        {TEMPLATE_JSON, "[\"\\{{json data.a}}]", NULL},
        {TEMPLATE_JSON, "\"a\n{{data.a}}\"", NULL},
        {TEMPLATE_JSON, "{{data.a}}", NULL},
        {TEMPLATE_JSON, "{\"a\":1,,\"b\":\"{{data.a}}\"}",
         "line 1, column 8: not JSON: Expecting property name enclosed in "
         "double quotes"},
        {TEMPLATE_JSON, "{\"a\":\"{{data.a}}\"",
         "line 1, column 18: not JSON: Expecting ',' delimiter"},
        {TEMPLATE_JSON, "{\"a\":\"{{data.a}}\"} x",
         "line 1, column 20: not JSON: Extra data"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);

        if (template_check(slice_of(rows[i].text), rows[i].kind, &why)) {
            fprintf(stderr, "\naccepted: %s\n", rows[i].text);
            CU_FAIL("accepted");
        } else if (rows[i].want != NULL) {
            if (!slice_is(buf_slice(&why), rows[i].want))
                fprintf(stderr, "\n%s: %s\n", rows[i].text, why.data);
            CU_ASSERT_STRING_EQUAL(why.data, rows[i].want);
        }
        CU_ASSERT_TRUE(buf_ok(&why) && why.len > 0);
        buf_free(&why);
    }
}

static void
test_no_byte_is_overlooked(void)
{
    struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);

    CU_ASSERT_FALSE(
        template_check(slice_make("ab\0{{id}}", 9), TEMPLATE_TEXT, &why));
    CU_ASSERT_STRING_EQUAL(why.data, "line 1, column 3: a NUL byte");
    buf_free(&why);
}

/* The piece, its '#' replaced by the number. */
static void
add_numbered(struct buf *text, const char *piece, size_t number)
{
    for (; *piece != '\0'; piece++) {
        if (*piece == '#')
            buf_add_u64(text, number);
        else
            buf_add_char(text, *piece);
    }
}

/* `times` pieces in a row. */
static bool
accepts(const char *before, const char *piece, size_t times, const char *after)
{
    struct buf text = BUF_INIT(2 * TEMPLATE_TEXT_MAX);
    struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);
    bool good;
    size_t i;

    buf_add_text(&text, before);
    for (i = 0; i < times; i++)
        add_numbered(&text, piece, i);
    buf_add_text(&text, after);
    good = template_check(buf_slice(&text), TEMPLATE_TEXT, &why);
    CU_ASSERT_EQUAL(good, why.len == 0);
    buf_free(&text);
    buf_free(&why);
    return good;
}

static void
test_bounds(void)
{
    CU_ASSERT_TRUE(accepts("", "a", TEMPLATE_TEXT_MAX, ""));
    CU_ASSERT_FALSE(accepts("", "a", TEMPLATE_TEXT_MAX + 1, ""));
    CU_ASSERT_TRUE(accepts("", "a{{id}}", TEMPLATE_PLACES, "a"));
    CU_ASSERT_FALSE(accepts("", "a{{id}}", TEMPLATE_PLACES + 1, "a"));
    CU_ASSERT_TRUE(accepts("{{data", ".a", TEMPLATE_DEPTH - 1, "}}"));
    CU_ASSERT_FALSE(accepts("{{data", ".a", TEMPLATE_DEPTH, "}}"));
    CU_ASSERT_TRUE(accepts("", "{{data.a#.b.c.d}}", 63, ""));
    CU_ASSERT_FALSE(accepts("", "{{data.a#.b.c.d.e}}", 63, ""));
}

/* A template can ask for the same large value again and again. */
static void
test_the_output_has_a_bound(void)
{
    struct buf out = BUF_INIT(100), why = BUF_INIT(TEMPLATE_WHY_MAX);
    struct template *tmpl = template_compile(SLICE("{{data}}{{data}}{{data}}"),
                                             TEMPLATE_TEXT, &why);

    CU_ASSERT_PTR_NOT_NULL_FATAL(tmpl);
    template_render(tmpl, &event, &out);
    CU_ASSERT_FALSE(buf_ok(&out));
    CU_ASSERT_TRUE(out.len <= 100);
    template_free(tmpl);
    buf_free(&out);
    buf_free(&why);
}

/* Numbers that look random and are the same at every run (splitmix64). */
static size_t
pick(uint64_t *state, size_t count)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % count);
}

static bool
is_json_for_all(const struct template *tmpl)
{
    static const char *const data[] = {
        NULL,
        "null",
        "true",
        "-12.5e3",
        "\"\"",
        "\"n\"",
        "\"0\"",
        "\"\\\"\"",
        "\"\\u0041\"",
        "[]",
        "{}",
        "[1]",
        "[\"]\"]",
        "{\"a\":{\"a\":1}}",
        "{\"a\":\"\\\\\"}",
        "{\"a\":\"\",\"b\":\"x\"}",
    };
    bool good = true;
    size_t i;

    for (i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        struct format_event any = {
            .id = ID, .type = SLICE("\"\\"), .data = slice_of(data[i])};
        struct buf out = BUF_INIT(MAX);
        struct json_value value;

        /* In a list, where names may stand twice. */
        buf_add_char(&out, '[');
        template_render(tmpl, &any, &out);
        buf_add_char(&out, ']');
        good = json_read(buf_slice(&out), &value, NULL) && good;
        if (!good)
            fprintf(stderr, "\n%s\n", out.data);
        buf_free(&out);
    }
    return good;
}

/* What passes the samples passes with other values. */
static void
test_what_compiles_gives_json(void)
{
    static const char *const words[] = {
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\"",
        ",",
        ":",
        "\\",
        "1",
        "-",
        "e",
        "null",
        "tru",
        "x",
        "\\u00",
        "\\ud83d",
        " ",
        "{{data}}",
        "{{json data}}",
        "{{data.a}}",
        "{{json data.a}}",
        "{{id}}",
        "{{json type}}",
        "{{type}}",
        "{{\"n\"}}",
        "{{json \"n\"}}",
        "[\"",
        "\"]",
        "{\"",
        "\":",
        "\",\"",
    };
    uint64_t state = 1;
    size_t compiled = 0, i;

    for (i = 0; i < ROUNDS; i++) {
        struct buf text = BUF_INIT(MAX), why = BUF_INIT(TEMPLATE_WHY_MAX);
        size_t count = 1 + pick(&state, 7);
        struct template *tmpl;

        while (count-- > 0)
            buf_add_text(&text,
                         words[pick(&state, sizeof(words) / sizeof(words[0]))]);
        tmpl = template_compile(buf_slice(&text), TEMPLATE_JSON, &why);
        compiled += tmpl != NULL;
        if (tmpl != NULL && !is_json_for_all(tmpl)) {
            fprintf(stderr, "\n%s\n", text.data);
            CU_FAIL("not JSON");
        }
        template_free(tmpl);
        buf_free(&text);
        buf_free(&why);
    }
    CU_ASSERT_TRUE(compiled > ROUNDS / 100);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"JSON", test_json},
        {"plain text", test_plain_text},
        {"other events", test_other_events},
        {"the last of two members counts", test_the_last_of_two_members_counts},
        {"refused", test_refused},
        {"no byte is overlooked", test_no_byte_is_overlooked},
        {"bounds", test_bounds},
        {"the output has a bound", test_the_output_has_a_bound},
        {"what compiles gives JSON", test_what_compiles_gives_json},
        CU_TEST_INFO_NULL,
    };

    return unit_run("template", tests);
}
