/*
 * settings.c - finds the configuration, checks it and fills the struct.
 */
#include "settings.h"

#include "alloc.h"
#include "target.h"
#include "threshold.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a value goes; the option's type says how it is read. The three enums
   have members of other types and are set by hand. */
#define MEMBER(name)                                                           \
    {                                                                          \
#name, offsetof(struct settings, name)                                 \
    }

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    MEMBER(db_host),
    MEMBER(db_socket),
    MEMBER(db_port),
    MEMBER(db_name),
    MEMBER(db_user),
    MEMBER(db_password),
    MEMBER(db_tls_ca),
    MEMBER(db_timeout_s),
    MEMBER(db_connections),
    MEMBER(db_idle_s),
    MEMBER(key_file),
    MEMBER(api_secret_key),
    MEMBER(webhook_secret),
    MEMBER(supabase_url),
    MEMBER(supabase_key),
    MEMBER(notion_api_key),
    MEMBER(notion_api_url),
    MEMBER(notion_database_id),
    MEMBER(confidence_threshold),
    MEMBER(verify_webhook_signatures),
    MEMBER(host),
    MEMBER(port),
    MEMBER(base_path),
    MEMBER(threads),
    MEMBER(max_body),
    MEMBER(max_batch_body),
    MEMBER(body_memory),
    MEMBER(public_stats),
    MEMBER(trusted_proxies),
    MEMBER(require_https),
    MEMBER(test_wait_s),
    MEMBER(run_dir),
    MEMBER(json_cache_dir),
    MEMBER(allow_targets),
    MEMBER(ca_bundle),
    MEMBER(slots),
    MEMBER(lane_window),
    MEMBER(inflight_bytes),
    MEMBER(breaker_failures),
    MEMBER(breaker_open_s),
    MEMBER(breaker_max_s),
    MEMBER(disable_after_days),
    MEMBER(replay_rate),
    MEMBER(flush_ms),
    MEMBER(flush_rows),
    MEMBER(lease_s),
    MEMBER(grace_s),
    MEMBER(response_body_kept),
    MEMBER(cache_bytes),
    MEMBER(health_check_interval_s),
    MEMBER(metric_thresholds),
    MEMBER(alert_after_s),
    MEMBER(events_days),
    MEMBER(deliveries_days),
    MEMBER(rollup_days),
    MEMBER(cleanup_at),
    MEMBER(log_file),
};

/* The place of "production" among the choices of `environment`. */
enum { PRODUCTION = 3 };

static const struct config_option *
find_option(const char *name)
{
    size_t i;

    for (i = 0; i < settings_table_rows; i++)
        if (strcmp(settings_table[i].name, name) == 0)
            return &settings_table[i];
    return NULL;
}

static void
fill_member(struct settings *settings, const struct config *config,
            const char *name, size_t offset)
{
    const struct config_option *option = find_option(name);
    char *member = (char *)settings + offset;

    assert(option != NULL);
    switch (option->type) {
    case CONFIG_STRING:
    case CONFIG_SECRET:
    case CONFIG_PATH:
        *(const char **)(void *)member = config_string(config, name);
        break;
    case CONFIG_INT:
        *(int *)(void *)member = (int)config_int(config, name);
        break;
    case CONFIG_BYTES:
        *(int64_t *)(void *)member = config_int(config, name);
        break;
    case CONFIG_BOOL:
        *(bool *)(void *)member = config_bool(config, name);
        break;
    case CONFIG_REAL:
        *(double *)(void *)member = config_real(config, name);
        break;
    case CONFIG_ENUM:
        assert(!"enums are not in the table of members");
        break;
    }
}

/* HH:MM as minutes; -1 for anything else. */
static int
minute_of_day(const char *text)
{
    static const char limits[] = "29:59"; /* digits are not beyond these */
    int hour;
    size_t i;

    if (strlen(text) != sizeof(limits) - 1 || text[2] != ':')
        return -1;
    for (i = 0; limits[i] != '\0'; i++)
        if (i != 2 && (text[i] < '0' || text[i] > limits[i]))
            return -1;
    hour = (text[0] - '0') * 10 + text[1] - '0';
    return hour > 23 ? -1 : hour * 60 + (text[3] - '0') * 10 + text[4] - '0';
}

static void
fill(struct settings *settings, struct config *config)
{
    static const enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON};
    static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING,
                                            LOG_ERROR};
    size_t i;

    memset(settings, 0, sizeof(*settings));
    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        fill_member(settings, config, members[i].name, members[i].offset);
    settings->log_format = formats[config_enum(config, "log_format")];
    settings->log_level = levels[config_enum(config, "log_level")];
    settings->production = config_enum(config, "environment") == PRODUCTION;
    if (settings->production)
        settings->require_https = true;
    settings->cleanup_minute = minute_of_day(settings->cleanup_at);
    settings->config = config;
}

static bool
check_nets(const char *name, const char *list, struct buf *why)
{
    struct target_nets nets;
    struct buf detail = BUF_INIT(512);
    bool ok = target_nets_parse(list, &nets, &detail);

    if (!ok)
        buf_addf(why, "%s: %s", name, buf_slice(&detail).ptr);
    buf_free(&detail);
    return ok;
}

/* "" or /part/part: what web servers and routers agree on without quoting. */
static bool
base_path_is_valid(const char *path)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/";
    size_t len = strlen(path);

    return len == 0 ||
           (path[0] == '/' && path[len - 1] != '/' &&
            strspn(path, allowed) == len && strstr(path, "//") == NULL &&
            strstr(path, "/.") == NULL);
}

static bool
check_thresholds(const struct settings *settings, struct buf *why)
{
    struct thresholds thresholds;
    struct buf detail = BUF_INIT(512);
    bool ok = thresholds_parse(slice_of(settings->metric_thresholds),
                               &thresholds, &detail);

    if (!ok)
        buf_addf(why, "metric_thresholds: %s", buf_slice(&detail).ptr);
    buf_free(&detail);
    return ok;
}

/* What no single row of the table can say. */
static bool
check(const struct settings *settings, struct buf *why)
{
    if (!check_nets("allow_targets", settings->allow_targets, why) ||
        !check_nets("trusted_proxies", settings->trusted_proxies, why) ||
        !check_thresholds(settings, why))
        return false;
    if (!base_path_is_valid(settings->base_path)) {
        buf_addf(why,
                 "base_path: \"%s\" must be empty or like /hooks: starting "
                 "with '/', not ending with one, letters, digits and -_.~ "
                 "only",
                 settings->base_path);
        return false;
    }
    if (settings->cleanup_minute < 0) {
        buf_addf(why, "cleanup_at: \"%s\" is not a time such as 02:00",
                 settings->cleanup_at);
        return false;
    }
    if (settings->max_batch_body < settings->max_body) {
        buf_addf(
            why, "max_batch_body (%lld) must not be less than max_body (%lld)",
            (long long)settings->max_batch_body, (long long)settings->max_body);
        return false;
    }
    if (settings->body_memory <= settings->max_batch_body) {
        buf_addf(why,
                 "body_memory (%lld) must be more than max_batch_body (%lld)",
                 (long long)settings->body_memory,
                 (long long)settings->max_batch_body);
        return false;
    }
    if (settings->lane_window > settings->slots) {
        buf_addf(why, "lane_window (%d) must not be more than slots (%d)",
                 settings->lane_window, settings->slots);
        return false;
    }
    if (settings->breaker_open_s > settings->breaker_max_s) {
        buf_addf(why,
                 "breaker_open_s (%d) must not be more than breaker_max_s (%d)",
                 settings->breaker_open_s, settings->breaker_max_s);
        return false;
    }
    return true;
}

static const char *
env_value(char *const *environ, const char *name)
{
    size_t len = strlen(name);
    char *const *entry;

    for (entry = environ; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    return NULL;
}

/* DIR/../etc/postern.conf for a program DIR/NAME; false if that is unknown. */
static bool
path_beside_program(struct buf *out)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    if (len <= 0)
        return false;
    program[len] = '\0';
    slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    buf_addf(out, "%s/../etc/postern.conf", program);
    return buf_ok(out);
}

/* The file to read into out; empty if there is none. A file that was asked for
   by name is taken as it is, so that its absence is an error later. */
static void
find_file(const char *path, char *const *environ, struct buf *out)
{
    const char *home = env_value(environ, "HOME");
    const char *named =
        path != NULL ? path : env_value(environ, "POSTERN_CONF");

    if (named != NULL && *named != '\0') {
        buf_add_text(out, named);
        return;
    }
    if (path_beside_program(out) && access(out->data, F_OK) == 0)
        return;
    buf_clear(out);
    if (home != NULL) {
        buf_addf(out, "%s/.config/postern/postern.conf", home);
        if (buf_ok(out) && access(out->data, F_OK) == 0)
            return;
        buf_clear(out);
    }
    if (access("/etc/postern/postern.conf", F_OK) == 0)
        buf_add_text(out, "/etc/postern/postern.conf");
}

static bool
apply_overrides(struct config *config, char *const *overrides, size_t count,
                struct buf *why)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *equals = strchr(overrides[i], '=');
        char *name;
        bool ok;

        if (equals == NULL) {
            buf_addf(why, "\"%s\" is not of the form NAME=VALUE", overrides[i]);
            return false;
        }
        name = xstrndup(overrides[i], (size_t)(equals - overrides[i]));
        ok = config_set(config, name, equals + 1, why);
        free(name);
        if (!ok)
            return false;
    }
    return true;
}

bool
settings_load_with(struct settings *settings, const char *path,
                   char *const *environ, char *const *overrides,
                   size_t override_count, struct buf *why)
{
    struct config *config = config_new(settings_table, settings_table_rows);
    struct buf file = BUF_INIT(PATH_MAX);
    struct settings loaded;
    bool ok = false;

    find_file(path, environ, &file);
    if (!buf_ok(&file)) {
        buf_add_text(why, "the path of the configuration file is too long");
        goto out;
    }
    if (!config_load(config, file.len > 0 ? file.data : NULL, environ, why))
        goto out;
    if (!apply_overrides(config, overrides, override_count, why))
        goto out;
    fill(&loaded, config);
    if (!check(&loaded, why))
        goto out;
    *settings = loaded;
    ok = true;
out:
    if (!ok)
        config_free(config);
    buf_free(&file);
    return ok;
}

bool
settings_load(struct settings *settings, const char *path, char *const *environ,
              struct buf *why)
{
    return settings_load_with(settings, path, environ, NULL, 0, why);
}

void
settings_free(struct settings *settings)
{
    config_free(settings->config);
    memset(settings, 0, sizeof(*settings));
}
