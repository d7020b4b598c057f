-- What sources have sent that came to nothing, counted: of a flood not every
-- request gets a row in `rejections`.

CREATE TABLE IF NOT EXISTS rollup_receiving (
    hour DATETIME NOT NULL COMMENT 'UTC',
    source_id INT UNSIGNED NOT NULL,
    slot SMALLINT UNSIGNED NOT NULL,
    rejected BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'requests that were refused',
    ignored BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'events that nobody watches',
    repeated BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'requests that were received before',
    mismatched BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'events that said something else than their source',
    PRIMARY KEY (hour, source_id, slot),
    KEY source (source_id, hour)
) ENGINE=InnoDB;

INSERT IGNORE INTO rollup_receiving (hour, source_id, slot, rejected)
SELECT day, source_id, 0, COUNT(*)
FROM rejections
WHERE source_id > 0 AND reason <> 'duplicate'
GROUP BY day, source_id;

ALTER TABLE rollup_sources
    ADD KEY IF NOT EXISTS source (source_id, hour);

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_sources_daily AS
SELECT
    x.day AS day,
    s.name AS source,
    SUM(x.processed) AS processed,
    SUM(x.failed) AS failed,
    SUM(x.retries) AS retries,
    SUM(x.rejected) AS rejected,
    SUM(x.ignored) AS ignored,
    SUM(x.repeated) AS repeated,
    SUM(x.mismatched) AS mismatched
FROM (
    SELECT DATE(r.hour) AS day, r.source_id, SUM(r.processed) AS processed,
        SUM(r.failed) AS failed, SUM(r.retries) AS retries, 0 AS rejected,
        0 AS ignored, 0 AS repeated, 0 AS mismatched
    FROM rollup_sources r
    WHERE r.hour > '1971-01-01'
    GROUP BY DATE(r.hour), r.source_id
    UNION ALL
    SELECT DATE(c.hour), c.source_id, 0, 0, 0, SUM(c.rejected),
        SUM(c.ignored), SUM(c.repeated), SUM(c.mismatched)
    FROM rollup_receiving c
    WHERE c.hour > '1971-01-01'
    GROUP BY DATE(c.hour), c.source_id
) x
JOIN sources s ON s.id = x.source_id
GROUP BY x.day, s.name;
