/*
 * test_record_file.c - unit tests for core/mirror/record_file.c
 */
#include "record_file.h"

#include "file.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/postern_files_XXXXXX";

static void
expect_content(const char *name, const char *want)
{
    struct buf path = BUF_INIT(512), got = BUF_INIT(4096);

    buf_addf(&path, "%s/%s", dir, name);
    CU_ASSERT_TRUE(file_read(path.data, &got));
    CU_ASSERT_STRING_EQUAL(buf_slice(&got).ptr, want);
    buf_free(&path);
    buf_free(&got);
}

static size_t
count_files(const char *source)
{
    struct buf path = BUF_INIT(512);
    const struct dirent *entry;
    size_t count = 0;
    DIR *there;

    buf_addf(&path, "%s/%s", dir, source);
    there = opendir(path.data);
    while (there != NULL && (entry = readdir(there)) != NULL)
        count +=
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (there != NULL)
        closedir(there);
    buf_free(&path);
    return count;
}

static void
test_a_file(void)
{
    struct record_file *file =
        record_file_open(dir, SLICE("crm"), SLICE("users"));

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_add(file, SLICE("{\"id\":1}")));
    CU_ASSERT_TRUE(record_file_add(file, SLICE("{\"id\": 2,\r\n \"a\":3}")));
    CU_ASSERT_TRUE(record_file_finish(file));
    expect_content("crm/users.json", "[\n{\"id\":1},\n{\"id\":2,\"a\":3}\n]\n");
    file = record_file_open(dir, SLICE("crm"), SLICE("users"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    expect_content("crm/users.json", "[\n{\"id\":1},\n{\"id\":2,\"a\":3}\n]\n");
    CU_ASSERT_TRUE(record_file_finish(file));
    expect_content("crm/users.json", "[]\n");
    CU_ASSERT_EQUAL(count_files("crm"), 1);
}

static void
test_what_is_dropped_leaves_the_old_file(void)
{
    struct record_file *file = record_file_open(dir, SLICE("d"), SLICE("t"));

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_finish(file));
    file = record_file_open(dir, SLICE("d"), SLICE("t"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_add(file, SLICE("1")));
    record_file_drop(file);
    expect_content("d/t.json", "[]\n");
    CU_ASSERT_EQUAL(count_files("d"), 1);
    record_file_drop(NULL);
}

static void
test_only_one_writes_it(void)
{
    struct record_file *one = record_file_open(dir, SLICE("o"), SLICE("t"));
    struct record_file *two;

    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    two = record_file_open(dir, SLICE("o"), SLICE("t"));
    CU_ASSERT_PTR_NULL(two);
    CU_ASSERT_EQUAL(errno, EWOULDBLOCK);
    CU_ASSERT_TRUE(record_file_add(one, SLICE("1")));
    CU_ASSERT_TRUE(record_file_finish(one));
    expect_content("o/t.json", "[\n1\n]\n");
}

static void
test_what_a_killed_writer_left_is_taken_over(void)
{
    struct record_file *file;
    struct buf path = BUF_INIT(512);

    file = record_file_open(dir, SLICE("k"), SLICE("t"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_finish(file));
    buf_addf(&path, "%s/k/.t.json.new", dir);
    CU_ASSERT_TRUE(file_replace(path.data, SLICE("[\n1,\n2,\n3,"), 0644));
    file = record_file_open(dir, SLICE("k"), SLICE("t"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_finish(file));
    expect_content("k/t.json", "[]\n");
    CU_ASSERT_EQUAL(count_files("k"), 1);
    buf_free(&path);
}

static void
test_names(void)
{
    static const struct {
        const char *claim;
        const char *text;
        const char *want;
    } rows[] = {
        {"plain", "auth.users-2_x", "auth.users-2_x"},
        {"no way out of the directory", "../etc", "%2E.%2Fetc"},
        {"nothing hidden", ".users", "%2Eusers"},
        {"two dots", "..", "%2E."},
        {"spaces, signs and letters beyond ASCII", "A & \xc3\xa4",
         "A%20%26%20%C3%A4"},
        {"the sign of escapes", "100%", "100%25"},
    };
    struct buf text = BUF_INIT(1024);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(1024);

        record_file_add_name(slice_of(rows[i].text), &out);
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out.data);
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        buf_free(&out);
    }
    for (i = 0; i < 128; i++)
        buf_add_text(&text, "\xc3\xa4");
    for (i = 0; i < 2; i++) {
        struct buf out = BUF_INIT(1024), other = BUF_INIT(1024);

        record_file_add_name(buf_slice(&text), &out);
        CU_ASSERT(out.len < 200); /* with ".json", far below NAME_MAX */
        text.data[text.len - 1] = '\xa5';
        record_file_add_name(buf_slice(&text), &other);
        CU_ASSERT_EQUAL(strcmp(out.data, other.data) == 0, i == 1);
        buf_free(&out);
        buf_free(&other);
    }
    buf_free(&text);
}

static void
test_a_directory_that_is_not_there(void)
{
    CU_ASSERT_PTR_NULL(
        record_file_open("/nowhere/at/all", SLICE("s"), SLICE("t")));
    CU_ASSERT_EQUAL(errno, ENOENT);
}

/* Neither may lead out of the directory. */
static void
test_links_are_not_followed(void)
{
    struct buf link = BUF_INIT(512), target = BUF_INIT(512);
    struct record_file *file;

    buf_addf(&target, "%s/elsewhere", dir);
    buf_addf(&link, "%s/l", dir);
    CU_ASSERT_EQUAL(mkdir(target.data, 0755), 0);
    CU_ASSERT_EQUAL(symlink(target.data, link.data), 0);
    CU_ASSERT_PTR_NULL(record_file_open(dir, SLICE("l"), SLICE("t")));
    CU_ASSERT(errno == ENOTDIR || errno == ELOOP);
    buf_clear(&link);
    buf_addf(&link, "%s/elsewhere/.t.json.new", dir);
    CU_ASSERT_EQUAL(symlink("/dev/null", link.data), 0);
    CU_ASSERT_PTR_NULL(record_file_open(dir, SLICE("elsewhere"), SLICE("t")));
    CU_ASSERT_EQUAL(errno, ELOOP);
    CU_ASSERT_EQUAL(unlink(link.data), 0);
    /* One in the place of the complete file is replaced. */
    buf_clear(&link);
    buf_addf(&link, "%s/elsewhere/t.json", dir);
    CU_ASSERT_EQUAL(symlink("/dev/null", link.data), 0);
    file = record_file_open(dir, SLICE("elsewhere"), SLICE("t"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(record_file_finish(file));
    expect_content("elsewhere/t.json", "[]\n");
    buf_free(&link);
    buf_free(&target);
}

static int
remove_one(const char *path, const struct stat *about, int flag,
           struct FTW *where)
{
    (void)about;
    (void)flag;
    (void)where;
    return remove(path);
}

static void
remove_all(void)
{
    CU_ASSERT_EQUAL(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a file", test_a_file},
        {"what is dropped leaves the old file",
         test_what_is_dropped_leaves_the_old_file},
        {"only one writes it", test_only_one_writes_it},
        {"what a killed writer left is taken over",
         test_what_a_killed_writer_left_is_taken_over},
        {"names", test_names},
        {"a directory that is not there", test_a_directory_that_is_not_there},
        {"links are not followed", test_links_are_not_followed},
        {"everything can be removed", remove_all},
        CU_TEST_INFO_NULL,
    };

    if (mkdtemp(dir) == NULL) {
        perror(dir);
        return EXIT_FAILURE;
    }
    return unit_run("record_file", tests);
}
