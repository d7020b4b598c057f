/*
 * replay.c - gives a fuzzer the files of its corpus, as one test of the unit
 * suite.
 *
 *   fuzz_NAME           the files of tests/fuzz/corpus/NAME
 *   fuzz_NAME FILE...   these instead
 */
#include "fuzz.h"

#include "alloc.h"
#include "buf.h"
#include "file.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define PATH_LEN_MAX 1024

static char directory[PATH_LEN_MAX];
static char **files;
static int file_count;

/* Exactly as large as the input, so that a byte too far is noticed. */
static void
replay_file(const char *path)
{
    struct buf content = BUF_INIT(FILE_MAX);
    uint8_t *copy;

    if (!file_read(path, &content)) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        CU_FAIL("a file of the corpus cannot be read");
        return;
    }
    (void)printf("\n    %s ", path);
    (void)fflush(stdout);
    copy = xmemdup(buf_slice(&content).ptr, content.len);
    CU_ASSERT_EQUAL(LLVMFuzzerTestOneInput(copy, content.len), 0);
    free(copy);
    buf_free(&content);
}

static int
is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void
test_every_file_of_the_corpus(void)
{
    struct dirent **entries = NULL;
    char path[2 * PATH_LEN_MAX];
    int count, i;

    for (i = 0; i < file_count; i++)
        replay_file(files[i]);
    if (file_count > 0)
        return;
    count = scandir(directory, &entries, is_input, alphasort);
    CU_ASSERT_FATAL(count > 0);
    for (i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory,
                       entries[i]->d_name);
        replay_file(path);
        free(entries[i]);
    }
    free(entries);
}

static void
test_no_input_at_all(void)
{
    static const uint8_t nothing[1];

    CU_ASSERT_EQUAL(LLVMFuzzerTestOneInput(nothing, 0), 0);
}

int
main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"every file of the corpus", test_every_file_of_the_corpus},
        {"no input at all", test_no_input_at_all},
        CU_TEST_INFO_NULL,
    };
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash == NULL ? argv[0] : slash + 1;

    files = argv + 1;
    file_count = argc - 1;
    (void)snprintf(directory, sizeof(directory), "tests/fuzz/corpus/%s",
                   strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
    return unit_run(name, tests);
}
