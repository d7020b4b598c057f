/*
 * test_seal.c - unit tests for core/seal.c
 */
#include "seal.h"

#include "file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX 65536

static const uint8_t key_a[32] = {1, 2, 3};
static const uint8_t key_b[32] = {1, 2, 4};
static const struct seal_place place = {"sources", "secrets", 1, 7};

static char directory[] = "/tmp/postern-seal-XXXXXX";

static void
path_of(const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", directory, name);
}

static void
test_round_trip(void)
{
    static const struct slice texts[] = {
        {"", 0},
        {"x", 1},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 38},
        {"a\0b\xff", 4},
    };
    struct sealer *sealer = seal_from_key(key_a);
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf sealed = BUF_INIT(MAX), text = BUF_INIT(MAX);

        buf_add_text(&text, "before ");
        seal_value(sealer, place, texts[i], &sealed);
        CU_ASSERT_EQUAL(sealed.len, texts[i].len + SEAL_OVERHEAD);
        CU_ASSERT_EQUAL(sealed.data[0], 1);
        CU_ASSERT_EQUAL(seal_reveal(sealer, place, buf_slice(&sealed), &text),
                        SEAL_OK);
        CU_ASSERT_EQUAL(text.len, texts[i].len + 7);
        CU_ASSERT(
            slice_equal(slice_make(text.data + 7, text.len - 7), texts[i]));
        buf_free(&sealed);
        buf_free(&text);
    }
    seal_close(sealer);
}

/* A nonce used twice would betray both texts. */
static void
test_never_the_same_twice(void)
{
    struct sealer *sealer = seal_from_key(key_a);
    struct buf one = BUF_INIT(MAX), two = BUF_INIT(MAX);

    seal_value(sealer, place, SLICE("secret"), &one);
    seal_value(sealer, place, SLICE("secret"), &two);
    CU_ASSERT_FALSE(slice_equal(buf_slice(&one), buf_slice(&two)));
    CU_ASSERT_NOT_EQUAL(memcmp(one.data + 5, two.data + 5, 12), 0);
    buf_free(&one);
    buf_free(&two);
    seal_close(sealer);
}

static void
test_opens_only_at_its_place(void)
{
    static const struct seal_place others[] = {
        {"subscriptions", "secrets", 1, 7}, {"sources", "secret", 1, 7},
        {"sources", "secrets", 2, 7},       {"sources", "secrets", 1, 8},
        {"sources", "secrets", 17, 1},      {"sources:secrets", "1", 7, 7},
    };
    struct sealer *sealer = seal_from_key(key_a);
    struct buf sealed = BUF_INIT(MAX), text = BUF_INIT(MAX);
    size_t i;

    seal_value(sealer, place, SLICE("secret"), &sealed);
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CU_ASSERT_EQUAL(
            seal_reveal(sealer, others[i], buf_slice(&sealed), &text),
            SEAL_DAMAGED);
        CU_ASSERT_EQUAL(text.len, 0);
    }
    buf_free(&sealed);
    buf_free(&text);
    seal_close(sealer);
}

static void
test_every_byte_counts(void)
{
    struct sealer *sealer = seal_from_key(key_a);
    struct buf sealed = BUF_INIT(MAX), text = BUF_INIT(MAX);
    size_t i;

    seal_value(sealer, place, SLICE("secret"), &sealed);
    for (i = 0; i < sealed.len; i++) {
        enum seal_result want =
            i >= 1 && i <= 4 ? SEAL_OTHER_KEY : SEAL_DAMAGED;

        sealed.data[i] ^= 1;
        CU_ASSERT_EQUAL(seal_reveal(sealer, place, buf_slice(&sealed), &text),
                        want);
        sealed.data[i] ^= 1;
    }
    for (i = 0; i < sealed.len; i++)
        CU_ASSERT_EQUAL(
            seal_reveal(sealer, place, slice_make(sealed.data, i), &text),
            SEAL_DAMAGED);
    CU_ASSERT_EQUAL(seal_reveal(sealer, place, SLICE_NONE, &text),
                    SEAL_DAMAGED);
    buf_add_char(&sealed, 'x');
    CU_ASSERT_EQUAL(seal_reveal(sealer, place, buf_slice(&sealed), &text),
                    SEAL_DAMAGED);
    CU_ASSERT_EQUAL(text.len, 0);
    buf_free(&sealed);
    buf_free(&text);
    seal_close(sealer);
}

static void
test_another_key_is_told_from_damage(void)
{
    struct sealer *a = seal_from_key(key_a), *b = seal_from_key(key_b);
    struct buf sealed = BUF_INIT(MAX), text = BUF_INIT(MAX);

    seal_value(a, place, SLICE("secret"), &sealed);
    CU_ASSERT_EQUAL(seal_reveal(b, place, buf_slice(&sealed), &text),
                    SEAL_OTHER_KEY);
    buf_free(&sealed);
    buf_free(&text);
    seal_close(a);
    seal_close(b);
    seal_close(NULL);
}

static void
test_bounds_of_the_buffers(void)
{
    struct sealer *sealer = seal_from_key(key_a);
    struct buf small = BUF_INIT(SEAL_OVERHEAD + 5), sealed = BUF_INIT(MAX);
    struct buf text = BUF_INIT(5);

    seal_value(sealer, place, SLICE("secret"), &small);
    CU_ASSERT_FALSE(buf_ok(&small));
    CU_ASSERT_EQUAL(small.len, 0);
    seal_value(sealer, place, SLICE("secret"), &sealed);
    CU_ASSERT_EQUAL(seal_reveal(sealer, place, buf_slice(&sealed), &text),
                    SEAL_DAMAGED);
    CU_ASSERT_FALSE(buf_ok(&text));
    buf_free(&small);
    buf_free(&sealed);
    buf_free(&text);
    seal_close(sealer);
}

/* A file with that content and mode must be refused with those words. */
static void
refused(const char *name, const char *content, mode_t mode, const char *words)
{
    struct buf why = BUF_INIT(MAX);
    char path[128];

    path_of(name, path);
    CU_ASSERT_TRUE(file_replace(path, slice_of(content), 0600));
    CU_ASSERT_EQUAL(chmod(path, mode), 0);
    CU_ASSERT_PTR_NULL(seal_open_key(path, &why));
    CU_ASSERT_PTR_NOT_NULL_FATAL(why.data);
    if (strstr(why.data, words) == NULL)
        fprintf(stderr, "\ngot %s\n", why.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, words));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, path));
    CU_ASSERT_EQUAL(unlink(path), 0);
    buf_free(&why);
}

#define DIGITS                                                                 \
    "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static void
test_key_files_that_are_refused(void)
{
    struct buf why = BUF_INIT(MAX);
    char path[128];

    refused("group", DIGITS "\n", 0640, "chmod 600 ");
    refused("world", DIGITS "\n", 0604, "chmod 600 ");
    refused("write", DIGITS "\n", 0602, "chmod 600 ");
    refused("empty", "", 0600, "64 hexadecimal digits");
    refused("short", "0123\n", 0600, "64 hexadecimal digits");
    refused("long", DIGITS "0\n", 0600, "64 hexadecimal digits");
    refused("lines", DIGITS "\n\n", 0600, "64 hexadecimal digits");
    refused("letter", "g" DIGITS, 0600, "64 hexadecimal digits");

    path_of("absent", path);
    CU_ASSERT_PTR_NULL(seal_open_key(path, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "postern init"));
    buf_clear(&why);
    CU_ASSERT_PTR_NULL(seal_open_key(directory, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "regular file"));
    buf_clear(&why);
    /* Told whole, wherever it is looked for from. */
    CU_ASSERT_PTR_NULL(seal_open_key("absent.key", &why));
    CU_ASSERT_PTR_NOT_NULL(getcwd(path, sizeof(path)));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "/absent.key "));
    buf_clear(&why);
    path_of("fifo", path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_PTR_NULL(seal_open_key(path, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "regular file"));
    CU_ASSERT_EQUAL(unlink(path), 0);
    buf_free(&why);
}

static void
test_key_files_that_work(void)
{
    static const char *const contents[] = {DIGITS "\n", DIGITS};
    struct buf sealed = BUF_INIT(MAX), text = BUF_INIT(MAX);
    struct buf why = BUF_INIT(MAX);
    char path[128];
    size_t i;

    path_of("good", path);
    for (i = 0; i < 2; i++) {
        struct sealer *sealer;

        CU_ASSERT_TRUE(file_replace(path, slice_of(contents[i]), 0400));
        sealer = seal_open_key(path, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(sealer);
        if (i == 0)
            seal_value(sealer, place, SLICE("secret"), &sealed);
        CU_ASSERT_EQUAL(seal_reveal(sealer, place, buf_slice(&sealed), &text),
                        SEAL_OK);
        seal_close(sealer);
    }
    CU_ASSERT(slice_is(buf_slice(&text), "secretsecret"));
    CU_ASSERT_EQUAL(unlink(path), 0);
    buf_free(&sealed);
    buf_free(&text);
    buf_free(&why);
}

static void
test_making_a_key_file(void)
{
    struct buf first = BUF_INIT(MAX), again = BUF_INIT(MAX);
    struct buf why = BUF_INIT(MAX);
    struct sealer *sealer;
    struct stat st;
    char path[128];

    path_of("made", path);
    CU_ASSERT_TRUE(seal_make_key_file(path));
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    CU_ASSERT_TRUE(file_read(path, &first));
    CU_ASSERT_EQUAL(first.len, 65);
    CU_ASSERT_EQUAL(first.data[64], '\n');

    errno = 0;
    CU_ASSERT_FALSE(seal_make_key_file(path));
    CU_ASSERT_EQUAL(errno, EEXIST);
    CU_ASSERT_TRUE(file_read(path, &again));
    CU_ASSERT(slice_equal(buf_slice(&first), buf_slice(&again)));

    sealer = seal_open_key(path, &why);
    CU_ASSERT_PTR_NOT_NULL(sealer);
    seal_close(sealer);
    CU_ASSERT_EQUAL(unlink(path), 0);

    buf_clear(&again);
    CU_ASSERT_TRUE(seal_make_key_file(path));
    CU_ASSERT_TRUE(file_read(path, &again));
    CU_ASSERT_FALSE(slice_equal(buf_slice(&first), buf_slice(&again)));
    CU_ASSERT_EQUAL(unlink(path), 0);

    path_of("no/such/directory", path);
    CU_ASSERT_FALSE(seal_make_key_file(path));
    CU_ASSERT_EQUAL(errno, ENOENT);
    buf_free(&first);
    buf_free(&again);
    buf_free(&why);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"round trip", test_round_trip},
        {"never the same twice", test_never_the_same_twice},
        {"opens only at its place", test_opens_only_at_its_place},
        {"every byte counts", test_every_byte_counts},
        {"another key is told from damage",
         test_another_key_is_told_from_damage},
        {"bounds of the buffers", test_bounds_of_the_buffers},
        {"key files that are refused", test_key_files_that_are_refused},
        {"key files that work", test_key_files_that_work},
        {"making a key file", test_making_a_key_file},
        CU_TEST_INFO_NULL,
    };
    int status;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    status = unit_run("seal", tests);
    if (rmdir(directory) != 0)
        status = EXIT_FAILURE;
    return status;
}
