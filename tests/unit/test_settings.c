/*
 * test_settings.c - unit tests for core/settings.c and its table.
 *
 * With `--write FILE` it writes the shipped configuration file instead.
 */
#include "file.h"
#include "settings.h"
#include "unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHIPPED "conf/postern.conf"
#define TEMPLATE_MAX ((size_t)256 << 10)

static char *const no_environment[] = {NULL};

static bool
load(struct settings *settings, char *const *overrides, size_t count,
     struct buf *why)
{
    return settings_load_with(settings, "/dev/null", no_environment, overrides,
                              count, why);
}

static void
test_defaults(void)
{
    struct buf why = BUF_INIT(1024);
    struct settings s;

    CU_ASSERT_FATAL(load(&s, NULL, 0, &why));
    CU_ASSERT_STRING_EQUAL(s.db_host, "localhost");
    CU_ASSERT_STRING_EQUAL(s.db_name, "postern");
    CU_ASSERT_STRING_EQUAL(s.db_socket, "");
    CU_ASSERT_STRING_EQUAL(s.db_tls_ca, "");
    CU_ASSERT_EQUAL(s.db_connections, 4);
    CU_ASSERT_EQUAL(s.threads, 32);
    CU_ASSERT_EQUAL(s.max_body, 102400);
    CU_ASSERT_EQUAL(s.max_batch_body, 5 << 20);
    CU_ASSERT_EQUAL(s.body_memory, 64 << 20);
    CU_ASSERT_EQUAL(s.lease_s, 15);
    CU_ASSERT_EQUAL(s.flush_ms, 20);
    CU_ASSERT_EQUAL(s.flush_rows, 256);
    CU_ASSERT_EQUAL(s.slots, 512);
    CU_ASSERT_EQUAL(s.lane_window, 20);
    CU_ASSERT_EQUAL(s.grace_s, 20);
    CU_ASSERT_EQUAL(s.response_body_kept, 1024);
    CU_ASSERT_EQUAL(s.cache_bytes, 32 << 20);
    CU_ASSERT_EQUAL(s.events_days, 30);
    CU_ASSERT_EQUAL(s.deliveries_days, 30);
    CU_ASSERT_EQUAL(s.cleanup_minute, 120);
    CU_ASSERT_EQUAL(s.rollup_days, 90);
    CU_ASSERT_EQUAL(s.test_wait_s, 15);
    CU_ASSERT(s.public_stats);
    CU_ASSERT(s.verify_webhook_signatures);
    CU_ASSERT_DOUBLE_EQUAL(s.confidence_threshold, 0.85, 1e-9);
    CU_ASSERT_FALSE(s.production);
    CU_ASSERT_FALSE(s.require_https);
    CU_ASSERT_EQUAL(s.log_format, LOG_FORMAT_TEXT);
    CU_ASSERT_EQUAL(s.log_level, LOG_INFO);
    settings_free(&s);
    buf_free(&why);
}

static void
test_values_reach_their_members(void)
{
    char *const overrides[] = {
        (char[]){"db_port=3307"},
        (char[]){"max_body=20M"},
        (char[]){"max_batch_body=25M"},
        (char[]){"verify_webhook_signatures=false"},
        (char[]){"confidence_threshold=0.5"},
        (char[]){"environment=production"},
        (char[]){"log_level=error"},
        (char[]){"log_format=json"},
        (char[]){"base_path=/hooks/in"},
        (char[]){"cleanup_at=23:59"},
        (char[]){"allow_targets=10.0.0.0/8, ::1/128"},
        (char[]){"db_password=a=b"},
    };
    struct buf why = BUF_INIT(1024);
    struct settings s;

    CU_ASSERT_FATAL(
        load(&s, overrides, sizeof(overrides) / sizeof(overrides[0]), &why));
    CU_ASSERT_EQUAL(s.db_port, 3307);
    CU_ASSERT_EQUAL(s.max_body, 20 << 20);
    CU_ASSERT_FALSE(s.verify_webhook_signatures);
    CU_ASSERT_DOUBLE_EQUAL(s.confidence_threshold, 0.5, 1e-9);
    CU_ASSERT(s.production);
    CU_ASSERT(s.require_https); /* follows from production */
    CU_ASSERT_EQUAL(s.log_level, LOG_ERROR);
    CU_ASSERT_EQUAL(s.log_format, LOG_FORMAT_JSON);
    CU_ASSERT_STRING_EQUAL(s.base_path, "/hooks/in");
    CU_ASSERT_EQUAL(s.cleanup_minute, 24 * 60 - 1);
    CU_ASSERT_STRING_EQUAL(s.db_password, "a=b");
    settings_free(&s);
    buf_free(&why);
}

/* One mistake at a time; the message has to name the option. */
static void
test_mistakes_are_named(void)
{
    static const struct {
        const char *claim;
        const char *option;
        const char *said;
    } rows[] = {
        {"not NAME=VALUE", "db_port", "NAME=VALUE"},
        {"an unknown option", "db_prot=1", "db_prot"},
        {"a body beyond 25 MB", "max_body=26M", "max_body"},
        {"a batch smaller than one body", "max_batch_body=50k",
         "max_batch_body"},
        {"memory that has no room for one batch", "body_memory=5M",
         "body_memory"},
        {"a network that is none", "allow_targets=10.0.0.0/33",
         "allow_targets"},
        {"a proxy that is none", "trusted_proxies=proxy.example",
         "trusted_proxies"},
        {"a base path without slash", "base_path=hooks", "base_path"},
        {"a base path with slash at the end", "base_path=/hooks/", "base_path"},
        {"a base path with a space", "base_path=/my hooks", "base_path"},
        {"a base path that climbs", "base_path=/a/../b", "base_path"},
        {"more in one lane than in all", "lane_window=600", "lane_window"},
        {"an environment nobody knows", "environment=prod", "environment"},
        {"a time that is none", "cleanup_at=2:00", "cleanup_at"},
        {"an hour too late", "cleanup_at=24:00", "cleanup_at"},
        {"a minute too late", "cleanup_at=02:60", "cleanup_at"},
        {"a time without a minute", "cleanup_at=02", "cleanup_at"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char option[64];
        char *overrides[] = {option};
        struct buf why = BUF_INIT(1024);
        struct settings s = {.port = -1};
        bool got;

        snprintf(option, sizeof(option), "%s", rows[i].option);
        got = load(&s, overrides, 1, &why);
        if (got || strstr(buf_slice(&why).ptr, rows[i].said) == NULL)
            fprintf(stderr, "\n%s: got %s, \"%s\"\n", rows[i].claim,
                    got ? "success" : "failure", buf_slice(&why).ptr);
        CU_ASSERT_FALSE(got);
        CU_ASSERT_PTR_NOT_NULL(strstr(buf_slice(&why).ptr, rows[i].said));
        CU_ASSERT_EQUAL(s.port, -1); /* untouched */
        buf_free(&why);
    }
}

static void
test_file_is_found(void)
{
    char dir[] = "/tmp/postern-settings-XXXXXX";
    char file[64], variable[96];
    char *environment[] = {variable, NULL};
    struct buf why = BUF_INIT(1024);
    struct settings s;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/postern.conf", dir);
    snprintf(variable, sizeof(variable), "POSTERN_CONF=%s", file);
    CU_ASSERT_FATAL(file_replace(
        file, SLICE("[database]\ndb_name = other\ndb_password = x\n"), 0600));

    CU_ASSERT_FATAL(settings_load(&s, NULL, environment, &why));
    CU_ASSERT_STRING_EQUAL(s.db_name, "other");
    settings_free(&s);

    CU_ASSERT_FATAL(settings_load(&s, file, no_environment, &why));
    CU_ASSERT_STRING_EQUAL(s.db_name, "other");
    /* Relative paths count from the file. */
    CU_ASSERT_EQUAL(strncmp(s.key_file, dir, strlen(dir)), 0);
    settings_free(&s);

    /* A file with a secret must not be open to everybody. */
    CU_ASSERT_EQUAL(chmod(file, 0644), 0);
    CU_ASSERT_FALSE(settings_load(&s, file, no_environment, &why));

    /* One that was asked for must be there. */
    CU_ASSERT_EQUAL(unlink(file), 0);
    CU_ASSERT_FALSE(settings_load(&s, NULL, environment, &why));
    CU_ASSERT_FALSE(settings_load(&s, file, no_environment, &why));
    CU_ASSERT_EQUAL(rmdir(dir), 0);
    buf_free(&why);
}

/* Each name that the documented set-up uses has its effect. */
static void
test_aliases(void)
{
    char *const environment[] = {
        (char[]){"SUPABASE_URL=https://p.supabase.co"},
        (char[]){"SUPABASE_KEY=sk"},
        (char[]){"NOTION_API_KEY=nk"},
        (char[]){"NOTION_DATABASE_ID=nd"},
        (char[]){"API_SECRET_KEY=as"},
        (char[]){"WEBHOOK_SECRET=ws"},
        (char[]){"CONFIDENCE_THRESHOLD=0.9"},
        (char[]){"ENVIRONMENT=production"},
        (char[]){"VERIFY_WEBHOOK_SIGNATURES=false"},
        (char[]){"HOST=0.0.0.0"},
        (char[]){"PORT=9000"},
        (char[]){"POSTERN_THREADS=3"},
        (char[]){"UNRELATED=1"},
        NULL,
    };
    struct buf why = BUF_INIT(1024);
    struct settings s;

    CU_ASSERT_FATAL(settings_load(&s, "/dev/null", environment, &why));
    CU_ASSERT_STRING_EQUAL(s.supabase_url, "https://p.supabase.co");
    CU_ASSERT_STRING_EQUAL(s.supabase_key, "sk");
    CU_ASSERT_STRING_EQUAL(s.notion_api_key, "nk");
    CU_ASSERT_STRING_EQUAL(s.notion_database_id, "nd");
    CU_ASSERT_STRING_EQUAL(s.api_secret_key, "as");
    CU_ASSERT_STRING_EQUAL(s.webhook_secret, "ws");
    CU_ASSERT_DOUBLE_EQUAL(s.confidence_threshold, 0.9, 1e-9);
    CU_ASSERT(s.production);
    CU_ASSERT_FALSE(s.verify_webhook_signatures);
    CU_ASSERT_STRING_EQUAL(s.host, "0.0.0.0");
    CU_ASSERT_EQUAL(s.port, 9000);
    CU_ASSERT_EQUAL(s.threads, 3);
    settings_free(&s);
    buf_free(&why);
}

static void
test_table_is_complete(void)
{
    size_t i, j;

    for (i = 0; i < settings_table_rows; i++) {
        const struct config_option *row = &settings_table[i];

        CU_ASSERT_PTR_NOT_NULL_FATAL(row->help);
        CU_ASSERT(strlen(row->help) > 20);
        CU_ASSERT(row->help[strlen(row->help) - 1] == '.');
        CU_ASSERT_PTR_NOT_NULL(row->section);
        CU_ASSERT_PTR_NOT_NULL(row->unit);
        for (j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(settings_table[j].name, row->name);
    }
}

/* The shipped file is made from the table; found from the top folder. */
static void
test_shipped_file(void)
{
    struct buf want = BUF_INIT(TEMPLATE_MAX), got = BUF_INIT(TEMPLATE_MAX);
    struct buf why = BUF_INIT(1024);
    struct settings s;

    config_print_template(settings_table, settings_table_rows, &want);
    CU_ASSERT_FATAL(file_read(SHIPPED, &got));
    if (!slice_equal(buf_slice(&want), buf_slice(&got)))
        fprintf(stderr, "\n" SHIPPED " differs from the table: run this "
                        "program with --write " SHIPPED "\n");
    CU_ASSERT(slice_equal(buf_slice(&want), buf_slice(&got)));
    CU_ASSERT_FATAL(settings_load(&s, SHIPPED, no_environment, &why));
    settings_free(&s);
    buf_free(&want);
    buf_free(&got);
    buf_free(&why);
}

static int
write_template(const char *path)
{
    struct buf text = BUF_INIT(TEMPLATE_MAX);
    bool ok;

    config_print_template(settings_table, settings_table_rows, &text);
    ok = file_replace(path, buf_slice(&text), 0644);
    if (!ok)
        perror(path);
    buf_free(&text);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"defaults", test_defaults},
        {"values reach their members", test_values_reach_their_members},
        {"mistakes are named", test_mistakes_are_named},
        {"the file is found", test_file_is_found},
        {"environment names of the documents", test_aliases},
        {"the table is complete", test_table_is_complete},
        {"the shipped file is that of the table", test_shipped_file},
        CU_TEST_INFO_NULL,
    };

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_template(argv[2]);
    return unit_run("settings", tests);
}
