/*
 * test_options.c - unit tests for worker/options.c
 */
#include "options.h"
#include "unit.h"

#include <string.h>

#define WORDS_MAX 8

/* Parses a command line given as words separated by single spaces. */
static bool
parse(const char *line, struct options *options, struct buf *why)
{
    static char text[256];
    char *argv[WORDS_MAX + 1], *at = text;
    int argc = 0;

    (void)snprintf(text, sizeof(text), "posternd %s", line);
    while (at != NULL && argc < WORDS_MAX) {
        char *space = strchr(at, ' ');

        if (*at != '\0')
            argv[argc++] = at;
        at = space == NULL ? NULL : space + 1;
        if (space != NULL)
            *space = '\0';
    }
    argv[argc] = NULL;
    return options_parse(argc, argv, options, why);
}

static void
test_right(void)
{
    struct buf why = BUF_INIT(1024);
    struct options options;

    CU_ASSERT_TRUE(parse("", &options, &why));
    CU_ASSERT_PTR_NULL(options.config);
    CU_ASSERT_FALSE(options.once || options.check || options.help);
    CU_ASSERT_EQUAL(options.max_time_s, 0);

    CU_ASSERT_TRUE(parse("-c a.conf --once --max-time 55", &options, &why));
    CU_ASSERT_STRING_EQUAL(options.config, "a.conf");
    CU_ASSERT_TRUE(options.once);
    CU_ASSERT_EQUAL(options.max_time_s, 55);

    CU_ASSERT_TRUE(parse("--config=b.conf --set slots=9 --set db_name=x -t",
                         &options, &why));
    CU_ASSERT_STRING_EQUAL(options.config, "b.conf");
    CU_ASSERT_TRUE(options.check);
    CU_ASSERT_EQUAL_FATAL(options.set_count, 2);
    CU_ASSERT_STRING_EQUAL(options.sets[0], "slots=9");
    CU_ASSERT_STRING_EQUAL(options.sets[1], "db_name=x");

    CU_ASSERT_TRUE(parse("--help", &options, &why));
    CU_ASSERT_TRUE(options.help);
    CU_ASSERT_TRUE(parse("--version", &options, &why));
    CU_ASSERT_TRUE(options.version);
    CU_ASSERT_EQUAL(why.len, 0);
    buf_free(&why);
}

static void
test_wrong(void)
{
    static const char *const lines[] = {
        "--max-time",
        "--max-time 0",
        "--max-time -5",
        "--max-time soon",
        "--max-time 99999999999",
        "--max-time 5s",
        "--daemon",
        "-x",
        "--once start",
        "-c",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct buf why = BUF_INIT(1024);
        struct options options = {.max_time_s = -77};
        bool got = parse(lines[i], &options, &why);

        if (got)
            fprintf(stderr, "\nposternd %s: accepted\n", lines[i]);
        CU_ASSERT_FALSE(got);
        CU_ASSERT(why.len > 0);
        CU_ASSERT_EQUAL(options.max_time_s, -77);
        buf_free(&why);
    }
}

static void
test_said(void)
{
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"--frobnicate", "option '--frobnicate' is not known; posternd --help "
                         "lists them"},
        {"--onec", "option '--onec' is not known; did you mean --once? "
                   "posternd --help lists them"},
        {"--confg=a", "option '--confg' is not known; did you mean --config? "
                      "posternd --help lists them"},
        {"-x", "option '-x' is not known; posternd --help lists them"},
        {"-c", "--config needs a value"},
        {"--max-time", "--max-time needs a value"},
        {"--once=1", "--once takes no value"},
        {"start", "unexpected argument \"start\"; see posternd --help"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(1024);
        struct options options;

        CU_ASSERT_FALSE(parse(rows[i].line, &options, &why));
        if (!slice_is(buf_slice(&why), rows[i].want))
            fprintf(stderr, "\nposternd %s: %s\n", rows[i].line,
                    buf_slice(&why).ptr);
        CU_ASSERT_TRUE(slice_is(buf_slice(&why), rows[i].want));
        buf_free(&why);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"command lines that are right", test_right},
        {"command lines that are wrong", test_wrong},
        {"what is said about them", test_said},
        CU_TEST_INFO_NULL,
    };

    return unit_run("options", tests);
}
