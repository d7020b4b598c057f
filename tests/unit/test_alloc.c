/*
 * test_alloc.c - unit tests for base/alloc.c
 */
#include "alloc.h"

#include "unit.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_size_zero_can_be_freed(void)
{
    void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xrealloc(xmalloc(4), 0);

    CU_ASSERT_PTR_NOT_NULL(a);
    CU_ASSERT_PTR_NOT_NULL(b);
    CU_ASSERT_PTR_NOT_NULL(c);
    free(a);
    free(b);
    free(c);
}

static void
test_calloc_is_zeroed(void)
{
    static const char zeros[48];
    char *mem = xcalloc(6, 8);

    CU_ASSERT_EQUAL(memcmp(mem, zeros, sizeof(zeros)), 0);
    free(mem);
}

static void
test_copies(void)
{
    char *dup = xmemdup("a\0b", 3), *text = xstrdup("postern");
    char *part = xstrndup("postern", 4), *none = xstrndup(NULL, 0);

    CU_ASSERT_EQUAL(memcmp(dup, "a\0b", 3), 0);
    CU_ASSERT_STRING_EQUAL(text, "postern");
    CU_ASSERT_STRING_EQUAL(part, "post");
    CU_ASSERT_STRING_EQUAL(none, "");
    free(dup);
    free(text);
    free(part);
    free(none);
}

static void
test_realloc_keeps_content(void)
{
    uint32_t *numbers = xreallocarray(NULL, 2, sizeof(*numbers));

    numbers[0] = 7;
    numbers[1] = 11;
    numbers = xreallocarray(numbers, 4096, sizeof(*numbers));
    CU_ASSERT_EQUAL(numbers[0], 7);
    CU_ASSERT_EQUAL(numbers[1], 11);
    free(numbers);
}

/* Too large for any machine, and count * size wraps around to 16. */
static void
overflow_in_child(void)
{
    volatile size_t count = SIZE_MAX / 16 + 2;

    free(xreallocarray(NULL, count, 16));
}

static void
test_overflow_ends_the_process(void)
{
    char said[64] = "";
    int fds[2], status = 0;
    ssize_t got;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        overflow_in_child();
        _exit(0);
    }
    close(fds[1]);
    got = read(fds[0], said, sizeof(said) - 1);
    close(fds[0]);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(got > 0);
    CU_ASSERT_STRING_EQUAL(said, "postern: out of memory\n");
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"size 0 gives something to free", test_size_zero_can_be_freed},
        {"xcalloc gives zeros", test_calloc_is_zeroed},
        {"copies are copies", test_copies},
        {"growing keeps the content", test_realloc_keeps_content},
        {"overflow ends the process", test_overflow_ends_the_process},
        CU_TEST_INFO_NULL,
    };

    return unit_run("alloc", tests);
}
