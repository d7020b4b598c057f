/*
 * test_args.c - unit tests for cli/args.c
 */
#include "args.h"

#include "unit.h"

#include <stdint.h>
#include <string.h>

static void
start(struct args *args, const char **words)
{
    char *argv[ARGS_MAX + 1];
    int argc = 0;

    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    CU_ASSERT_FATAL(args_init(args, argc, argv));
}

/* got may be NULL: then want is NULL too. */
static void
same(const char *got, const char *want)
{
    if (want == NULL) {
        CU_ASSERT_PTR_NULL(got);
        return;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void
test_options_stand_anywhere(void)
{
    static const char *words[] = {"add",    "--scope",  "admin", "name",
                                  "--json", "--days=3", NULL};
    struct args args;

    start(&args, words);
    CU_ASSERT(args_flag(&args, "--json"));
    CU_ASSERT_FALSE(args_flag(&args, "--json"));
    same(args_value(&args, "--scope"), "admin");
    same(args_value(&args, "--days"), "3");
    same(args_word(&args), "add");
    same(args_word(&args), "name");
    same(args_word(&args), NULL);
    same(args_left(&args), NULL);
}

static void
test_repeated_values_come_in_order(void)
{
    static const char *words[] = {"--header", "A: 1", "--header=B: 2", NULL};
    struct args args;

    start(&args, words);
    same(args_value(&args, "--header"), "A: 1");
    same(args_value(&args, "--header"), "B: 2");
    same(args_value(&args, "--header"), NULL);
}

static void
test_what_nobody_took_is_left(void)
{
    static const char *words[] = {"list", "--limt", "5", NULL};
    struct args args;

    start(&args, words);
    same(args_value(&args, "--limit"), NULL);
    same(args_word(&args), "list");
    same(args_left(&args), "--limt");
}

static void
test_a_prefix_is_another_option(void)
{
    static const char *words[] = {"--secret-stdin", "--secret", "s", NULL};
    struct args args;

    start(&args, words);
    same(args_value(&args, "--secret"), "s");
    CU_ASSERT(args_flag(&args, "--secret-stdin"));
}

static void
test_a_missing_value_is_named(void)
{
    static const char *words[] = {"x", "--scope", NULL};
    struct args args;

    start(&args, words);
    same(args_value(&args, "--scope"), NULL);
    same(args.wrong, "--scope");
}

static void
test_two_dashes_end_the_options(void)
{
    static const char *words[] = {"-", "--", "--json", NULL};
    struct args args;

    start(&args, words);
    CU_ASSERT_FALSE(args_flag(&args, "--json"));
    same(args_word(&args), "-");
    same(args_word(&args), "--json");
}

static void
test_too_many_words_are_refused(void)
{
    char *argv[ARGS_MAX + 1];
    struct args args;
    size_t i;

    for (i = 0; i <= ARGS_MAX; i++)
        argv[i] = (char *)(uintptr_t) "word";
    CU_ASSERT(args_init(&args, ARGS_MAX, argv));
    CU_ASSERT_FALSE(args_init(&args, ARGS_MAX + 1, argv));
}

static void
test_the_next_word_may_be_looked_at(void)
{
    static const char *words[] = {"--scope", "help", "help", "add", NULL};
    struct args args;

    start(&args, words);
    same(args_value(&args, "--scope"), "help");
    CU_ASSERT_TRUE(args_next_is(&args, "help"));
    CU_ASSERT_TRUE(args_next_is(&args, "help")); /* it stays */
    same(args_word(&args), "help");
    CU_ASSERT_FALSE(args_next_is(&args, "help"));
    same(args_word(&args), "add");
    CU_ASSERT_FALSE(args_next_is(&args, "add"));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"options stand anywhere", test_options_stand_anywhere},
        {"repeated values come in order", test_repeated_values_come_in_order},
        {"what nobody took is left", test_what_nobody_took_is_left},
        {"a prefix is another option", test_a_prefix_is_another_option},
        {"a missing value is named", test_a_missing_value_is_named},
        {"two dashes end the options", test_two_dashes_end_the_options},
        {"too many words are refused", test_too_many_words_are_refused},
        {"the next word may be looked at", test_the_next_word_may_be_looked_at},
        CU_TEST_INFO_NULL,
    };

    return unit_run("args", tests);
}
