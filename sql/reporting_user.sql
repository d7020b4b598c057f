-- An account that may read the reporting views and nothing else.
--
--     mariadb postern < sql/reporting_user.sql
--
-- as an administrator of the database; change the password, and 'localhost' if
-- reports come from another host. Running it again is harmless; it does not
-- change the password of an account that exists.
--
-- The views run with the rights of who asks (SQL SECURITY INVOKER), so the
-- account also needs the columns that they read. Payloads, metadata of events,
-- sealed secrets, sealed headers and token hashes are not among them.

CREATE USER IF NOT EXISTS 'postern_report'@'localhost'
    IDENTIFIED BY 'change this password';
ALTER USER 'postern_report'@'localhost'
    WITH MAX_USER_CONNECTIONS 10 MAX_STATEMENT_TIME 60;

GRANT SELECT ON webhook_deliveries TO 'postern_report'@'localhost';
GRANT SELECT ON webhook_subscriptions TO 'postern_report'@'localhost';
GRANT SELECT ON webhooks TO 'postern_report'@'localhost';
GRANT SELECT ON delivery_attempts TO 'postern_report'@'localhost';
GRANT SELECT ON report_meta TO 'postern_report'@'localhost';
GRANT SELECT ON report_success_24h TO 'postern_report'@'localhost';
GRANT SELECT ON report_delivery_hourly TO 'postern_report'@'localhost';
GRANT SELECT ON report_retry_queue TO 'postern_report'@'localhost';
GRANT SELECT ON report_top_failing_7d TO 'postern_report'@'localhost';
GRANT SELECT ON report_endpoint_health TO 'postern_report'@'localhost';
GRANT SELECT ON report_errors_24h TO 'postern_report'@'localhost';
GRANT SELECT ON report_events_daily TO 'postern_report'@'localhost';
GRANT SELECT ON report_sources_daily TO 'postern_report'@'localhost';
GRANT SELECT ON report_delivery_log TO 'postern_report'@'localhost';
GRANT SELECT ON report_worker TO 'postern_report'@'localhost';
GRANT SELECT ON report_replays TO 'postern_report'@'localhost';

GRANT SELECT ON jobs TO 'postern_report'@'localhost';
GRANT SELECT ON deliveries TO 'postern_report'@'localhost';
GRANT SELECT ON attempts TO 'postern_report'@'localhost';
GRANT SELECT ON applications TO 'postern_report'@'localhost';
GRANT SELECT ON subscription_patterns TO 'postern_report'@'localhost';
GRANT SELECT ON event_types TO 'postern_report'@'localhost';
GRANT SELECT ON fanouts TO 'postern_report'@'localhost';
GRANT SELECT ON lane_state TO 'postern_report'@'localhost';
GRANT SELECT ON replays TO 'postern_report'@'localhost';
GRANT SELECT ON rollup_subscriptions TO 'postern_report'@'localhost';
GRANT SELECT ON rollup_sources TO 'postern_report'@'localhost';
GRANT SELECT ON rollup_types TO 'postern_report'@'localhost';
GRANT SELECT ON rollup_receiving TO 'postern_report'@'localhost';
GRANT SELECT (id, day, source_id, status, reason, remote_address, created_at)
    ON rejections TO 'postern_report'@'localhost';
GRANT SELECT ON nodes TO 'postern_report'@'localhost';
GRANT SELECT ON shards TO 'postern_report'@'localhost';
GRANT SELECT (id, application_id, source_id, type, verified, test)
    ON events TO 'postern_report'@'localhost';
GRANT SELECT (id, application_id, source_id, type, verified, test)
    ON events_kept TO 'postern_report'@'localhost';
GRANT SELECT (id, application_id, name, provider)
    ON sources TO 'postern_report'@'localhost';
GRANT SELECT (id, application_id, url, description, active, paused,
    disabled_reason, disabled_at, adhoc, paused_reason, ordering, on_exhausted,
    rate_limit, headers_shown, metadata, format,
    channels, retry_count, retry_delay, retry_schedule, timeout_s,
    max_concurrency, created_at, updated_at, deleted_at)
    ON subscriptions TO 'postern_report'@'localhost';
