/*
 * test_command_find.c - unit tests for cli/command_find.c
 */
#include "command_find.h"
#include "unit.h"

#include <string.h>

static int
run(struct cli *cli)
{
    (void)cli;
    return EXIT_OK;
}

static const struct command first[] = {
    {"token", "add", "NAME --scope admin|app [--expires DAYS] [--dry]", "",
     run},
    {"token", "list", "", "", run},
    {NULL, NULL, NULL, NULL, NULL},
};
static const struct command second[] = {
    {"verify", NULL, "--secret S | --secret-stdin [--any-time]", "", run},
    {"verify", NULL, "[--header 'N: --x']... (--url URL|--path P)", "", run},
    {NULL, NULL, NULL, NULL, NULL},
};
const struct command *const command_tables[] = {first, second, NULL};

static void
test_looking_up(void)
{
    CU_ASSERT_PTR_EQUAL(command_find("token", "add"), &first[0]);
    CU_ASSERT_PTR_EQUAL(command_find("token", "list"), &first[1]);
    CU_ASSERT_PTR_NULL(command_find("token", NULL));
    CU_ASSERT_PTR_NULL(command_find("token", "ad"));
    CU_ASSERT_PTR_EQUAL(command_find("verify", NULL), &second[0]);
    CU_ASSERT_PTR_EQUAL(command_find("verify", "a-file"), &second[0]);
    CU_ASSERT_PTR_NULL(command_find("nobody", NULL));
    CU_ASSERT_TRUE(command_group_exists("token"));
    CU_ASSERT_FALSE(command_group_exists("tok"));
}

static void
expect_options(const struct command *command, const char *want)
{
    char option[COMMAND_OPTION_MAX];
    struct buf got = BUF_INIT(256);
    size_t at = 0;

    while (command_next_option(command, &at, option))
        buf_addf(&got, "%s ", option);
    CU_ASSERT(slice_is(buf_slice(&got), want));
    buf_free(&got);
}

static void
test_options_of_a_usage(void)
{
    expect_options(&first[0], "--scope --expires --dry ");
    expect_options(&first[1], "");
    expect_options(&second[0], "--secret --secret-stdin --any-time ");
}

static void
test_which_options_have_values(void)
{
    static const struct {
        const char *word;
        bool has, valued;
    } rows[] = {
        {"--secret", true, true},        {"--secret=x", true, false},
        {"--secret-stdin", true, false}, {"--any-time", true, false},
        {"--header", true, true},        {"--url", true, true},
        {"--path", true, true},          {"--secre", false, false},
        {"--secrets", false, false},     {"--", false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool valued = false;

        CU_ASSERT_EQUAL(command_has_option(&second[0], rows[i].word, &valued),
                        rows[i].has);
        CU_ASSERT_EQUAL(valued, rows[i].valued);
    }
}

static void
test_what_may_be_meant(void)
{
    char option[COMMAND_OPTION_MAX];

    CU_ASSERT_STRING_EQUAL(command_like_group("tokne"), "token");
    CU_ASSERT_PTR_NULL(command_like_group("webhook"));
    CU_ASSERT_STRING_EQUAL(command_like_verb("token", "lst"), "list");
    CU_ASSERT_PTR_NULL(command_like_verb("token", "revoke"));
    CU_ASSERT_TRUE(command_like_option(&first[0], "--expire=3", option));
    CU_ASSERT_STRING_EQUAL(option, "--expires");
    CU_ASSERT_TRUE(command_like_option(&second[0], "--ulr", option));
    CU_ASSERT_STRING_EQUAL(option, "--url");
    CU_ASSERT_TRUE(command_like_option(&first[1], "-jsn", option));
    CU_ASSERT_STRING_EQUAL(option, "--json");
    CU_ASSERT_FALSE(command_like_option(&first[1], "--expires", option));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"looking up", test_looking_up},
        {"options of a usage", test_options_of_a_usage},
        {"which options have values", test_which_options_have_values},
        {"what may be meant", test_what_may_be_meant},
        CU_TEST_INFO_NULL,
    };

    return unit_run("command_find", tests);
}
