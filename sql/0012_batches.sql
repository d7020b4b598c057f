-- Several events in one request, and an end to trying.
--
-- A delivery may have `ttl_s` from when it first became due: its acceptance, or
-- `deliver_at`. A retry moves next_retry_at, so the worker notes here when that
-- was, where it was not when the delivery was made.

ALTER TABLE subscriptions
    ADD COLUMN IF NOT EXISTS batch_size SMALLINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'events in one request at most; 0 = each has its own',
    ADD COLUMN IF NOT EXISTS batch_wait_ms SMALLINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'so long the first waits for others',
    ADD COLUMN IF NOT EXISTS ttl_s INT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'not delivered within that time it fails; 0 = no limit';

ALTER TABLE jobs
    ADD COLUMN IF NOT EXISTS first_due_at TIMESTAMP(6) NULL
        COMMENT 'when it first was, if not when it was made';

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
    COALESCE(s.headers_shown, '{}') AS headers,
    COALESCE(s.metadata, '{}') AS metadata,
    s.created_at AS created_at,
    s.updated_at AS updated_at
FROM subscriptions s
JOIN applications p ON p.id = s.application_id
WHERE s.deleted_at IS NULL AND s.adhoc = 0;
