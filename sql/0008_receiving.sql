-- How a source behaves beyond its identity: what is watched, how repeats are
-- told, how its records are fetched. Everything that is not secret is one JSON
-- object whose members the API and the command line have as well
-- (docs/reference/sources.md).

ALTER TABLE sources
    ADD COLUMN IF NOT EXISTS description VARCHAR(255) CHARACTER SET utf8mb4
        NULL,
    ADD COLUMN IF NOT EXISTS settings TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON object; NULL = all as the provider has it',
    ADD COLUMN IF NOT EXISTS api_key BLOB NULL
        COMMENT 'sealed: what its records are fetched with',
    ADD COLUMN IF NOT EXISTS handshake ENUM('none','awaiting','captured')
        NOT NULL DEFAULT 'none'
        COMMENT 'awaiting: the first token that the provider sends is kept',
    ADD COLUMN IF NOT EXISTS captured_token BLOB NULL
        COMMENT 'sealed: waits for `postern source confirm`',
    MODIFY COLUMN secrets BLOB NULL
        COMMENT 'sealed JSON: list of verifiers with their secrets',
    ADD COLUMN IF NOT EXISTS hook_id INT UNSIGNED NULL
        COMMENT 'subscription of settings.invalidate_url',
    ADD COLUMN IF NOT EXISTS deleted_at TIMESTAMP(6) NULL;

-- The name of a deleted source is free, and stays for its history.
ALTER TABLE sources
    ADD COLUMN IF NOT EXISTS live_name VARCHAR(64) CHARACTER SET ascii
        COLLATE ascii_bin
        GENERATED ALWAYS AS (IF(deleted_at IS NULL, name, NULL)) STORED,
    DROP KEY IF EXISTS name,
    ADD UNIQUE KEY IF NOT EXISTS live_name (live_name);

-- Keys are remembered for eight days, longer than any provider repeats. A slot
-- holds one day (day number modulo 10).
ALTER TABLE dedupe ADD PARTITION IF NOT EXISTS (
    PARTITION s3 VALUES IN (3),
    PARTITION s4 VALUES IN (4),
    PARTITION s5 VALUES IN (5),
    PARTITION s6 VALUES IN (6),
    PARTITION s7 VALUES IN (7),
    PARTITION s8 VALUES IN (8),
    PARTITION s9 VALUES IN (9)
);
ALTER TABLE dedupe
    ADD COLUMN IF NOT EXISTS job_id BIGINT UNSIGNED NULL
        COMMENT 'the process job that a repeat made, after the first had failed';

-- The next fetch of an entity of a source: the job of the newest event that
-- asked for it. Written by the worker that owns the source's shard alone. A
-- job that was superseded ends as `coalesced`.
CREATE TABLE IF NOT EXISTS debounce (
    source_id INT UNSIGNED NOT NULL,
    entity BINARY(32) NOT NULL COMMENT 'SHA-256 of table and record id',
    job_id BIGINT UNSIGNED NOT NULL,
    event_id BIGINT UNSIGNED NOT NULL,
    event_type VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    action TINYINT UNSIGNED NOT NULL COMMENT '0 insert, 1 update, 2 delete, 3 other',
    version_us BIGINT NOT NULL COMMENT 'which event is the newest',
    first_at TIMESTAMP(6) NOT NULL COMMENT 'of this round',
    due_at TIMESTAMP(6) NOT NULL,
    PRIMARY KEY (source_id, entity)
) ENGINE=InnoDB;

-- Deliveries that a process job waits for: the events its triggers emitted
-- with "wait".
CREATE TABLE IF NOT EXISTS process_waits (
    job_id BIGINT UNSIGNED NOT NULL,
    delivery_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (job_id, delivery_id)
) ENGINE=InnoDB;

-- How far a poller of a source has come.
CREATE TABLE IF NOT EXISTS source_cursors (
    source_id INT UNSIGNED NOT NULL,
    table_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    job_id BIGINT UNSIGNED NOT NULL COMMENT 'of its poll job',
    position VARCHAR(1000) CHARACTER SET utf8mb4 NOT NULL DEFAULT '',
    polled_at TIMESTAMP(6) NULL,
    error VARCHAR(500) CHARACTER SET utf8mb4 NULL COMMENT 'of the last poll',
    PRIMARY KEY (source_id, table_name),
    KEY job (job_id)
) ENGINE=InnoDB;

-- Names of databases and tables that a source's API was asked for once.
CREATE TABLE IF NOT EXISTS source_names (
    source_id INT UNSIGNED NOT NULL,
    entity_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL COMMENT 'without dashes, in lower case',
    name VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL,
    asked_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (source_id, entity_id)
) ENGINE=InnoDB;

ALTER TABLE records
    ADD COLUMN IF NOT EXISTS revision INT UNSIGNED NOT NULL DEFAULT 1
        COMMENT 'grows with every change: the optimistic lock',
    ADD COLUMN IF NOT EXISTS fields MEDIUMTEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON: {"field":{"changed_at":...,"event":"evt_...","status":...}}',
    ADD COLUMN IF NOT EXISTS verified ENUM('no','yes','differs') NOT NULL
        DEFAULT 'no' COMMENT 'against the source itself',
    ADD COLUMN IF NOT EXISTS stale TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'something newer is known to exist',
    ADD COLUMN IF NOT EXISTS dirty BIGINT UNSIGNED NULL DEFAULT 1
        COMMENT 'changed since search and cache files have seen it: when, in microseconds',
    ADD KEY IF NOT EXISTS dirty (dirty);

-- The tables of the mirror, as far as `dirty` has been worked off: how many
-- records they have, and whether the cache file shows what they hold.
CREATE TABLE IF NOT EXISTS record_tables (
    source_id INT UNSIGNED NOT NULL,
    table_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    records BIGINT NOT NULL DEFAULT 0 COMMENT 'those not deleted',
    changes BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'grows',
    written BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'value of changes that the cache file has',
    written_at TIMESTAMP(6) NULL COMMENT 'when that was',
    changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (source_id, table_name)
) ENGINE=InnoDB;

ALTER TABLE deliveries
    MODIFY COLUMN error_class VARCHAR(24) CHARACTER SET ascii NULL;
