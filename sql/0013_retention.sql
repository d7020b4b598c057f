-- How long history stays, and what of it.

ALTER TABLE applications
    ADD COLUMN IF NOT EXISTS retention_days SMALLINT UNSIGNED NULL
        COMMENT 'days that its events and deliveries stay; NULL = as configured';

-- An event without its content is not delivered again.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS expunged TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'payload and metadata were taken away';
ALTER TABLE events_kept
    ADD COLUMN IF NOT EXISTS expunged TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'payload and metadata were taken away' AFTER ordering_key;

ALTER TABLE subscriptions
    ADD COLUMN IF NOT EXISTS capture_responses TINYINT UNSIGNED NOT NULL
        DEFAULT 1 COMMENT '0 = what the endpoint answers is not stored';

-- How far the rows of an application have been removed whose history stays for
-- a shorter time than the partitions do. No row: since it was made.
CREATE TABLE IF NOT EXISTS retention_marks (
    application_id INT UNSIGNED NOT NULL COMMENT '0 = rejections of nobody',
    table_name ENUM('events','deliveries','attempts','rejections') NOT NULL,
    day INT UNSIGNED NOT NULL
        COMMENT 'rows of the days before are gone; days since 1970-01-01',
    PRIMARY KEY (application_id, table_name)
) ENGINE=InnoDB;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW webhook_subscriptions AS
SELECT
    s.id AS id,
    s.application_id AS application_id,
    p.name AS application,
    s.url AS url,
    s.description AS description,
    COALESCE((SELECT JSON_ARRAYAGG(p.pattern ORDER BY p.position)
        FROM subscription_patterns p WHERE p.subscription_id = s.id), '[]')
        AS event_types,
    s.active AS active,
    s.paused AS paused,
    s.paused_reason AS paused_reason,
    s.disabled_reason AS disabled_reason,
    s.disabled_at AS disabled_at,
    s.format AS format,
    s.channels AS channels,
    s.retry_count AS retry_count,
    s.retry_delay AS retry_delay,
    s.retry_schedule AS retry_schedule,
    s.timeout_s AS timeout_seconds,
    s.max_concurrency AS max_concurrency,
    s.rate_limit AS rate_limit,
    s.ordering AS ordering,
    s.on_exhausted AS on_exhausted,
    NULLIF(s.batch_size, 0) AS batch_size,
    IF(s.batch_size = 0, NULL, s.batch_wait_ms) AS batch_wait_ms,
    NULLIF(s.ttl_s, 0) AS ttl_seconds,
    s.capture_responses AS capture_responses,
    COALESCE(s.headers_shown, '{}') AS headers,
    COALESCE(s.metadata, '{}') AS metadata,
    s.created_at AS created_at,
    s.updated_at AS updated_at
FROM subscriptions s
JOIN applications p ON p.id = s.application_id
WHERE s.deleted_at IS NULL AND s.adhoc = 0;
