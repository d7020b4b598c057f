-- Order, limits, fan-out in steps, and the rest of an event's fields for SQL.
--
-- A lane's number now has the owner in its upper half (core/lane.h), so that
-- the lanes of a FIFO subscription, one for each ordering key, lie together in
-- the index `due`.
--
-- The order of a FIFO lane is that of `jobs.next_retry_at`: each job gets a
-- point in time of its own from its row of lane_state, which is locked until
-- the transaction commits, so the order of the numbers is the order of the
-- commits. A retry leaves it as it is: the lane waits, until
-- lane_state.blocked_until.

ALTER TABLE subscriptions
    ADD COLUMN IF NOT EXISTS rate_limit SMALLINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'deliveries begun per second; 0 = no limit',
    ADD COLUMN IF NOT EXISTS ordering ENUM('none','fifo') NOT NULL
        DEFAULT 'none',
    ADD COLUMN IF NOT EXISTS on_exhausted ENUM('skip','pause') NOT NULL
        DEFAULT 'skip' COMMENT 'FIFO: what follows the last attempt',
    ADD COLUMN IF NOT EXISTS paused_reason VARCHAR(255)
        CHARACTER SET utf8mb4 NULL
        COMMENT 'why the gateway itself paused it';

ALTER TABLE events
    ADD COLUMN IF NOT EXISTS ordering_key VARCHAR(255) CHARACTER SET utf8mb4
        COLLATE utf8mb4_nopad_bin NULL;
ALTER TABLE events_kept
    ADD COLUMN IF NOT EXISTS ordering_key VARCHAR(255) CHARACTER SET utf8mb4
        COLLATE utf8mb4_nopad_bin NULL,
    ADD COLUMN IF NOT EXISTS kept_at TIMESTAMP(6) NOT NULL
        DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'when it was last asked for';

ALTER TABLE outbox
    ADD COLUMN IF NOT EXISTS channels TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON array',
    ADD COLUMN IF NOT EXISTS ordering_key VARCHAR(255) CHARACTER SET utf8mb4
        COLLATE utf8mb4_nopad_bin NULL,
    ADD COLUMN IF NOT EXISTS deliver_at TIMESTAMP(6) NULL;

-- What a fan-out job has to do and how far it has come: who was found when the
-- event was accepted, in one list, of which the first `done` have got their
-- jobs. FIFO subscriptions are not in it, they got theirs with the event.
CREATE TABLE IF NOT EXISTS fanouts (
    job_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    config_version BIGINT UNSIGNED NOT NULL
        COMMENT 'of the catalog that the event was matched with',
    deliver_at TIMESTAMP(6) NULL COMMENT 'NULL = at once',
    done INT UNSIGNED NOT NULL DEFAULT 0,
    total INT UNSIGNED NOT NULL,
    subscriptions MEDIUMTEXT CHARACTER SET ascii NOT NULL
        COMMENT 'ids, with commas between them'
) ENGINE=InnoDB;

-- `sequence` is microseconds since 1970: the last point in time given out.
ALTER TABLE lane_state
    MODIFY COLUMN sequence BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'FIFO: the last point in time given out, in microseconds',
    MODIFY COLUMN blocked_until TIMESTAMP(6) NULL
        COMMENT 'FIFO: when its first job is tried again; else Retry-After';

-- Old numbers are below 2^32.
UPDATE jobs SET lane = (lane >> 3) << 32 | (lane & 7)
WHERE lane < (1 << 32);
UPDATE lane_state SET lane = (lane >> 3) << 32 | (lane & 7)
WHERE lane < (1 << 32);
ALTER TABLE jobs
    MODIFY COLUMN lane BIGINT UNSIGNED NOT NULL
        COMMENT 'owner id << 32, ordering key, kind (0 subscription, 1 source)';

CREATE OR REPLACE SQL SECURITY INVOKER VIEW webhook_deliveries AS
SELECT
    j.id AS id,
    j.lane >> 32 AS subscription_id,
    j.event_id AS event_id,
    COALESCE(e.type, k.type) AS event_type,
    CONVERT(IF(j.attempts = 0, 'pending', 'retrying') USING utf8mb4)
        COLLATE utf8mb4_general_ci AS status,
    j.attempts AS attempt_count,
    a.response_code AS response_code,
    CONVERT(a.response_body USING utf8mb4) AS response_body,
    a.error_message AS error_message,
    FROM_UNIXTIME(ROUND(((j.id >> 22) + 1735689600000) / 1000, 3))
        AS created_at,
    GREATEST(j.next_retry_at,
        COALESCE(IF(j.attempts > 0, l.blocked_until, NULL), j.next_retry_at))
        AS next_retry_at,
    NULL AS completed_at,
    a.duration_ms AS duration_ms
FROM jobs j
LEFT JOIN events e ON e.id = j.event_id
LEFT JOIN events_kept k ON k.id = j.event_id
LEFT JOIN attempts a
    ON a.delivery_id = j.id AND a.attempt = NULLIF(j.attempts, 0)
LEFT JOIN lane_state l ON l.lane = j.lane
WHERE j.kind = 1 AND j.test = 0
UNION ALL
SELECT
    d.id,
    d.owner_id,
    d.event_id,
    d.event_type,
    CONVERT(d.status USING utf8mb4) COLLATE utf8mb4_general_ci,
    d.attempts,
    d.response_code,
    CONVERT(d.response_body USING utf8mb4),
    d.error_message,
    FROM_UNIXTIME(ROUND(((d.id >> 22) + 1735689600000) / 1000, 3)),
    NULL,
    d.completed_at,
    d.duration_ms
FROM deliveries d
WHERE d.kind = 1 AND d.test = 0;

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
    COALESCE(s.headers_shown, '{}') AS headers,
    COALESCE(s.metadata, '{}') AS metadata,
    s.created_at AS created_at,
    s.updated_at AS updated_at
FROM subscriptions s
JOIN applications p ON p.id = s.application_id
WHERE s.deleted_at IS NULL AND s.adhoc = 0;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_retry_queue AS
SELECT
    COALESCE(SUM(x.due_at <= NOW(6)), 0) AS due_now,
    COALESCE(SUM(x.due_at > NOW(6)), 0) AS scheduled,
    MIN(IF(x.due_at <= NOW(6), x.due_at, NULL)) AS oldest_due_at,
    COALESCE(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(
        MIN(IF(x.due_at <= NOW(6), x.due_at, NULL))), 0)
        AS oldest_due_age_s
FROM (
    SELECT GREATEST(j.next_retry_at,
        COALESCE(l.blocked_until, j.next_retry_at)) AS due_at
    FROM jobs j
    LEFT JOIN lane_state l ON l.lane = j.lane
    WHERE j.kind = 1 AND j.test = 0 AND j.attempts > 0
) x;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_top_failing_7d AS
SELECT
    r.subscription_id AS subscription_id,
    s.url AS url,
    SUM(r.failed) AS failures,
    SUM(r.successful) / NULLIF(SUM(r.successful + r.failed), 0)
        AS success_rate,
    (SELECT d.error_message FROM deliveries d
        WHERE d.owner_id = r.subscription_id AND d.kind = 1
            AND d.status = 'failed' AND d.test = 0
        ORDER BY d.id DESC LIMIT 1) AS last_error,
    MAX(l.last_success_at) AS last_success_at
FROM rollup_subscriptions r
JOIN subscriptions s ON s.id = r.subscription_id
LEFT JOIN lane_state l ON l.lane = r.subscription_id << 32
WHERE r.hour >= DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 7 DAY,
    '%Y-%m-%d %H:00:00')
GROUP BY r.subscription_id, s.url
HAVING failures > 0;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_endpoint_health AS
SELECT
    s.id AS subscription_id,
    s.url AS url,
    CASE WHEN s.disabled_at IS NOT NULL THEN 'disabled'
        WHEN s.active = 0 THEN 'inactive'
        WHEN s.paused = 1 THEN 'paused'
        WHEN l.breaker IN ('open', 'half_open') THEN 'failing'
        ELSE 'active' END AS state,
    s.disabled_reason AS state_reason,
    l.failing_since AS failing_since,
    l.last_success_at AS last_success_at,
    COALESCE(c.successful, 0) AS successful_24h,
    COALESCE(c.failed, 0) AS failed_24h,
    CASE WHEN COALESCE(c.c13, 0) = 0 THEN NULL
        WHEN c.c0 >= 0.95 * c.c13 THEN 5 WHEN c.c1 >= 0.95 * c.c13 THEN 10
        WHEN c.c2 >= 0.95 * c.c13 THEN 25 WHEN c.c3 >= 0.95 * c.c13 THEN 50
        WHEN c.c4 >= 0.95 * c.c13 THEN 100 WHEN c.c5 >= 0.95 * c.c13 THEN 250
        WHEN c.c6 >= 0.95 * c.c13 THEN 500 WHEN c.c7 >= 0.95 * c.c13 THEN 1000
        WHEN c.c8 >= 0.95 * c.c13 THEN 2500
        WHEN c.c9 >= 0.95 * c.c13 THEN 5000
        WHEN c.c10 >= 0.95 * c.c13 THEN 10000
        WHEN c.c11 >= 0.95 * c.c13 THEN 30000
        WHEN c.c12 >= 0.95 * c.c13 THEN 60000
        ELSE 60000 END AS p95_ms_24h
FROM subscriptions s
LEFT JOIN lane_state l ON l.lane = s.id << 32
LEFT JOIN (
    SELECT
        r.subscription_id,
        SUM(r.successful) AS successful,
        SUM(r.failed) AS failed,
        SUM(r.b0) AS c0,
        SUM(r.b0 + r.b1) AS c1,
        SUM(r.b0 + r.b1 + r.b2) AS c2,
        SUM(r.b0 + r.b1 + r.b2 + r.b3) AS c3,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4) AS c4,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5) AS c5,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6) AS c6,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7) AS c7,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8) AS
            c8,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8 +
            r.b9) AS c9,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8 +
            r.b9 + r.b10) AS c10,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8 +
            r.b9 + r.b10 + r.b11) AS c11,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8 +
            r.b9 + r.b10 + r.b11 + r.b12) AS c12,
        SUM(r.b0 + r.b1 + r.b2 + r.b3 + r.b4 + r.b5 + r.b6 + r.b7 + r.b8 +
            r.b9 + r.b10 + r.b11 + r.b12 + r.b13) AS c13
    FROM rollup_subscriptions r
    WHERE r.hour >= DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 24 HOUR,
        '%Y-%m-%d %H:00:00')
    GROUP BY r.subscription_id
) c ON c.subscription_id = s.id
WHERE s.deleted_at IS NULL AND s.adhoc = 0;
