/*
 * test_file.c - unit tests for base/file.c
 */
#include "file.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/postern-test-file-XXXXXX";
static char path[64];

static unsigned
files_there(void)
{
    DIR *dir = opendir(directory);
    unsigned count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void
test_there_and_back(void)
{
    struct buf in = BUF_INIT(100000), out = BUF_INIT(100000);
    struct stat st;
    int i;

    for (i = 0; i < 20000; i++)
        buf_add(&in, "ab\0c\n", 5);
    CU_ASSERT(file_replace(path, buf_slice(&in), 0640));
    CU_ASSERT(file_read(path, &out));
    CU_ASSERT(slice_equal(buf_slice(&in), buf_slice(&out)));
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0640);
    CU_ASSERT_EQUAL(files_there(), 1);
    buf_free(&in);
    buf_free(&out);
}

static void
test_replace_sets_the_mode_whatever_the_umask(void)
{
    mode_t old = umask(077);
    struct stat st;

    CU_ASSERT(file_replace(path, SLICE("x"), 0644));
    umask(old);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0644);
}

static void
test_read_appends(void)
{
    struct buf out = BUF_INIT(10);

    CU_ASSERT(file_replace(path, SLICE("6789"), 0600));
    buf_add_text(&out, "012345");
    CU_ASSERT(file_read(path, &out));
    CU_ASSERT_STRING_EQUAL(out.data, "0123456789");
    buf_free(&out);

    CU_ASSERT(file_replace(path, SLICE(""), 0600));
    CU_ASSERT(file_read(path, &out));
    CU_ASSERT_EQUAL(out.len, 0);
    buf_free(&out);
}

static void
test_too_large(void)
{
    struct buf out = BUF_INIT(9);

    CU_ASSERT(file_replace(path, SLICE("6789"), 0600));
    buf_add_text(&out, "012345");
    errno = 0;
    CU_ASSERT(!file_read(path, &out));
    CU_ASSERT_EQUAL(errno, EFBIG);
    CU_ASSERT_STRING_EQUAL(out.data, "012345");
    CU_ASSERT(buf_ok(&out));
    buf_free(&out);
}

static void
test_errno_says_why(void)
{
    struct buf out = BUF_INIT(9);

    errno = 0;
    CU_ASSERT(!file_read("/tmp/no/such/file", &out));
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT(!file_read(directory, &out));
    CU_ASSERT_EQUAL(errno, EISDIR);
    CU_ASSERT(!file_replace("/tmp/no/such/file", SLICE("x"), 0600));
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(out.len, 0);
    buf_free(&out);
}

/* A directory cannot be replaced by a file. */
static void
test_nothing_is_left_behind(void)
{
    char target[80];
    unsigned before = files_there();

    (void)snprintf(target, sizeof(target), "%s/sub", directory);
    CU_ASSERT_EQUAL(mkdir(target, 0700), 0);
    errno = 0;
    CU_ASSERT(!file_replace(target, SLICE("x"), 0600));
    CU_ASSERT_EQUAL(errno, EISDIR);
    CU_ASSERT_EQUAL(files_there(), before + 1);
    CU_ASSERT_EQUAL(rmdir(target), 0);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"there and back", test_there_and_back},
        {"the mode is set whatever the umask",
         test_replace_sets_the_mode_whatever_the_umask},
        {"reading appends", test_read_appends},
        {"too large", test_too_large},
        {"errno says why", test_errno_says_why},
        {"nothing is left behind", test_nothing_is_left_behind},
        CU_TEST_INFO_NULL,
    };
    int code;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof(path), "%s/file", directory);
    code = unit_run("file", tests);
    (void)unlink(path);
    (void)rmdir(directory);
    return code;
}
