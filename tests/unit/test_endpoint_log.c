/*
 * test_endpoint_log.c - unit tests for worker/jobs/endpoint_log.c: the log tells of
 * an endpoint once, and only what was committed.
 */
#include "endpoint_log.h"

#include "buf.h"
#include "file.h"
#include "log.h"
#include "unit.h"

#include <string.h>
#include <unistd.h>

#define SINCE_US INT64_C(1767225600123456) /* 2026-01-01 00:00:00 */

static char path[] = "/tmp/postern-test-endpoint-log-XXXXXX";
static struct buf content = {NULL, 0, 0, 1 << 20, false};
static const struct subscription subscription = {.id = 7, .application_id = 1};
static const struct ledger_news failing = {
    .failing = true,
    .failing_since_us = SINCE_US,
    .next_attempt_at_us = SINCE_US + INT64_C(30000000),
};
static const struct ledger_news recovered = {.failing_since_us = SINCE_US};

static struct endpoint_log *
start(void)
{
    CU_ASSERT_EQUAL_FATAL(truncate(path, 0), 0);
    CU_ASSERT_FATAL(log_open(LOG_FORMAT_TEXT, LOG_INFO, path));
    return endpoint_log_new();
}

static const char *
logged(void)
{
    buf_clear(&content);
    buf_add_text(&content, "");
    CU_ASSERT_FATAL(file_read(path, &content));
    return content.data;
}

static size_t
lines(void)
{
    const char *at = logged();
    size_t n = 0;

    while ((at = strchr(at, '\n')) != NULL) {
        at++;
        n++;
    }
    return n;
}

static void
test_one_line_when_it_fails_and_one_when_it_answers_again(void)
{
    struct flush_row row = {.error_class = "connect",
                            .error_message = slice_of("refused")};
    struct endpoint_log *log = start();
    const char *text;

    endpoint_log_add(log, &failing, &subscription, &row);
    CU_ASSERT_EQUAL(lines(), 0);
    endpoint_log_write(log);
    endpoint_log_add(log, &recovered, &subscription, NULL);
    endpoint_log_write(log);
    endpoint_log_write(log);
    CU_ASSERT_EQUAL(lines(), 2);
    text = logged();
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " - WARNING - Endpoint is failing; "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " subscription=7 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text,
                                  " failing_since=2026-01-01T00:00:00.123456Z "
                                  "next_attempt_at=2026-01-01T00:00:30.123456Z "
                                  "error_class=connect error=refused\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " - INFO - Endpoint answers again "));
    endpoint_log_free(log);
}

static void
test_what_was_rolled_back_is_not_told(void)
{
    struct endpoint_log *log = start();

    endpoint_log_add(log, &failing, &subscription, NULL);
    endpoint_log_clear(log);
    endpoint_log_write(log);
    CU_ASSERT_EQUAL(lines(), 0);
    endpoint_log_free(log);
}

static void
test_what_an_endpoint_says_makes_no_line_of_its_own(void)
{
    struct flush_row row = {.error_class = "http",
                            .error_message = slice_of("no\nline=two")};
    struct endpoint_log *log = start();

    endpoint_log_add(log, &failing, &subscription, &row);
    endpoint_log_write(log);
    CU_ASSERT_EQUAL(lines(), 1);
    endpoint_log_free(log);
}

static void
test_many_at_once_are_all_told(void)
{
    struct endpoint_log *log = start();
    int i;

    for (i = 0; i < 1000; i++)
        endpoint_log_add(log, &failing, &subscription, NULL);
    endpoint_log_write(log);
    CU_ASSERT_EQUAL(lines(), 1000);
    endpoint_log_free(log);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"one line when it fails, and one when it answers again",
         test_one_line_when_it_fails_and_one_when_it_answers_again},
        {"what was rolled back is not told",
         test_what_was_rolled_back_is_not_told},
        {"what an endpoint says makes no line of its own",
         test_what_an_endpoint_says_makes_no_line_of_its_own},
        {"many at once are all told", test_many_at_once_are_all_told},
        CU_TEST_INFO_NULL,
    };
    int fd = mkstemp(path), rc = EXIT_FAILURE;

    if (fd < 0)
        return EXIT_FAILURE;
    (void)close(fd);
    rc = unit_run("endpoint_log", tests);
    buf_free(&content);
    (void)unlink(path);
    return rc;
}
