/*
 * test_inbound_path.c - unit tests for core/inbound/inbound_path.c
 */
#include "inbound_case.h"
#include "inbound_path.h"
#include "verify.h"

static const char text[] =
    "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":7}],\"b.c\":\"dotted\",\"\":\"none\"},"
    "\"n\":null,\"t\":true,\"s\":\"\",\"e\\u0073c\":\"\\u00fc\","
    "\"big\":9007199254740993,\"$\":\"dollar\",\"twice\":{\"k\":1,\"k\":2}}";

static struct json_value
whole(void)
{
    struct json_value value = {.type = JSON_NULL};

    CU_ASSERT_TRUE_FATAL(json_read(slice_of(text), &value, NULL));
    return value;
}

static void
test_values(void)
{
    static const struct {
        const char *path, *want; /* NULL: nothing there */
    } rows[] = {
        {"$", text},
        {"$.a.b[0].c", "\"x\""},
        {"a.b[1].c", "7"},
        {"a[\"b.c\"]", "\"dotted\""},
        {"a['b.c']", "\"dotted\""},
        {"a['b'][1]", "{\"c\":7}"},
        {"$['a'].b[0]", "{\"c\":\"x\"}"},
        {"a[\"\"]", "\"none\""},
        {"esc", "\"\\u00fc\""},
        {"big", "9007199254740993"},
        {"t", "true"},
        {"twice.k", "1"},
        {"a.b[2]", NULL},
        {"a.b[999999]", NULL},
        {"a.b.c", NULL},
        {"a[0]", NULL},
        {"big.x", NULL},
        {"n", NULL},
        {"missing", NULL},
        {"missing|n|big|t", "9007199254740993"},
        {"header:X|big", "9007199254740993"},
        {"a.b[1000000]", NULL},
        {"", NULL},
        {"a.", NULL},
    };
    struct json_value json = whole();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_value value = {.text = SLICE_NONE};
        bool found = inbound_path_value(rows[i].path, &json, &value);
        bool ok = found == (rows[i].want != NULL) &&
                  (!found || slice_is(value.text, rows[i].want));

        if (!ok)
            fprintf(stderr, "\n%s: got %.*s\n", rows[i].path,
                    (int)value.text.len, value.text.ptr);
        CU_ASSERT(ok);
    }
}

static const char *headers[] = {"X-One: 1", "X-Empty: ", "X-Wide:  w ",
                                "X-Bad: \xff", NULL};

static struct slice
header(void *arg, const char *name)
{
    if (strcmp(name, "X-Twice") == 0)
        return VERIFY_SEVERAL;
    return case_header(arg, name);
}

static void
test_texts(void)
{
    static const struct {
        const char *claim, *path, *want;
    } rows[] = {
        {"a string", "a.b[0].c", "x"},
        {"decoded", "esc", "\xc3\xbc"},
        {"a number's digits", "big", "9007199254740993"},
        {"true is no text", "t", NULL},
        {"an object is none", "a", NULL},
        {"nothing is in an empty one", "s", NULL},
        {"so the next is taken", "s|t|a|big", "9007199254740993"},
        {"a header", "header:X-One", "1"},
        {"in any letter case", "header:x-one", "1"},
        {"without the white space around it", "header:X-Wide", "w"},
        {"an empty header", "header:X-Empty", NULL},
        {"one that came twice", "header:X-Twice", NULL},
        {"one that is no UTF-8", "header:X-Bad", NULL},
        {"one that is missing", "header:X-None|a.b[0].c", "x"},
        {"a name that is none", "header:X One", NULL},
    };
    struct inbound_place place = {
        .json = whole(), .header = header, .arg = headers};
    struct buf scratch = BUF_INIT(0);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice got = inbound_path_text(rows[i].path, &place, &scratch);
        bool ok = rows[i].want == NULL ? got.ptr == NULL
                                       : slice_is(got, rows[i].want);

        if (!ok)
            fprintf(stderr, "\n%s: got %.*s\n", rows[i].claim, (int)got.len,
                    got.ptr);
        CU_ASSERT(ok);
    }
    place.header = NULL;
    CU_ASSERT_PTR_NULL(inbound_path_text("header:X-One", &place, &scratch).ptr);
    CU_ASSERT_PTR_NULL(inbound_path_text(NULL, &place, &scratch).ptr);
    place.json.text = SLICE_NONE;
    CU_ASSERT_PTR_NULL(inbound_path_text("a", &place, &scratch).ptr);
    buf_free(&scratch);
}

static void
test_problems(void)
{
    static const char *const good[] = {
        "$",          "a",
        "$.a.b[0].c", "a[12][3]",
        "a['x y'].b", "header:X-Hub_1",
        "HEADER:x",   "a|header:b|$.c[\"|\"]",
        "\xc3\xbc.b", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16",
        "$x.y",       "a-b:c/d",
    };
    static const char *const bad[] = {
        "",
        ".a",
        "a.",
        "a..b",
        "a[",
        "a[]",
        "a[x]",
        "a[-1]",
        "a[1",
        "a['x]",
        "a]b",
        "$.",
        "a b",
        "a|",
        "|a",
        "a||b",
        "header:",
        "header:a b",
        "$.a.[0]",
        "a[1234567]",
        "\xff",
        "a[0]b",
        "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17",
    };
    char longest[INBOUND_PATH_MAX + 2];
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *got = inbound_path_problem(slice_of(good[i]));

        if (got != NULL)
            fprintf(stderr, "\n%s: got %s\n", good[i], got);
        CU_ASSERT_PTR_NULL(got);
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (inbound_path_problem(slice_of(bad[i])) == NULL)
            fprintf(stderr, "\n%s: got no problem\n", bad[i]);
        CU_ASSERT_PTR_NOT_NULL(inbound_path_problem(slice_of(bad[i])));
    }
    memset(longest, 'a', sizeof(longest));
    CU_ASSERT_PTR_NULL(
        inbound_path_problem(slice_make(longest, INBOUND_PATH_MAX)));
    CU_ASSERT_PTR_NOT_NULL(
        inbound_path_problem(slice_make(longest, sizeof(longest) - 1)));
    CU_ASSERT_PTR_NOT_NULL(inbound_path_problem(slice_make("a\0b", 3)));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"values", test_values},
        {"texts", test_texts},
        {"what is no path", test_problems},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_path", tests);
}
