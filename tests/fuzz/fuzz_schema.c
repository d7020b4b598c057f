/*
 * fuzz_schema.c - schemas and values: any text compiles or is refused with a
 * reason and a place, and a schema means the same however it and the value are
 * written.
 *
 * Input: a schema, a border, a value.
 */
#include "fuzz.h"

#include "json_schema.h"
#include "regexp.h"

#include <string.h>

/* Each problem is one that can be printed, and says what is wrong. */
static void
check_problems(const struct problems *problems)
{
    struct buf text = BUF_INIT((size_t)1 << 20);
    struct json_value value;
    size_t i;

    for (i = 0; i < problems->count; i++) {
        FUZZ_CHECK(problems->list[i].msg[0] != '\0');
        FUZZ_CHECK(problems->list[i].type[0] != '\0');
    }
    problem_print(problems, &text);
    FUZZ_CHECK(buf_ok(&text));
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    buf_free(&text);
}

static bool
holds(const struct json_schema *schema, struct json_value value,
      struct problems *problems)
{
    bool good;

    problems->count = 0;
    good = json_schema_check(schema, value, "data", problems);
    FUZZ_CHECK(good == (problems->count == 0));
    check_problems(problems);
    return good;
}

static bool
is_too_much(const struct problems *problems)
{
    return problems->count == 1 &&
           strcmp(problems->list[0].type, "value_error.json_schema") == 0;
}

/* {"allOf":[schema]} says the same, {"not":schema} the opposite. A $ref would
   lead elsewhere then. */
static void
check_wrapped(struct slice schema, struct json_value value, const char *open,
              const char *close, bool want)
{
    struct buf text = BUF_INIT(JSON_SCHEMA_TEXT_MAX);
    struct problems problems = {.count = 0};
    struct json_schema *wrapped = NULL;
    bool good;

    buf_add_text(&text, open);
    buf_add_slice(&text, schema);
    buf_add_text(&text, close);
    if (buf_ok(&text))
        wrapped = json_schema_compile(buf_slice(&text), "schema", &problems);
    if (wrapped != NULL) {
        good = holds(wrapped, value, &problems);
        FUZZ_CHECK(good == want || is_too_much(&problems));
    }
    json_schema_free(wrapped);
    buf_free(&text);
}

static void
check_value(const struct json_schema *schema, struct slice text,
            struct json_value value)
{
    struct buf small = BUF_INIT(value.text.len + 1);
    struct problems problems;
    struct json_value same;
    bool good = holds(schema, value, &problems), spent = is_too_much(&problems);

    json_minify(value.text, &small);
    FUZZ_CHECK(json_read(buf_slice(&small), &same, NULL));
    if (!spent)
        FUZZ_CHECK(holds(schema, same, &problems) == good ||
                   is_too_much(&problems));
    if (!spent && memmem(text.ptr, text.len, "ref", 3) == NULL &&
        memmem(text.ptr, text.len, "\\u", 2) == NULL) {
        check_wrapped(text, value, "{\"allOf\":[", "]}", good);
        check_wrapped(text, value, "{\"not\":", "}", !good);
        check_wrapped(text, value, "{\"anyOf\":[false,", "]}", good);
    }
    buf_free(&small);
}

/* The first part is an expression as well. */
static void
check_expression(struct slice text, struct slice subject)
{
    const char *why = NULL;
    struct regexp *regexp = regexp_compile(text, &why);

    FUZZ_CHECK((regexp == NULL) == (why != NULL));
    if (regexp != NULL && json_is_utf8(subject) && subject.len < 5000)
        (void)regexp_matches(regexp, subject);
    regexp_free(regexp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice text = fuzz_part(&input), value_text = fuzz_part(&input);
    struct problems problems = {.count = 0};
    struct json_schema *schema = NULL;
    struct json_value form, value;

    check_expression(text, value_text);
    if (!json_read(text, &form, NULL))
        return 0;
    schema = json_schema_compile(form.text, "schema", &problems);
    FUZZ_CHECK((schema == NULL) == (problems.count > 0));
    check_problems(&problems);
    if (schema != NULL && json_read(value_text, &value, NULL))
        check_value(schema, form.text, value);
    json_schema_free(schema);
    return 0;
}
