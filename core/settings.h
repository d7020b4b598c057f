/*
 * settings.h - every option of Postern, in one table.
 *
 * conf/postern.conf, --help, the man page and `postern config show` are made
 * from settings_table in settings_table.c. Programs read values through the struct,
 * which settings_load() fills once; nothing else asks config_*().
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "buf.h"
#include "config.h"
#include "log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
    /* database */
    const char *db_host;   /* "localhost" with db_socket: unix socket */
    const char *db_socket; /* path, "" = the library's default */
    int db_port;
    const char *db_name;
    const char *db_user;
    const char *db_password;
    const char *db_tls_ca; /* PEM file; set = TLS with a checked certificate */
    int db_timeout_s;      /* connect, read and write */
    int db_connections;    /* per responder process, the committer excluded */
    int db_idle_s;         /* close connections unused for so long; 0 = never */

    /* secrets */
    const char *key_file;       /* 32 bytes in hex, made by `postern init` */
    const char *api_secret_key; /* API_SECRET_KEY: bootstrap admin token */
    const char *webhook_secret; /* WEBHOOK_SECRET: for sources without own */
    const char *supabase_url;
    const char *supabase_key;
    const char *notion_api_key;
    const char *notion_api_url;
    const char *notion_database_id;
    double confidence_threshold;
    bool verify_webhook_signatures;
    bool production; /* ENVIRONMENT=production */

    /* http */
    const char *host; /* HOST, PORT: where `make run` listens */
    int port;
    const char *base_path;  /* "" or "/hooks": prefix in front of every route */
    int threads;            /* in which requests wait for the database */
    int64_t max_body;       /* bytes of one event */
    int64_t max_batch_body; /* bytes of an array of events */
    int64_t body_memory;    /* bytes of all large bodies at a time */
    bool public_stats;
    const char *trusted_proxies; /* CIDR list whose X-Forwarded-For counts */
    bool require_https;          /* effective: also on when production */
    int test_wait_s;

    /* worker */
    const char *run_dir;        /* doorbell sockets; "" = none */
    const char *json_cache_dir; /* files of the mirror; "" = none */
    const char *allow_targets;  /* CIDR list: private addresses that may be
                                  delivered to */
    const char *ca_bundle;      /* PEM file for outgoing TLS */
    int slots;                  /* transfers in flight per worker */
    int lane_window;            /* transfers in flight per subscription */
    int64_t inflight_bytes;     /* of bodies */
    int breaker_failures;       /* in a row; 0 = never opens */
    int breaker_open_s;         /* the first time */
    int breaker_max_s;
    int disable_after_days; /* of nothing but failure; 0 = never */
    int replay_rate;        /* deliveries made per second; 0 = no limit */
    int flush_ms;
    int flush_rows;
    int lease_s;
    int grace_s; /* how long a stopping worker waits for transfers */
    int64_t response_body_kept; /* bytes stored of an answer */
    int64_t cache_bytes;        /* payloads held in memory */

    /* monitoring */
    int health_check_interval_s;   /* 0 = no health.check */
    const char *metric_thresholds; /* threshold.h */
    int alert_after_s;

    /* retention */
    int events_days;
    int deliveries_days;
    int rollup_days; /* hourly rows; older ones are folded into the total */
    const char *cleanup_at; /* "02:00", UTC */
    int cleanup_minute;     /* the same, of the day */

    /* log */
    enum log_format log_format;
    enum log_level log_level;
    const char *log_file; /* "" = stderr */

    struct config *config; /* owns the strings; for `config show` */
};

extern const struct config_option settings_table[];
extern const size_t settings_table_rows;

/*
 * Finds the file (explicit path, else $POSTERN_CONF, else
 * <directory of the program>/../etc/postern.conf, else
 * ~/.config/postern/postern.conf, else /etc/postern/postern.conf; none at all
 * is fine), reads it with environ, and checks what spans several options.
 * False: *why says what is wrong and what to do; *settings is untouched.
 */
bool settings_load(struct settings *settings, const char *path,
                   char *const *environ, struct buf *why)
    __attribute__((warn_unused_result));

/* The same with values given on the command line ("name=value"), which win. */
bool settings_load_with(struct settings *settings, const char *path,
                        char *const *environ, char *const *overrides,
                        size_t override_count, struct buf *why)
    __attribute__((warn_unused_result));

void settings_free(struct settings *settings);

#endif /* SETTINGS_H */
