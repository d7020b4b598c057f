/*
 * test_config_env.c - unit tests for base/config_env.c and
 * base/config_dotenv.c: the environment, .env, files that hold one value
 */
#include "config_table.h"

/* What .env gives for the option `host`. */
static void
check_dotenv(const char *content, const char *want)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf", "", 0600);
    put(".env", content, 0600);
    CU_ASSERT(load(&config, no_environment, &why));
    if (strcmp(config_string(config, "host"), want) != 0)
        fprintf(stderr, "\n%s: got %s\n", content,
                config_string(config, "host"));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), want);
    config_free(config);
    buf_free(&why);
}

static void
test_dotenv(void)
{
    check_dotenv("HOST=a\n", "a");
    check_dotenv("HOST=a", "a");
    check_dotenv("# HOST=b\n\n  \nexport HOST = a b \r\n", "a b");
    check_dotenv("HOST=a#b # comment\n", "a#b");
    check_dotenv("HOST= # comment\n", "localhost");
    check_dotenv("HOST='a # $b \\n'\n", "a # $b \\n");
    check_dotenv("HOST=\"a # \\\"b\\\" \\$c \\\\ \\x\\tq\" # comment\n",
                 "a # \"b\" $c \\ \\x\tq");
    check_dotenv("OTHER=\"two\nlines\"\nHOST=a\n", "a");
    check_dotenv("HOST=a\nPOSTERN_HOST=b\n", "b");
    check_dotenv("POSTERN_HOST=b\nHOST=a\n", "b");
    check_dotenv("HOST=a\nHOST=b\n", "b");
    check_dotenv("POSTERN_HOST=\n", "");
    check_dotenv("host=a\nMYHOST=b\nHOST_=c\nPOSTERN_HOSTS=d\n", "localhost");
}

static void
test_wrong_dotenv(void)
{
    static const struct {
        const char *content, *want;
    } rows[] = {
        {"HOST\n", ".env:1: the '=' is missing: NAME=value"},
        {"A=1\n=b\n", ".env:2: must be NAME=value, or a comment with #"},
        {"9A=1\n", ".env:1: must be NAME=value, or a comment with #"},
        {"A=\"1\n2\"\nHOST='a\n", ".env:3: the quote ' is not closed"},
        {"HOST=\"a\n", ".env:1: the quote \" is not closed"},
        {"HOST='a'b\n", ".env:1: something follows the closing quote; quote "
                        "the whole value or none of it"},
        {"\nPORT=x\n", ".env:2: port = \"x\": must be a whole number from 1 "
                       "to 65535"},
    };
    struct buf why = BUF_INIT(1000);
    struct config *config;
    size_t i;

    clean();
    put("postern.conf", "", 0600);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put(".env", rows[i].content, 0600);
        CU_ASSERT(!load(&config, no_environment, &why));
        CU_ASSERT_STRING_EQUAL(why.data, at(rows[i].want));
        config_free(config);
    }
    buf_free(&why);
}

static void
test_environment(void)
{
    char host[] = "HOST=alias", proper[] = "POSTERN_HOST=proper";
    char port[] = "PORT=", other[] = "POSTERN_CONF=/x", odd[] = "noequals";
    char path[] = "POSTERN_KEY_FILE=k";
    char *environment[] = {proper, host, port, other, odd, path, NULL};
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf", "host = file\nport = 7\n", 0600);
    put(".env", "POSTERN_HOST=dotenv\n", 0600);
    CU_ASSERT(load(&config, environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "proper");
    CU_ASSERT_STRING_EQUAL(config_origin(config, "host"),
                           "environment POSTERN_HOST");
    CU_ASSERT_EQUAL(config_int(config, "port"), 7);
    CU_ASSERT_STRING_EQUAL(config_string(config, "key_file"), "k");
    config_free(config);

    CU_ASSERT(load(&config, environment + 1, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "alias");
    config_free(config);
    CU_ASSERT(load(&config, environment + 2, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "dotenv");
    CU_ASSERT_STRING_EQUAL(config_origin(config, "host"), at(".env:1"));
    config_free(config);
    buf_free(&why);
}

static void
test_wrong_environment(void)
{
    char port[] = "POSTERN_PORT=eighty";
    char *environment[] = {port, NULL};
    struct config *config = config_new(table, ROWS);
    struct buf why = BUF_INIT(1000);

    CU_ASSERT(!config_load(config, NULL, environment, &why));
    CU_ASSERT_STRING_EQUAL(why.data,
                           "environment POSTERN_PORT: port = \"eighty\": must "
                           "be a whole number from 1 to 65535");
    config_free(config);
    buf_free(&why);
}

static void
test_value_from_a_file(void)
{
    char indirect[128], plain[] = "POSTERN_PASSWORD=x";
    char *environment[] = {indirect, plain, NULL};
    struct config *config = config_new(table, ROWS);
    struct buf why = BUF_INIT(1000);

    (void)snprintf(indirect, sizeof(indirect), "POSTERN_PASSWORD_FILE=%s",
                   at("value"));
    put("value", "s3 cret\n", 0644);
    CU_ASSERT(!config_load(config, NULL, environment, &why));
    CU_ASSERT_STRING_EQUAL(why.data,
                           "environment POSTERN_PASSWORD: password is also "
                           "set by environment POSTERN_PASSWORD_FILE; unset "
                           "one of them");
    environment[1] = NULL;
    CU_ASSERT(config_load(config, NULL, environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "s3 cret");
    CU_ASSERT_STRING_EQUAL(config_origin(config, "password"),
                           "environment POSTERN_PASSWORD_FILE");

    (void)unlink(at("value"));
    buf_clear(&why);
    CU_ASSERT(!config_load(config, NULL, environment, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "value cannot be read: No such"));
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "s3 cret");
    config_free(config);
    buf_free(&why);
}

static void
test_credentials(void)
{
    char where[128], proper[] = "POSTERN_PASSWORD=stronger";
    char *environment[] = {where, NULL, NULL};
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf", "password = file\n", 0600);
    put(".env", "DB_PASSWORD=dotenv\n", 0600);
    put("password", "credential\n", 0400);
    (void)snprintf(where, sizeof(where), "CREDENTIALS_DIRECTORY=%s", directory);
    CU_ASSERT(load(&config, environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "credential");
    CU_ASSERT_EQUAL(
        strncmp(config_origin(config, "password"), "credential /", 12), 0);
    config_free(config);

    environment[1] = proper;
    CU_ASSERT(load(&config, environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "stronger");
    config_free(config);
    buf_free(&why);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {".env", test_dotenv},
        {"wrong .env", test_wrong_dotenv},
        {"environment", test_environment},
        {"wrong environment", test_wrong_environment},
        {"a value from a file", test_value_from_a_file},
        {"credentials", test_credentials},
        CU_TEST_INFO_NULL,
    };
    int code;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    code = unit_run("config_env", tests);
    clean();
    (void)rmdir(directory);
    return code;
}
