/*
 * test_config.c - unit tests for base/config.c and its files: postern.conf,
 * conf.d, values, the template
 */
#include "config_table.h"

/* A file of this content is refused, with these words behind "FILE:". */
static void
check_refused(const char *content, const char *want)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;
    size_t len = strlen(directory) + strlen("/postern.conf:");

    clean();
    put("postern.conf", content, 0600);
    CU_ASSERT(!load(&config, no_environment, &why));
    CU_ASSERT_FATAL(why.len > len);
    if (strcmp(why.data + len, want) != 0)
        fprintf(stderr, "\ngot  %s\nwant %s\n", why.data + len, want);
    CU_ASSERT_STRING_EQUAL(why.data + len, want);
    CU_ASSERT_EQUAL(strncmp(why.data, at("postern.conf:"), len), 0);
    CU_ASSERT_EQUAL(config_int(config, "port"), 3306);
    config_free(config);
    buf_free(&why);
}

static void
test_defaults(void)
{
    struct config *config = config_new(table, ROWS);
    struct buf why = BUF_INIT(1000);

    CU_ASSERT(config_load(config, NULL, no_environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "localhost");
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "");
    CU_ASSERT_STRING_EQUAL(config_string(config, "key_file"), "a.key");
    CU_ASSERT_EQUAL(config_int(config, "port"), 3306);
    CU_ASSERT_EQUAL(config_int(config, "max_body"), 102400);
    CU_ASSERT(config_bool(config, "verify"));
    CU_ASSERT_EQUAL(config_enum(config, "format"), 0);
    CU_ASSERT_DOUBLE_EQUAL(config_real(config, "threshold"), 0.85, 0);
    CU_ASSERT_STRING_EQUAL(config_origin(config, "port"), "default");
    config_free(config);
    buf_free(&why);
}

static void
test_a_file(void)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf",
        "# comment\n"
        "; comment\n"
        "\n"
        "host = db.example.org\r\n"
        "[net]\n"
        "  port=3307  \n"
        "[whatever]\n"
        "password = \" a ; b # c \"\n"
        "key_file = keys/b.key\n"
        "max_body = 2M\n"
        "Verify = off\n"
        "FORMAT = JSON\n"
        "threshold = 0.5",
        0600);
    CU_ASSERT(load(&config, no_environment, &why));
    CU_ASSERT_STRING_EQUAL(why.data, "");
    CU_ASSERT_STRING_EQUAL(config_file(config), at("postern.conf"));
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "db.example.org");
    CU_ASSERT_EQUAL(config_int(config, "port"), 3307);
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), " a ; b # c ");
    CU_ASSERT_STRING_EQUAL(config_string(config, "key_file"), at("keys/b.key"));
    CU_ASSERT_EQUAL(config_int(config, "max_body"), 2097152);
    CU_ASSERT(!config_bool(config, "verify"));
    CU_ASSERT_EQUAL(config_enum(config, "format"), 1);
    CU_ASSERT_DOUBLE_EQUAL(config_real(config, "threshold"), 0.5, 0);
    CU_ASSERT_STRING_EQUAL(config_origin(config, "threshold"),
                           at("postern.conf:13"));
    CU_ASSERT_STRING_EQUAL(config_string(config, "threshold"), "0.5");
    CU_ASSERT_STRING_EQUAL(config_origin(config, "wait_s"), "default");
    config_free(config);
    buf_free(&why);
}

static void
test_wrong_files(void)
{
    check_refused("hots = x\n",
                  "1: unknown option \"hots\"; did you mean \"host\"?");
    check_refused("\n\nmaxbody = 1\n",
                  "3: unknown option \"maxbody\"; did you mean \"max_body\"?");
    check_refused("max-body = 2k\n",
                  "1: unknown option \"max-body\"; did you mean \"max_body\"?");
    check_refused("colour = red\n", "1: unknown option \"colour\"; remove the "
                                    "line or correct the name");
    check_refused("port = 3306\nport\n",
                  "2: neither \"name = value\" nor a [section]; start "
                  "comments with '#'");
    check_refused("[net\n", "1: neither \"name = value\" nor a [section]; "
                            "start comments with '#'");
    check_refused("port = 1\n\nport = 2\n",
                  "3: port is set a second time (first in line 1); remove "
                  "one of the lines");
    check_refused("host = a ; the server\n",
                  "1: a comment needs a line of its own; if ';' or '#' "
                  "belongs to the value, write the value in double quotes");
    check_refused("port = 0\n", "1: port = \"0\": must be a whole number from "
                                "1 to 65535");
    check_refused("port = 80a\n", "1: port = \"80a\": must be a whole number "
                                  "from 1 to 65535");
    check_refused("port =\n", "1: port = \"\": must be a whole number from 1 "
                              "to 65535");
    check_refused("wait_s = 5s\n",
                  "1: wait_s = \"5s\": must be a whole number from 0 to 300 "
                  "(s), written without the unit");
    check_refused("max_body = 26M\n",
                  "1: max_body = \"26M\": must be 1024 to 26214400 bytes (k, "
                  "M, G behind the number stand for 1024, 1024^2, 1024^3)");
    check_refused("verify = maybe\n",
                  "1: verify = \"maybe\": must be yes or no");
    check_refused("format = xml\n",
                  "1: format = \"xml\": must be one of: text, json, none");
    check_refused("threshold = 1.01\n",
                  "1: threshold = \"1.01\": must be a number from 0 to 1, "
                  "such as 0.5");
}

static void
test_lines_are_not_cut(void)
{
    static char content[40000];
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    memset(content, 'a', sizeof(content));
    memcpy(content, "\nhost = ", 8);
    content[16007] = '\n';
    content[16008] = '\0';
    put("postern.conf", content, 0600);
    CU_ASSERT(load(&config, no_environment, &why));
    CU_ASSERT_EQUAL(strlen(config_string(config, "host")), 15999);
    config_free(config);
    buf_free(&why);

    content[16007] = content[16008] = 'a';
    content[sizeof(content) - 1] = '\0';
    check_refused(content,
                  "2: the line is too long; a value may have 16000 bytes");
}

static void
test_nul_bytes(void)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    CU_ASSERT(
        file_replace(at("postern.conf"), SLICE("port = 1\nhost = a\0b"), 0600));
    CU_ASSERT(!load(&config, no_environment, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "conf:2: the line holds a NUL"));
    config_free(config);
    buf_free(&why);
}

static void
test_missing_file(void)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    CU_ASSERT(!load(&config, no_environment, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "postern.conf: cannot be read: No "
                                            "such file or directory"));
    config_free(config);
    buf_free(&why);
}

static void
test_secret_in_an_open_file(void)
{
    struct buf why = BUF_INIT(1000), want = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf", "\npassword = hunter2\n", 0644);
    CU_ASSERT(!load(&config, no_environment, &why));
    buf_addf(&want,
             "%s: password is a secret, but every user may open this file "
             "(mode 644); run: chmod o= '%s'",
             at("postern.conf:2"), at("postern.conf"));
    CU_ASSERT_STRING_EQUAL(why.data, want.data);
    config_free(config);

    put("postern.conf", "password =\nport = 1\n", 0644);
    CU_ASSERT(load(&config, no_environment, &why));
    config_free(config);
    put("postern.conf", "password = hunter2\n", 0640);
    CU_ASSERT(load(&config, no_environment, &why));
    CU_ASSERT_STRING_EQUAL(config_string(config, "password"), "hunter2");
    config_free(config);

    put(".env", "DB_PASSWORD=hunter2\n", 0644);
    CU_ASSERT(!load(&config, no_environment, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, ".env:1: password is a secret"));
    config_free(config);
    buf_free(&why);
    buf_free(&want);
}

static void
test_drop_ins(void)
{
    struct buf why = BUF_INIT(1000);
    struct config *config;

    clean();
    put("postern.conf", "port = 1\nhost = a\nwait_s = 1\n", 0600);
    CU_ASSERT_EQUAL(mkdir(at("conf.d"), 0700), 0);
    put("conf.d/20-b.conf", "port = 3\n", 0600);
    put("conf.d/10-a.conf", "port = 2\nhost = b\nkey_file = x\n", 0600);
    put("conf.d/note", "not read\n", 0600);
    put("conf.d/.x.conf", "not read\n", 0600);
    CU_ASSERT(load(&config, no_environment, &why));
    CU_ASSERT_EQUAL(config_int(config, "port"), 3);
    CU_ASSERT_STRING_EQUAL(config_string(config, "host"), "b");
    CU_ASSERT_EQUAL(config_int(config, "wait_s"), 1);
    CU_ASSERT_STRING_EQUAL(config_string(config, "key_file"), at("x"));
    CU_ASSERT_STRING_EQUAL(config_origin(config, "host"),
                           at("conf.d/10-a.conf:2"));
    config_free(config);

    put("conf.d/9.conf", "prot = 4\n", 0600);
    CU_ASSERT(!load(&config, no_environment, &why));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(why.data, "conf.d/9.conf:1: unknown option \"prot\"; did you "
                         "mean \"port\"?"));
    config_free(config);
    buf_free(&why);
}

static void
test_set_by_hand_wins(void)
{
    char port[] = "POSTERN_PORT=5";
    char *environment[] = {port, NULL};
    struct config *config = config_new(table, ROWS);
    struct buf why = BUF_INIT(1000);

    CU_ASSERT(config_set(config, "port", "9", &why));
    CU_ASSERT(config_set(config, "VERIFY", "false", &why));
    CU_ASSERT(config_load(config, NULL, environment, &why));
    CU_ASSERT_EQUAL(config_int(config, "port"), 9);
    CU_ASSERT(!config_bool(config, "verify"));
    CU_ASSERT_STRING_EQUAL(config_origin(config, "port"), "command line");

    CU_ASSERT(!config_set(config, "port", "x", &why));
    CU_ASSERT_STRING_EQUAL(why.data, "command line: port = \"x\": must be a "
                                     "whole number from 1 to 65535");
    buf_clear(&why);
    CU_ASSERT(!config_set(config, "prt", "1", &why));
    CU_ASSERT_STRING_EQUAL(why.data, "command line: unknown option \"prt\"; "
                                     "did you mean \"port\"?");
    CU_ASSERT_EQUAL(config_int(config, "port"), 9);
    config_free(config);
    buf_free(&why);
}

static void
test_values(void)
{
    static const struct {
        const char *name, *text;
        bool good;
        int64_t want;
    } rows[] = {
        {"max_body", "1024", true, 1024},
        {"max_body", "1k", true, 1024},
        {"max_body", "1K", true, 1024},
        {"max_body", "25m", true, 26214400},
        {"max_body", "2 M", true, 2097152},
        {"max_body", "1023", false, 0},
        {"max_body", "1G", false, 0},
        {"max_body", "9999999999999G", false, 0},
        {"max_body", "k", false, 0},
        {"max_body", "1kb", false, 0},
        {"max_body", "1.5M", false, 0},
        {"max_body", "-1k", false, 0},
        {"max_body", "", false, 0},
        {"verify", "YES", true, 1},
        {"verify", "1", true, 1},
        {"verify", "On", true, 1},
        {"verify", "True", true, 1},
        {"verify", "0", true, 0},
        {"verify", "no", true, 0},
        {"verify", "", false, 0},
        {"verify", "2", false, 0},
        {"format", "none", true, 2},
        {"format", "text|json", false, 0},
        {"format", "", false, 0},
        {"port", " 80 ", true, 80},
        {"port", "+80", false, 0},
        {"port", "080", false, 0},
        {"port", "65536", false, 0},
        {"threshold", "1", true, 0},
        {"threshold", "0.000", true, 0},
        {"threshold", "0.", false, 0},
        {"threshold", ".5", false, 0},
        {"threshold", "-0.1", false, 0},
        {"threshold", "0,5", false, 0},
        {"threshold", "1e-1", false, 0},
        {"threshold", "nan", false, 0},
        {"threshold", "0.5.5", false, 0},
    };
    struct buf why = BUF_INIT(10000);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *config = config_new(table, ROWS);
        const char *name = rows[i].name;
        bool good = config_set(config, name, rows[i].text, &why);

        if (good != rows[i].good)
            fprintf(stderr, "\n%s = %s: got %d\n", name, rows[i].text, good);
        CU_ASSERT_EQUAL(good, rows[i].good);
        if (good &&
            (strcmp(name, "max_body") == 0 || strcmp(name, "port") == 0))
            CU_ASSERT_EQUAL(config_int(config, name), rows[i].want);
        if (good && strcmp(name, "verify") == 0)
            CU_ASSERT_EQUAL(config_bool(config, name), rows[i].want != 0);
        if (good && strcmp(name, "format") == 0)
            CU_ASSERT_EQUAL(config_enum(config, name), (int)rows[i].want);
        config_free(config);
    }
    buf_free(&why);
}

static void
test_suggest(void)
{
    struct config *config = config_new(table, ROWS);

    CU_ASSERT_STRING_EQUAL(config_suggest(config, "passwrod"), "password");
    CU_ASSERT_STRING_EQUAL(config_suggest(config, "Verify-"), "verify");
    CU_ASSERT_STRING_EQUAL(config_suggest(config, "max_bdoy"), "max_body");
    CU_ASSERT_PTR_NULL(config_suggest(config, "x"));
    CU_ASSERT_PTR_NULL(config_suggest(config, "something_else"));
    CU_ASSERT_PTR_NULL(config_suggest(config, ""));
    config_free(config);
}

/* The template read back as it stands changes nothing, and without its
   comment signs it sets every option to its default. */
static void
test_template(void)
{
    struct buf text = BUF_INIT(100000), bare = BUF_INIT(100000);
    struct buf why = BUF_INIT(1000);
    struct config *config;
    const char *line;
    size_t i;

    clean();
    config_print_template(table, ROWS, &text);
    CU_ASSERT(buf_ok(&text));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text.data, "[net]\n\n# Where the server is.\n# Text. Environment: "
                   "POSTERN_HOST or HOST.\n#host = localhost\n\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "\n#password =\n"));
    for (line = text.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        CU_ASSERT(strcspn(line, "\n") <= 78);
        if (line[0] == '#' && line[1] != ' ')
            buf_add(&bare, line + 1, strcspn(line, "\n"));
    }
    put("postern.conf", text.data, 0644);
    CU_ASSERT(load(&config, no_environment, &why));
    for (i = 0; i < ROWS; i++)
        CU_ASSERT_STRING_EQUAL(config_origin(config, table[i].name), "default");
    config_free(config);

    put("postern.conf", bare.data, 0644);
    CU_ASSERT(load(&config, no_environment, &why));
    for (i = 0; i < ROWS; i++) {
        CU_ASSERT_STRING_NOT_EQUAL(config_origin(config, table[i].name),
                                   "default");
        if (table[i].type != CONFIG_PATH)
            CU_ASSERT_STRING_EQUAL(config_string(config, table[i].name),
                                   table[i].fallback);
    }
    config_free(config);
    buf_free(&text);
    buf_free(&bare);
    buf_free(&why);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"defaults", test_defaults},
        {"a file", test_a_file},
        {"wrong files", test_wrong_files},
        {"lines are not cut", test_lines_are_not_cut},
        {"NUL bytes", test_nul_bytes},
        {"a missing file", test_missing_file},
        {"a secret in an open file", test_secret_in_an_open_file},
        {"conf.d", test_drop_ins},
        {"set by hand wins", test_set_by_hand_wins},
        {"values", test_values},
        {"suggestions", test_suggest},
        {"the template", test_template},
        CU_TEST_INFO_NULL,
    };
    int code;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    code = unit_run("config", tests);
    clean();
    (void)rmdir(directory);
    return code;
}
