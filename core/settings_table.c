/*
 * settings_table.c - every option: name, default, limits, unit and help.
 */
#include "settings.h"

#define KB INT64_C(1024)
#define MB (1024 * KB)
#define DAYS_MAX 3650

#define DB "database"
#define SECURITY "security"
#define SOURCES "sources"
#define HTTP "http"
#define WORKER "worker"
#define MONITORING "monitoring"
#define RETENTION "retention"
#define LOGS "log"

const struct config_option settings_table[] = {
    {"db_host", NULL, CONFIG_STRING, "localhost", 0, 0, NULL, "", DB, false,
     "Host name or address of the MariaDB server. \"localhost\" means the unix "
     "socket in db_socket."},
    {"db_socket", NULL, CONFIG_PATH, "", 0, 0, NULL, "", DB, false,
     "Unix socket of the MariaDB server; empty: where the client library looks "
     "by itself (Debian: /run/mysqld/mysqld.sock)."},
    {"db_port", NULL, CONFIG_INT, "3306", 1, 65535, NULL, "", DB, false,
     "TCP port of the MariaDB server, when db_host is not localhost."},
    {"db_name", NULL, CONFIG_STRING, "postern", 0, 0, NULL, "", DB, false,
     "The database that holds Postern's tables. It may hold other tables as "
     "well, but a database of its own is easier to back up."},
    {"db_user", NULL, CONFIG_STRING, "postern", 0, 0, NULL, "", DB, false,
     "Account to log in with."},
    {"db_password", NULL, CONFIG_SECRET, "", 0, 0, NULL, "", DB, false,
     "Its password; empty for an account that logs in by unix socket."},
    {"db_tls_ca", NULL, CONFIG_PATH, "", 0, 0, NULL, "", DB, false,
     "PEM file with the authority that signed the server's certificate. Set: "
     "connections use TLS and the certificate is checked. Needed as soon as "
     "the database is on another machine."},
    {"db_timeout_s", NULL, CONFIG_INT, "10", 1, 300, NULL, "s", DB, false,
     "How long connecting, and one answer of the server, may take."},
    {"db_connections", NULL, CONFIG_INT, "4", 1, 64, NULL, "", DB, false,
     "Connections of one responder process for reading and management. Writing "
     "events uses one more. On shared hosts keep the sum of all processes "
     "below max_user_connections."},
    {"db_idle_s", NULL, CONFIG_INT, "2", 0, 86400, NULL, "s", DB, false,
     "Connections unused for so long are closed; 0: never."},

    {"key_file", NULL, CONFIG_PATH, "postern.key", 0, 0, NULL, "", SECURITY,
     false,
     "The key that secrets in the database are encrypted with, made by "
     "`postern init`. Back it up apart from the database: without it stored "
     "secrets cannot be read."},
    {"api_secret_key", "API_SECRET_KEY", CONFIG_SECRET, "", 0, 0, NULL, "",
     SECURITY, false,
     "A token with all rights, to start with. Better: `postern token add`, "
     "then leave this empty."},
    {"environment", "ENVIRONMENT", CONFIG_ENUM, "development", 0, 0,
     "development|test|staging|production", "", SECURITY, false,
     "\"production\" switches require_https on."},
    {"webhook_secret", "WEBHOOK_SECRET", CONFIG_SECRET, "", 0, 0, NULL, "",
     SOURCES, false,
     "Signing secret of those inbound sources of the default application that "
     "have none of their own."},
    {"supabase_url", "SUPABASE_URL", CONFIG_STRING, "", 0, 0, NULL, "", SOURCES,
     false,
     "Address of your Supabase project, https://NAME.supabase.co: with "
     "supabase_key a Supabase source of the default application asks it for "
     "each record before an event counts. A source's own api_url wins."},
    {"supabase_key", "SUPABASE_KEY", CONFIG_SECRET, "", 0, 0, NULL, "", SOURCES,
     false,
     "Service key of the project, for the same; a source's own api_key wins. "
     "The source `supabase` also accepts it as a signing secret when it has no "
     "other, with a warning."},
    {"notion_api_key", "NOTION_API_KEY", CONFIG_SECRET, "", 0, 0, NULL, "",
     SOURCES, false,
     "Key of your Notion integration: with it the pages that changed are "
     "read. A source's own api_key wins; one of another application, or with "
     "an api_url of its own, needs its own."},
    {"notion_api_url", NULL, CONFIG_STRING, "https://api.notion.com", 0, 0,
     NULL, "", SOURCES, false,
     "Where Notion's API is, for sources without an api_url of their own."},
    {"notion_database_id", "NOTION_DATABASE_ID", CONFIG_STRING, "", 0, 0, NULL,
     "", SOURCES, false,
     "The Notion database to watch, for Notion sources without a watch list "
     "of their own; empty: all."},
    {"confidence_threshold", "CONFIDENCE_THRESHOLD", CONFIG_REAL, "0.85", 0, 1,
     NULL, "", SOURCES, false,
     "Share of equal fields from which an event and the source's own row of "
     "the same version count as agreeing, for sources that do not say "
     "otherwise (confidence_percent)."},
    {"verify_webhook_signatures", "VERIFY_WEBHOOK_SIGNATURES", CONFIG_BOOL,
     "yes", 0, 0, NULL, "", SOURCES, false,
     "Refuse inbound webhooks without a valid signature. \"no\" is for trying "
     "things out; such events are marked as not verified."},

    {"host", "HOST", CONFIG_STRING, "127.0.0.1", 0, 0, NULL, "", HTTP, false,
     "Address that `make run` listens on."},
    {"port", "PORT", CONFIG_INT, "8000", 1, 65535, NULL, "", HTTP, false,
     "Port that `make run` listens on; when it is not set and taken, a free "
     "one."},
    {"base_path", NULL, CONFIG_STRING, "", 0, 0, NULL, "", HTTP, false,
     "Path in front of every route, for a gateway that shares its host: "
     "\"/hooks\" serves /hooks/health. Empty: none."},
    {"threads", NULL, CONFIG_INT, "32", 1, 1024, NULL, "", HTTP, false,
     "Requests that may wait for the database at the same time in a listening "
     "responder. Events that come in are not among them: those wait for the "
     "disk together and hold no thread. Under mod_fcgid a process serves one "
     "request at a time."},
    {"max_body", NULL, CONFIG_BYTES, "102400", KB, 25 * MB, NULL, "bytes", HTTP,
     false,
     "Largest body of one event; above it 413. The database's "
     "max_allowed_packet must be more than twice as large."},
    {"max_batch_body", NULL, CONFIG_BYTES, "5M", KB, 25 * MB, NULL, "bytes",
     HTTP, false,
     "Largest body of a request with an array of events, and of a batch that "
     "is sent."},
    {"body_memory", NULL, CONFIG_BYTES, "64M", MB, 4096 * MB, NULL, "bytes",
     HTTP, false,
     "Memory for the bodies of all requests of a listening responder that are "
     "under way at the same time; those of up to 16 KB do not count. When it "
     "is used up, requests with larger ones get 503 and come again."},
    {"public_stats", NULL, CONFIG_BOOL, "yes", 0, 0, NULL, "", HTTP, false,
     "Answer /api/v1/webhooks/stats and /api/v1/webhooks/test without a "
     "token."},
    {"trusted_proxies", NULL, CONFIG_STRING, "", 0, 0, NULL, "", HTTP, false,
     "Networks, separated by commas, whose X-Forwarded-For names the client: "
     "the reverse proxies in front of the web server, if any."},
    {"require_https", NULL, CONFIG_BOOL, "no", 0, 0, NULL, "", HTTP, false,
     "Refuse subscriptions with http:// URLs. Always on in production."},
    {"test_wait_s", NULL, CONFIG_INT, "15", 0, 60, NULL, "s", HTTP, false,
     "How long a test of a subscription waits for the delivery before it "
     "answers \"pending\"."},

    {"run_dir", NULL, CONFIG_PATH, "/run/postern", 0, 0, NULL, "", WORKER,
     false,
     "Directory for the sockets on which responders tell workers of new work. "
     "Empty or missing: workers look once a second."},
    {"json_cache_dir", NULL, CONFIG_PATH, "", 0, 0, NULL, "", WORKER, false,
     "Directory in which a worker keeps the mirrored records as files, "
     "SOURCE/TABLE.json with one array each, a second or so behind the "
     "events. It has to exist, on a local disk. Empty: no files."},
    {"allow_targets", NULL, CONFIG_STRING, "", 0, 0, NULL, "", WORKER, false,
     "Networks that may be reached although they are not public, separated by "
     "commas (\"10.1.0.0/16, 127.0.0.1\"): by deliveries, and by questions to "
     "the APIs of sources and for tokens. Everything else that is not public, "
     "and this host's own addresses, is refused."},
    {"ca_bundle", NULL, CONFIG_PATH, "/etc/ssl/certs/ca-certificates.crt", 0, 0,
     NULL, "", WORKER, false,
     "PEM file with the authorities that receivers' certificates are checked "
     "against."},
    {"slots", NULL, CONFIG_INT, "512", 1, 16384, NULL, "", WORKER, false,
     "Deliveries in flight at the same time in one worker."},
    {"lane_window", NULL, CONFIG_INT, "20", 1, 1024, NULL, "", WORKER, false,
     "Deliveries in flight at the same time to one subscription that does not "
     "say otherwise (max_concurrency)."},
    {"inflight_bytes", NULL, CONFIG_BYTES, "32M", MB, 4096 * MB, NULL, "bytes",
     WORKER, false,
     "Bodies in flight at the same time in one worker. As long as they are so "
     "many bytes, no further delivery begins; one always fits."},
    {"breaker_failures", NULL, CONFIG_INT, "5", 0, 1000, NULL, "", WORKER,
     false,
     "So many failures in a row, or seven of ten within five minutes, and a "
     "receiver is left alone for a while; its deliveries wait and use up no "
     "attempts. 0: never."},
    {"breaker_open_s", NULL, CONFIG_INT, "30", 1, 3600, NULL, "s", WORKER,
     false,
     "How long it is left alone before one delivery tries whether it is back; "
     "twice as long each time that one fails."},
    {"breaker_max_s", NULL, CONFIG_INT, "3600", 1, 86400, NULL, "s", WORKER,
     false, "How long it is left alone at most."},
    {"disable_after_days", NULL, CONFIG_INT, "5", 0, 365, NULL, "days", WORKER,
     false,
     "A subscription whose every delivery has failed for so many days is "
     "disabled; 0: never. Its events are not kept for it from then on."},
    {"replay_rate", NULL, CONFIG_INT, "50", 0, 10000, NULL, "", WORKER, false,
     "Deliveries that a replay (recovery, retry of many) makes per second, "
     "unless it says otherwise itself; 0: as many as its receiver takes."},
    {"flush_ms", NULL, CONFIG_INT, "20", 1, 1000, NULL, "ms", WORKER, false,
     "Results are written at least this often."},
    {"flush_rows", NULL, CONFIG_INT, "256", 1, 2000, NULL, "", WORKER, false,
     "Results written in one transaction at most."},
    {"lease_s", NULL, CONFIG_INT, "15", 5, 600, NULL, "s", WORKER, false,
     "How long a worker that vanished keeps its share of the work. Longer than "
     "any pause of the database."},
    {"grace_s", NULL, CONFIG_INT, "20", 0, 600, NULL, "s", WORKER, false,
     "How long a stopping worker waits for deliveries in flight."},
    {"response_body_kept", NULL, CONFIG_BYTES, "1024", 0, 65535, NULL, "bytes",
     WORKER, false,
     "How much of a receiver's answer is stored; 0: nothing. Secrets of the "
     "subscription that the answer repeats are masked. A subscription may be "
     "excepted (capture_responses)."},
    {"cache_bytes", NULL, CONFIG_BYTES, "32M", MB, 4096 * MB, NULL, "bytes",
     WORKER, false, "Event bodies a worker holds in memory."},

    {"health_check_interval_s", NULL, CONFIG_INT, "0", 0, 86400, NULL, "s",
     MONITORING, false,
     "So often the event health.check is made, for whoever subscribes to it; "
     "0: never."},
    {"metric_thresholds", NULL, CONFIG_STRING, "", 0, 0, NULL, "", MONITORING,
     false,
     "Limits, such as \"pending:10000, oldest_due_s:60, failure_rate:0.2, "
     "process_queue:1000\". When one is reached the event metric.threshold is "
     "made, and again once the number is below 80 % of it. Empty: nothing is "
     "watched."},
    {"alert_after_s", NULL, CONFIG_INT, "300", 0, 86400, NULL, "s", MONITORING,
     false,
     "A limit of metric_thresholds that has been exceeded for so long makes "
     "the "
     "event alert.triggered."},

    {"events_days", NULL, CONFIG_INT, "30", 1, DAYS_MAX, NULL, "days",
     RETENTION, false,
     "Events are kept for so many days; those that still wait to be delivered "
     "are kept until they are."},
    {"deliveries_days", NULL, CONFIG_INT, "30", 1, DAYS_MAX, NULL, "days",
     RETENTION, false,
     "The history of deliveries is kept for so many days. An application may "
     "have a retention of its own (`postern application set`), for events and "
     "deliveries."},
    {"rollup_days", NULL, CONFIG_INT, "90", 1, DAYS_MAX, NULL, "days",
     RETENTION, false,
     "Hourly counters are kept for so many days and then added to the "
     "all-time totals, which are kept for ever."},
    {"cleanup_at", NULL, CONFIG_STRING, "02:00", 0, 0, NULL, "UTC", RETENTION,
     false,
     "When what is past its time is removed, once a day. A worker that was "
     "not running then does it as soon as it is started."},

    {"log_format", NULL, CONFIG_ENUM, "text", 0, 0, "text|json", "", LOGS,
     false, "How log lines look: text for people, JSON for log collectors."},
    {"log_level", NULL, CONFIG_ENUM, "info", 0, 0, "debug|info|warning|error",
     "", LOGS, false, "The least serious lines that are written."},
    {"log_file", NULL, CONFIG_PATH, "", 0, 0, NULL, "", LOGS, false,
     "File to append to, opened again at SIGHUP. Empty: standard error, which "
     "is the web server's error log or systemd's journal."},
};

const size_t settings_table_rows =
    sizeof(settings_table) / sizeof(settings_table[0]);
