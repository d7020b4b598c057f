/*
 * test_log.c - unit tests for base/log.c
 */
#include "log.h"

#include "buf.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/postern-test-log-XXXXXX";
static char path[64], moved[64];
static struct buf content = {NULL, 0, 0, 64 << 20, false};

static void
start(enum log_format format, enum log_level level)
{
    (void)unlink(path);
    CU_ASSERT_FATAL(log_open(format, level, path));
}

/* What has been logged so far. */
static const char *
logged(void)
{
    buf_clear(&content);
    buf_add_text(&content, "");
    CU_ASSERT_FATAL(file_read(path, &content));
    return content.data;
}

/* The line behind its time, with the line end. */
static const char *
behind_time(const char *line)
{
    return strlen(line) > 19 ? line + 19 : line;
}

static void
test_text_line(void)
{
    int64_t now_us, back_us;

    start(LOG_FORMAT_TEXT, LOG_INFO);
    log_info("webhook_handlers", NULL,
             "Webhook processed successfully in %.2fs (attempt %d/%d)", 0.23, 1,
             3);
    CU_ASSERT_STRING_EQUAL(behind_time(logged()),
                           " - webhook_handlers - INFO - Webhook processed "
                           "successfully in 0.23s (attempt 1/3)\n");
    now_us = clock_wall_us();
    CU_ASSERT(clock_parse(slice_make(logged(), 19), &back_us));
    CU_ASSERT(back_us <= now_us && now_us - back_us < 5 * CLOCK_US_PER_S);
}

static void
test_fields(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    log_warning("x",
                LOG_FIELDS(LOG_TEXT("plain", "a/b:c"), LOG_INT("n", -5),
                           LOG_TEXT("space", "a b"), LOG_TEXT("empty", ""),
                           LOG_SLICE("absent", SLICE_NONE),
                           LOG_TEXT("quote", "say \"\\\""),
                           LOG_TEXT("equals", "a=b")),
                "m");
    CU_ASSERT_STRING_EQUAL(behind_time(logged()),
                           " - x - WARNING - m plain=a/b:c n=-5 space=\"a b\" "
                           "empty=\"\" absent=\"\" quote=\"say \\\"\\\\\\\"\" "
                           "equals=\"a=b\"\n");
}

/* One event is one line, and a terminal is not at the sender's mercy. */
static void
test_outside_text_is_escaped(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    log_error("x",
              LOG_FIELDS(LOG_SLICE("v", SLICE("a\r\n2026 - forged\t\0\x1b[2J"
                                              "\x7f\xff\xc2\x9b\xc3\xa4"))),
              "%s", "line\nbreak\x1b");
    CU_ASSERT_STRING_EQUAL(
        behind_time(logged()),
        " - x - ERROR - line\\nbreak\\x1b v=\"a\\r\\n2026 - "
        "forged\\t\\x00\\x1b[2J\\x7f\\xff\\u009b\xc3\xa4\"\n");
}

static void
test_levels(void)
{
    start(LOG_FORMAT_TEXT, LOG_WARNING);
    CU_ASSERT(!log_enabled(LOG_DEBUG));
    CU_ASSERT(!log_enabled(LOG_INFO));
    CU_ASSERT(log_enabled(LOG_WARNING));
    CU_ASSERT(log_enabled(LOG_ERROR));
    log_debug("x", NULL, "no");
    log_info("x", NULL, "no");
    CU_ASSERT_STRING_EQUAL(logged(), "");
    log_warning("x", NULL, "yes");
    CU_ASSERT_STRING_EQUAL(behind_time(logged()), " - x - WARNING - yes\n");
}

static void
test_json_line(void)
{
    struct json_value value, member;
    int64_t back_us;

    start(LOG_FORMAT_JSON, LOG_DEBUG);
    log_debug(
        "webhook_handlers",
        LOG_FIELDS(LOG_SLICE("k\"", SLICE("v\n\xff\0")), LOG_INT("n", 42)),
        "say \"%s\"", "\xc3\xa4");
    CU_ASSERT(json_read(slice_of(logged()), &value, NULL));
    CU_ASSERT(json_find(value.text, "time", &member));
    CU_ASSERT(clock_parse(json_plain_string(member.text), &back_us));
    CU_ASSERT_STRING_EQUAL(
        strchr(logged(), ','),
        ",\"logger\":\"webhook_handlers\",\"level\":\"DEBUG\",\"message\":"
        "\"say \\\"\xc3\xa4\\\"\",\"k\\\"\":\"v\\n\xef\xbf\xbd\\u0000\","
        "\"n\":42}\n");
}

/* Lines far beyond the bound: whole, bounded, marked, still UTF-8 and JSON. */
static void
test_long_lines_are_cut(void)
{
    static const char *const patterns[] = {
        "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x01", "\xff"};
    size_t i, k, len;

    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct buf text = BUF_INIT(100000);
        struct json_value value;

        while (text.len < 50000)
            buf_add_text(&text, patterns[i]);
        for (k = 0; k < 2; k++) {
            start(k == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON, LOG_DEBUG);
            log_info("x",
                     LOG_FIELDS(LOG_SLICE("a", buf_slice(&text)),
                                LOG_SLICE("b", buf_slice(&text)),
                                LOG_INT("c", INT64_MIN)),
                     "m%s", text.data);
            len = strlen(logged());
            CU_ASSERT(len > 1000 && len <= 4000);
            CU_ASSERT_EQUAL(logged()[len - 1], '\n');
            CU_ASSERT_PTR_EQUAL(strchr(logged(), '\n'), logged() + len - 1);
            CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "\xe2\x80\xa6"));
            CU_ASSERT(json_is_utf8(slice_of(logged())));
            if (k == 1)
                CU_ASSERT(json_read(slice_of(logged()), &value, NULL));
        }
        buf_free(&text);
    }
}

/* Every length around the bound, in case an end falls badly. */
static void
test_every_length_near_the_bound(void)
{
    static char text[4200];
    struct json_value value;
    size_t len, k;

    memset(text, 'a', sizeof(text));
    for (len = 3800; len < 4100; len++) {
        for (k = 0; k < 2; k++) {
            start(k == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON, LOG_DEBUG);
            log_info("x",
                     LOG_FIELDS(LOG_SLICE("a", slice_make(text, len)),
                                LOG_INT("b", INT64_MIN), LOG_TEXT("c", "\x01")),
                     "m");
            CU_ASSERT(strlen(logged()) <= 4000);
            CU_ASSERT_EQUAL(logged()[strlen(logged()) - 1], '\n');
            if (k == 1)
                CU_ASSERT(json_read(slice_of(logged()), &value, NULL));
        }
    }
}

static void
test_errno_is_kept(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    errno = EDOM;
    log_info("x", NULL, "%s", strerror(errno));
    CU_ASSERT_EQUAL(errno, EDOM);
    log_batch_begin();
    log_info("x", NULL, "m");
    log_batch_end();
    log_reopen();
    CU_ASSERT_EQUAL(errno, EDOM);
}

static void
test_batch_waits_for_its_end(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    log_batch_begin();
    log_info("x", NULL, "one");
    log_info("x", NULL, "two");
    CU_ASSERT_STRING_EQUAL(logged(), "");
    log_batch_end();
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "one\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "two\n"));
    log_info("x", NULL, "three");
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "three\n"));
    log_batch_end();
}

static void
test_an_error_does_not_wait(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    log_batch_begin();
    log_info("x", NULL, "before");
    log_error("x", NULL, "broken");
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "before\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "broken\n"));
    log_batch_end();
    CU_ASSERT_PTR_NULL(strstr(strstr(logged(), "broken\n") + 1, "broken\n"));
}

static void
test_reopen(void)
{
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    log_info("x", NULL, "old");
    CU_ASSERT_EQUAL(rename(path, moved), 0);
    log_info("x", NULL, "still old");
    log_reopen();
    log_info("x", NULL, "new");
    CU_ASSERT_STRING_EQUAL(behind_time(logged()), " - x - INFO - new\n");
    (void)unlink(moved);
}

static void
test_reopen_that_fails_keeps_the_file(void)
{
    char hidden[80];

    (void)snprintf(hidden, sizeof(hidden), "%s.hidden", directory);
    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    CU_ASSERT_EQUAL(rename(directory, hidden), 0);
    log_reopen();
    log_info("x", NULL, "after");
    CU_ASSERT_EQUAL(rename(hidden, directory), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "Cannot reopen"));
    CU_ASSERT_PTR_NOT_NULL(strstr(logged(), "after\n"));
}

static void
test_open_that_fails_changes_nothing(void)
{
    start(LOG_FORMAT_TEXT, LOG_INFO);
    errno = 0;
    CU_ASSERT(!log_open(LOG_FORMAT_JSON, LOG_ERROR, "/tmp/no/such/log"));
    CU_ASSERT_EQUAL(errno, ENOENT);
    log_info("x", NULL, "m");
    CU_ASSERT_STRING_EQUAL(behind_time(logged()), " - x - INFO - m\n");
}

#define WRITERS 4
#define LINES_EACH 500

static char filler[700];

/* Half of the lines in batches, so that both ways of writing are mixed. */
static void *
write_lines(void *arg)
{
    int i;

    for (i = 0; i < LINES_EACH; i++) {
        if (i % 20 == 0)
            log_batch_begin();
        log_info(
            "x",
            LOG_FIELDS(LOG_SLICE("fill", slice_make(filler, sizeof(filler)))),
            "%s", (const char *)arg);
        if (i % 20 == 9)
            log_batch_end();
    }
    log_batch_end();
    return NULL;
}

/* Counts lines of exactly the expected length; -1 if one is torn. */
static int
count_whole_lines(const char *text)
{
    size_t want = strlen("2026-01-01 15:00:00 - x - INFO - a fill=") + 700;
    int count = 0;

    for (; *text != '\0'; count++) {
        const char *newline = strchr(text, '\n');

        if (newline == NULL || (size_t)(newline - text) != want)
            return -1;
        text = newline + 1;
    }
    return count;
}

static void
test_threads_do_not_tear_lines(void)
{
    static char names[WRITERS][2] = {"a", "b", "c", "d"};
    pthread_t threads[WRITERS];
    size_t i;

    start(LOG_FORMAT_TEXT, LOG_DEBUG);
    for (i = 0; i < WRITERS; i++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    for (i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(count_whole_lines(logged()), WRITERS * LINES_EACH);
}

/* Responders share the web server's stderr, which is a pipe. */
static void
test_processes_do_not_tear_lines_in_a_pipe(void)
{
    struct buf got = BUF_INIT(64 << 20);
    int fds[2], i;

    CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
    fflush(NULL);
    for (i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            char name[2] = {(char)('a' + i), '\0'};

            dup2(fds[1], STDERR_FILENO);
            if (!log_open(LOG_FORMAT_TEXT, LOG_DEBUG, NULL))
                _exit(1);
            write_lines(name);
            _exit(0);
        }
    }
    close(fds[1]);
    for (;;) {
        char *room = buf_reserve(&got, PIPE_BUF);
        ssize_t len = read(fds[0], room, PIPE_BUF);

        if (len <= 0)
            break;
        buf_advance(&got, (size_t)len);
    }
    close(fds[0]);
    for (i = 0; i < WRITERS; i++) {
        int status = 1;

        (void)wait(&status);
        CU_ASSERT_EQUAL(status, 0);
    }
    CU_ASSERT_EQUAL(count_whole_lines(buf_slice(&got).ptr),
                    WRITERS * LINES_EACH);
    buf_free(&got);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a line of text", test_text_line},
        {"fields", test_fields},
        {"text from outside is escaped", test_outside_text_is_escaped},
        {"levels", test_levels},
        {"a line of JSON", test_json_line},
        {"long lines are cut", test_long_lines_are_cut},
        {"every length near the bound", test_every_length_near_the_bound},
        {"errno is kept", test_errno_is_kept},
        {"a batch waits for its end", test_batch_waits_for_its_end},
        {"an error does not wait", test_an_error_does_not_wait},
        {"reopen", test_reopen},
        {"a reopen that fails keeps the file",
         test_reopen_that_fails_keeps_the_file},
        {"an open that fails changes nothing",
         test_open_that_fails_changes_nothing},
        {"threads do not tear lines", test_threads_do_not_tear_lines},
        {"processes do not tear lines in a pipe",
         test_processes_do_not_tear_lines_in_a_pipe},
        CU_TEST_INFO_NULL,
    };
    int code;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof(path), "%s/log", directory);
    (void)snprintf(moved, sizeof(moved), "%s/log.1", directory);
    memset(filler, 'f', sizeof(filler));
    code = unit_run("log", tests);
    if (!log_open(LOG_FORMAT_TEXT, LOG_INFO, NULL))
        code = EXIT_FAILURE;
    (void)unlink(path);
    (void)rmdir(directory);
    buf_free(&content);
    return code;
}
