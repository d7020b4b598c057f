-- Deliveries that are made once more, or for the first time, for a range of
-- events: what is to be done, how far it has come, and what came of it.
--
-- A replay has a job (kind 4) as long as the worker has something to do for
-- it: while it counts, and while it runs. Its cursors, the deliveries it has
-- made and its counters are written in the same transaction, so a worker that
-- is killed goes on behind the last step that was committed.

CREATE TABLE IF NOT EXISTS replays (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    job_id BIGINT UNSIGNED NULL COMMENT 'NULL = the worker has nothing to do',
    application_id INT UNSIGNED NOT NULL,
    subscription_id INT UNSIGNED NOT NULL DEFAULT 0
        COMMENT '0 = all of the application',
    kind ENUM('recover','missing','retry') NOT NULL,
    status ENUM('counting','planned','running','done','cancelled','failed')
        NOT NULL,
    since_at TIMESTAMP(6) NULL COMMENT 'NULL = from the beginning',
    until_at TIMESTAMP(6) NOT NULL,
    filter TEXT CHARACTER SET utf8mb4 NULL COMMENT 'JSON object',
    rate INT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'deliveries made per second; 0 = no limit',
    cursor_owner INT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'retry: the subscription that is looked at',
    cursor_id BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'deliveries or events up to this one are dealt with',
    all_made TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'only the deliveries in `live` are not finished yet',
    live TEXT CHARACTER SET ascii NULL
        COMMENT 'made and not known to be finished: ids with commas',
    planned BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'to be made, as counted before',
    made BIGINT UNSIGNED NOT NULL DEFAULT 0,
    skipped BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'delivered or tried again meanwhile, or without content',
    succeeded BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of those made',
    failed BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of those made',
    cancelled BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of those made',
    error VARCHAR(255) CHARACTER SET utf8mb4 NULL
        COMMENT 'why it ended as it did',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    confirmed_at TIMESTAMP(6) NULL,
    finished_at TIMESTAMP(6) NULL,
    UNIQUE KEY job_id (job_id),
    KEY application (application_id, id),
    KEY finished_at (finished_at)
) ENGINE=InnoDB;

-- What became of one event at one subscription is one lookup, however many
-- other subscriptions got it.
ALTER TABLE deliveries
    DROP KEY IF EXISTS event,
    ADD KEY event (event_id, owner_id);

CREATE OR REPLACE SQL SECURITY INVOKER VIEW report_replays AS
SELECT
    r.id AS id,
    CONCAT('rpl_', LPAD(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        LOWER(CONV(r.id, 10, 32)),
        'v', 'z'), 'u', 'y'), 't', 'x'), 's', 'w'), 'r', 'v'),
        'q', 't'), 'p', 's'), 'o', 'r'), 'n', 'q'), 'm', 'p'),
        'l', 'n'), 'k', 'm'), 'j', 'k'), 'i', 'j'),
        13, '0')) AS replay,
    r.application_id AS application_id,
    NULLIF(r.subscription_id, 0) AS subscription_id,
    r.kind AS kind,
    r.status AS status,
    r.since_at AS since_at,
    r.until_at AS until_at,
    r.filter AS filter,
    r.rate AS rate,
    r.planned AS planned,
    r.made AS made,
    r.skipped AS skipped,
    r.succeeded AS succeeded,
    r.failed AS failed,
    r.cancelled AS cancelled,
    r.made - r.succeeded - r.failed - r.cancelled AS unfinished,
    r.error AS reason,
    r.created_at AS created_at,
    r.confirmed_at AS confirmed_at,
    r.finished_at AS finished_at
FROM replays r;
