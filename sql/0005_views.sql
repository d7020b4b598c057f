-- The views that reports and users' own queries are written against. They are
-- documented in docs/reference/sql.md: columns may be added, none is renamed or
-- removed without a new major version (report_meta).
--
-- SECURITY INVOKER, so an ordinary account can make them; no secret, no header
-- value and no payload is in any of them. Points in time are shown in the time
-- zone of the session, whichever it is: TIMESTAMP columns are converted by the
-- server, and a time that is computed from an id goes through FROM_UNIXTIME.
-- An id holds (milliseconds since 2025-01-01) << 22. As text it is written in
-- Crockford's base32, as in the API: CONV() gives 0-9a-v, and the REPLACEs move
-- the letters above h to where i, l, o and u are left out.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW webhook_deliveries AS
SELECT
    j.id AS id,
    j.lane >> 3 AS subscription_id,
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
    j.next_retry_at AS next_retry_at,
    NULL AS completed_at,
    a.duration_ms AS duration_ms
FROM jobs j
LEFT JOIN events e ON e.id = j.event_id
LEFT JOIN events_kept k ON k.id = j.event_id
LEFT JOIN attempts a
    ON a.delivery_id = j.id AND a.attempt = NULLIF(j.attempts, 0)
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
    s.disabled_reason AS disabled_reason,
    s.disabled_at AS disabled_at,
    s.format AS format,
    s.channels AS channels,
    s.retry_count AS retry_count,
    s.retry_delay AS retry_delay,
    s.retry_schedule AS retry_schedule,
    s.timeout_s AS timeout_seconds,
    s.max_concurrency AS max_concurrency,
    COALESCE(s.headers_shown, '{}') AS headers,
    COALESCE(s.metadata, '{}') AS metadata,
    s.created_at AS created_at,
    s.updated_at AS updated_at
FROM subscriptions s
JOIN applications p ON p.id = s.application_id
WHERE s.deleted_at IS NULL AND s.adhoc = 0;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW webhooks AS
SELECT
    CAST(s.id AS CHAR(10) CHARACTER SET utf8mb4) AS id,
    s.url AS url,
    COALESCE((SELECT JSON_ARRAYAGG(p.pattern ORDER BY p.position)
        FROM subscription_patterns p WHERE p.subscription_id = s.id), '[]')
        AS events,
    CAST(NULL AS CHAR(1) CHARACTER SET utf8mb4) AS secret,
    s.active AS active,
    s.retry_count AS retry_count,
    s.retry_delay AS retry_delay,
    s.timeout_s AS timeout,
    COALESCE(s.headers_shown, '{}') AS headers,
    COALESCE(s.metadata, '{}') AS metadata,
    s.created_at AS created_at,
    s.updated_at AS updated_at
FROM subscriptions s
WHERE s.deleted_at IS NULL AND s.adhoc = 0;

-- A delivery that ended by an attempt holds that one itself; the failed ones
-- before it are rows of `attempts`.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW delivery_attempts AS
SELECT
    CONCAT('dlv_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(t.delivery_id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0'), '-', t.attempt) AS id,
    CAST(t.owner_id AS CHAR(10)) AS webhook_id,
    CONCAT('evt_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(t.event_id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0')) AS payload_id,
    t.attempt AS attempt_number,
    CONVERT('failed' USING utf8mb4) COLLATE utf8mb4_general_ci AS status,
    t.response_code AS response_code,
    CONVERT(t.response_body USING utf8mb4) AS response_body,
    t.error_message AS error_message,
    t.attempted_at AS `timestamp`,
    t.duration_ms AS duration_ms
FROM attempts t
WHERE t.kind = 1
UNION ALL
SELECT
    CONCAT('dlv_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(d.id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0'), '-', d.attempts),
    CAST(d.owner_id AS CHAR(10)),
    CONCAT('evt_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(d.event_id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0')),
    d.attempts,
    CONVERT(d.status USING utf8mb4) COLLATE utf8mb4_general_ci,
    d.response_code,
    CONVERT(d.response_body USING utf8mb4),
    d.error_message,
    d.completed_at,
    d.duration_ms
FROM deliveries d
WHERE d.kind = 1 AND d.test = 0 AND d.attempts > 0
    AND d.status IN ('success', 'failed');

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_meta AS
SELECT 1 AS version;

-- Deliveries created during the last 24 hours.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_success_24h AS
SELECT
    x.successful + x.failed + x.other + y.retrying + y.pending AS total,
    x.successful AS successful,
    x.failed AS failed,
    y.retrying AS retrying,
    y.pending AS pending,
    x.successful / NULLIF(x.successful + x.failed, 0) AS success_rate
FROM (
    SELECT
        COALESCE(SUM(d.status = 'success'), 0) AS successful,
        COALESCE(SUM(d.status = 'failed'), 0) AS failed,
        COALESCE(SUM(d.status NOT IN ('success', 'failed')), 0) AS other
    FROM deliveries d
    WHERE d.kind = 1 AND d.test = 0
        AND d.id >= (UNIX_TIMESTAMP() - 86400 - 1735689600) * 1000 << 22
        AND d.done_day >= UTC_DATE() - INTERVAL 1 DAY
) x
JOIN (
    SELECT
        COALESCE(SUM(j.attempts > 0), 0) AS retrying,
        COALESCE(SUM(j.attempts = 0), 0) AS pending
    FROM jobs j
    WHERE j.kind = 1 AND j.test = 0
        AND j.id >= (UNIX_TIMESTAMP() - 86400 - 1735689600) * 1000 << 22
) y;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_delivery_hourly AS
SELECT
    FROM_UNIXTIME(TIMESTAMPDIFF(SECOND, '1970-01-01', c.hour)) AS hour_at,
    c.subscription_id AS subscription_id,
    c.successful + c.failed AS total,
    c.successful AS successful,
    c.failed AS failed,
    c.retried AS retried,
    c.attempts AS attempts,
    c.duration_ms / NULLIF(c.attempts, 0) AS avg_ms,
    CASE WHEN COALESCE(c.c13, 0) = 0 THEN NULL
        WHEN c.c0 >= 0.5 * c.c13 THEN 5 WHEN c.c1 >= 0.5 * c.c13 THEN 10
        WHEN c.c2 >= 0.5 * c.c13 THEN 25 WHEN c.c3 >= 0.5 * c.c13 THEN 50
        WHEN c.c4 >= 0.5 * c.c13 THEN 100 WHEN c.c5 >= 0.5 * c.c13 THEN 250
        WHEN c.c6 >= 0.5 * c.c13 THEN 500 WHEN c.c7 >= 0.5 * c.c13 THEN 1000
        WHEN c.c8 >= 0.5 * c.c13 THEN 2500 WHEN c.c9 >= 0.5 * c.c13 THEN 5000
        WHEN c.c10 >= 0.5 * c.c13 THEN 10000
        WHEN c.c11 >= 0.5 * c.c13 THEN 30000
        WHEN c.c12 >= 0.5 * c.c13 THEN 60000
        ELSE 60000 END AS p50_ms,
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
        ELSE 60000 END AS p95_ms,
    CASE WHEN COALESCE(c.c13, 0) = 0 THEN NULL
        WHEN c.c0 >= 0.99 * c.c13 THEN 5 WHEN c.c1 >= 0.99 * c.c13 THEN 10
        WHEN c.c2 >= 0.99 * c.c13 THEN 25 WHEN c.c3 >= 0.99 * c.c13 THEN 50
        WHEN c.c4 >= 0.99 * c.c13 THEN 100 WHEN c.c5 >= 0.99 * c.c13 THEN 250
        WHEN c.c6 >= 0.99 * c.c13 THEN 500 WHEN c.c7 >= 0.99 * c.c13 THEN 1000
        WHEN c.c8 >= 0.99 * c.c13 THEN 2500
        WHEN c.c9 >= 0.99 * c.c13 THEN 5000
        WHEN c.c10 >= 0.99 * c.c13 THEN 10000
        WHEN c.c11 >= 0.99 * c.c13 THEN 30000
        WHEN c.c12 >= 0.99 * c.c13 THEN 60000
        ELSE 60000 END AS p99_ms
FROM (
    SELECT
        r.hour,
        r.subscription_id,
        SUM(r.successful) AS successful,
        SUM(r.failed) AS failed,
        SUM(r.attempts) AS attempts,
        GREATEST(SUM(CAST(r.attempts_failed AS SIGNED)
            - CAST(r.failed AS SIGNED)), 0) AS retried,
        SUM(r.duration_ms) AS duration_ms,
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
    WHERE r.hour > '1971-01-01'
    GROUP BY r.hour, r.subscription_id
) c;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_retry_queue AS
SELECT
    COALESCE(SUM(j.next_retry_at <= NOW(6)), 0) AS due_now,
    COALESCE(SUM(j.next_retry_at > NOW(6)), 0) AS scheduled,
    MIN(IF(j.next_retry_at <= NOW(6), j.next_retry_at, NULL)) AS oldest_due_at,
    COALESCE(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(
        MIN(IF(j.next_retry_at <= NOW(6), j.next_retry_at, NULL))), 0)
        AS oldest_due_age_s
FROM jobs j
WHERE j.kind = 1 AND j.test = 0 AND j.attempts > 0;

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
LEFT JOIN lane_state l ON l.lane = r.subscription_id * 8
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
LEFT JOIN lane_state l ON l.lane = s.id * 8
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

-- Failed attempts of the last 24 hours by what went wrong.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_errors_24h AS
SELECT
    x.error_class AS error_class,
    x.response_code AS response_code,
    COUNT(*) AS `count`,
    COUNT(DISTINCT x.owner_id) AS endpoints,
    MAX(x.at) AS last_at
FROM (
    SELECT t.error_class, t.response_code, t.owner_id, t.attempted_at AS at
    FROM attempts t
    WHERE t.kind = 1 AND t.day >= UTC_DATE() - INTERVAL 1 DAY
        AND t.attempted_at >= NOW(6) - INTERVAL 24 HOUR
    UNION ALL
    SELECT d.error_class, d.response_code, d.owner_id, d.completed_at
    FROM deliveries d
    WHERE d.kind = 1 AND d.test = 0 AND d.status = 'failed'
        AND d.done_day >= UTC_DATE() - INTERVAL 1 DAY
        AND d.completed_at >= NOW(6) - INTERVAL 24 HOUR
) x
GROUP BY x.error_class, x.response_code;

-- Days are UTC days.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_events_daily AS
SELECT
    DATE(r.hour) AS day,
    r.event_type AS event_type,
    SUM(r.successful) AS delivered,
    SUM(r.failed) AS failed
FROM rollup_types r
WHERE r.hour > '1971-01-01'
GROUP BY DATE(r.hour), r.event_type;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_sources_daily AS
SELECT
    x.day AS day,
    s.name AS source,
    SUM(x.processed) AS processed,
    SUM(x.failed) AS failed,
    SUM(x.retries) AS retries,
    SUM(x.rejected) AS rejected
FROM (
    SELECT DATE(r.hour) AS day, r.source_id, SUM(r.processed) AS processed,
        SUM(r.failed) AS failed, SUM(r.retries) AS retries, 0 AS rejected
    FROM rollup_sources r
    WHERE r.hour > '1971-01-01'
    GROUP BY DATE(r.hour), r.source_id
    UNION ALL
    SELECT j.day, j.source_id, 0, 0, 0, COUNT(*)
    FROM rejections j
    GROUP BY j.day, j.source_id
) x
JOIN sources s ON s.id = x.source_id
GROUP BY x.day, s.name;

-- Finished deliveries with their endpoint; the text of an id is what the API
-- calls it.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_delivery_log AS
SELECT
    d.id AS id,
    CONCAT('dlv_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(d.id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0')) AS delivery,
    d.event_id AS event_id,
    CONCAT('evt_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(d.event_id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0')) AS event,
    d.event_type AS event_type,
    d.application_id AS application_id,
    d.owner_id AS subscription_id,
    s.url AS url,
    d.status AS status,
    d.attempts AS attempt_count,
    d.response_code AS response_code,
    d.error_class AS error_class,
    d.error_message AS error_message,
    d.duration_ms AS duration_ms,
    FROM_UNIXTIME(ROUND(((d.id >> 22) + 1735689600000) / 1000, 3))
        AS created_at,
    d.completed_at AS completed_at,
    d.done_day AS done_day
FROM deliveries d
LEFT JOIN subscriptions s ON s.id = d.owner_id
WHERE d.kind = 1 AND d.test = 0;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_worker AS
SELECT
    n.node AS node,
    n.host AS host,
    n.pid AS pid,
    n.lease_until AS lease_until,
    n.lease_until > NOW(6) AS alive,
    (SELECT COUNT(*) FROM shards h
        WHERE h.node = n.node AND h.lease_until > NOW(6)) AS shards
FROM nodes n
WHERE n.role = 'worker' AND n.token <> 0;
