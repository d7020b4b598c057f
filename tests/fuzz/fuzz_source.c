/*
 * fuzz_source.c - sources as the management API and the database have them:
 * bodies, options, lists of verifiers. What is accepted goes round without a
 * change, and what is refused is answered with JSON.
 */
#include "fuzz.h"

#include "json.h"
#include "source_form.h"

#define LINE_MAX_BYTES 65536

static void
check_problems(const struct problems *problems, bool accepted)
{
    struct buf text = BUF_INIT(1 << 20);
    struct json_value value;

    FUZZ_CHECK(accepted == (problems->count == 0));
    FUZZ_CHECK(problems->count <= PROBLEM_MAX);
    problem_print(problems, &text);
    FUZZ_CHECK(buf_ok(&text));
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    buf_free(&text);
}

/* What is stored gives the same options again. */
static void
check_options(const struct source_options *options, const char *provider)
{
    struct source_options again;
    struct problems problems = {.count = 0};
    struct buf first = BUF_INIT(SOURCE_JSON_MAX), second = first;
    struct json_value value;

    source_options_print(options, provider, &first);
    if (buf_ok(&first)) {
        FUZZ_CHECK(json_read(buf_slice(&first), &value, NULL));
        source_options_init(&again, provider);
        source_options_read(&again, provider, value.text, NULL, &problems);
        FUZZ_CHECK(problems.count == 0);
        source_options_print(&again, provider, &second);
        FUZZ_CHECK(slice_equal(buf_slice(&first), buf_slice(&second)));
        source_options_free(&again);
    }
    buf_free(&first);
    buf_free(&second);
}

static void
check_verifiers(const struct verifier_list *list)
{
    struct verifier_list again;
    struct buf first = BUF_INIT(VERIFIER_JSON_MAX), second = first;
    struct verifier *array;
    size_t count;

    verifier_list_print(list, &first);
    FUZZ_CHECK(buf_ok(&first));
    FUZZ_CHECK(verifier_list_read(buf_slice(&first), &again));
    verifier_list_print(&again, &second);
    FUZZ_CHECK(slice_equal(buf_slice(&first), buf_slice(&second)));
    array = verifier_list_expand(&again, "notion", &count);
    FUZZ_CHECK(count <= SOURCE_VERIFIERS_MAX);
    verifier_array_free(array, count);
    verifier_list_free(&again);
    buf_free(&first);
    buf_free(&second);
}

static void
try_form(struct slice body, const struct subscription_rules *rules)
{
    struct problems problems = {.count = 0};
    struct source_options options;
    struct source_form form;
    bool accepted = source_form_read(&form, body, rules, &problems);
    const struct body_value *name = &form.value[SOURCE_NAME_FIELD];

    check_problems(&problems, accepted);
    if (accepted) {
        FUZZ_CHECK(rules->part || name->given);
        if (name->given)
            FUZZ_CHECK(source_form_name_problem(
                           slice_make(name->text, name->text_len)) == NULL);
        source_options_init(&options, "stripe");
        source_form_options(&form, &options, "stripe");
        check_options(&options, "stripe");
        source_options_free(&options);
        check_verifiers(&form.verifiers);
    }
    source_form_free(&form);
}

/* OPTION=VALUE of a command line gives JSON that may be right or wrong. */
static void
try_words(struct slice line)
{
    struct buf json = BUF_INIT(LINE_MAX_BYTES);
    const char *end = memchr(line.ptr, '=', line.len);
    struct json_value value;
    struct slice name;
    char why[200];

    if (end == NULL)
        return;
    name = slice_make(line.ptr, (size_t)(end - line.ptr));
    if (source_option_json(name, slice_make(end + 1, line.len - name.len - 1),
                           &json, why) &&
        buf_ok(&json))
        FUZZ_CHECK(json_read(buf_slice(&json), &value, NULL));
    buf_free(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice input = slice_make(data, size);
    static struct target_nets none;
    const struct subscription_rules made = {.allow = &none,
                                            .may_name_application = true};
    const struct subscription_rules part = {.allow = &none, .part = true};
    struct verifier_list list;

    if (size == 0)
        return 0;
    try_form(input, &made);
    try_form(input, &part);
    if (verifier_list_read(input, &list))
        check_verifiers(&list);
    verifier_list_free(&list);
    try_words(input);
    return 0;
}
