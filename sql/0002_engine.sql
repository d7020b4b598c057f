-- Events, the work they cause, and its history.
--
-- Ids are 63-bit and ordered by time: (milliseconds since 2025) << 22, so a
-- day of events is a range of ids and is dropped as one partition. `pmax`
-- stays empty: the worker makes the days ahead of time.

CREATE TABLE IF NOT EXISTS events (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    application_id INT UNSIGNED NOT NULL,
    source_id INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 = triggered by API',
    type VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
    verified TINYINT UNSIGNED NOT NULL COMMENT 'signature or token was checked',
    test TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'not counted, not listed',
    relayed TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'inbound: went to its subscriptions on receipt, not after processing',
    external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NULL COMMENT 'id given by the sender',
    channels TEXT CHARACTER SET utf8mb4 NULL COMMENT 'JSON array',
    metadata MEDIUMBLOB NULL COMMENT 'JSON object, bytes as received',
    payload LONGBLOB NOT NULL COMMENT 'JSON, bytes as received'
) ENGINE=InnoDB
PARTITION BY RANGE (id) (PARTITION pmax VALUES LESS THAN MAXVALUE);

-- Events of a dropped day that live jobs still need; readers look here second.
CREATE TABLE IF NOT EXISTS events_kept (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    application_id INT UNSIGNED NOT NULL,
    source_id INT UNSIGNED NOT NULL,
    type VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
    verified TINYINT UNSIGNED NOT NULL,
    test TINYINT UNSIGNED NOT NULL,
    relayed TINYINT UNSIGNED NOT NULL,
    external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NULL,
    channels TEXT CHARACTER SET utf8mb4 NULL,
    metadata MEDIUMBLOB NULL,
    payload LONGBLOB NOT NULL
) ENGINE=InnoDB;

-- Keys of events already accepted. A slot holds one day (day number modulo 3);
-- a key is inserted into today's slot and looked for in yesterday's, near
-- midnight into both neighbours; the oldest slot is emptied by TRUNCATE.
CREATE TABLE IF NOT EXISTS dedupe (
    slot TINYINT UNSIGNED NOT NULL,
    hash BINARY(32) NOT NULL,
    event_id BIGINT UNSIGNED NOT NULL,
    matched INT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (slot, hash)
) ENGINE=InnoDB
PARTITION BY LIST (slot) (
    PARTITION s0 VALUES IN (0),
    PARTITION s1 VALUES IN (1),
    PARTITION s2 VALUES IN (2)
);

-- What the regular work has done and when: for which day (number since 1970) a
-- slot of `dedupe` was emptied.
CREATE TABLE IF NOT EXISTS housekeeping (
    name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) ENGINE=InnoDB;

-- Work still to be done, and nothing else: a row is inserted when the work is
-- born, deleted when it is done. Its id is the id of the delivery.
CREATE TABLE IF NOT EXISTS jobs (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    kind TINYINT UNSIGNED NOT NULL
        COMMENT '1 deliver, 2 process, 3 fanout, 4 replay',
    test TINYINT UNSIGNED NOT NULL DEFAULT 0,
    shard TINYINT UNSIGNED NOT NULL COMMENT '0..63, from the lane',
    lane BIGINT UNSIGNED NOT NULL
        COMMENT 'subscription id * 8, or source id * 8 + 1',
    event_id BIGINT UNSIGNED NOT NULL,
    attempts SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    retry_of BIGINT UNSIGNED NULL COMMENT 'the delivery this one repeats',
    next_retry_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY due (shard, lane, next_retry_at)
) ENGINE=InnoDB;

-- The archive: one row for each finished job. Partitioned by the day of
-- completion.
CREATE TABLE IF NOT EXISTS deliveries (
    id BIGINT UNSIGNED NOT NULL,
    done_day DATE NOT NULL,
    kind TINYINT UNSIGNED NOT NULL,
    test TINYINT UNSIGNED NOT NULL DEFAULT 0,
    application_id INT UNSIGNED NOT NULL,
    owner_id INT UNSIGNED NOT NULL
        COMMENT 'subscription (kind 1) or source (kind 2)',
    event_id BIGINT UNSIGNED NOT NULL,
    event_type VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    status ENUM('success','failed','cancelled','skipped') NOT NULL,
    attempts SMALLINT UNSIGNED NOT NULL,
    retry_of BIGINT UNSIGNED NULL,
    response_code SMALLINT UNSIGNED NULL,
    error_class VARCHAR(16) CHARACTER SET ascii NULL,
    error_message VARCHAR(500) CHARACTER SET utf8mb4 NULL,
    response_body BLOB NULL COMMENT 'the first bytes of the answer',
    duration_ms INT UNSIGNED NOT NULL COMMENT 'of the last attempt',
    completed_at TIMESTAMP(6) NOT NULL,
    PRIMARY KEY (id, done_day),
    KEY owner (owner_id, id),
    KEY event (event_id)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (done_day) (PARTITION pmax VALUES LESS THAN (MAXVALUE));

-- One row for each failed attempt that a retry followed. The last attempt of a
-- delivery is in `deliveries`.
CREATE TABLE IF NOT EXISTS attempts (
    delivery_id BIGINT UNSIGNED NOT NULL,
    attempt SMALLINT UNSIGNED NOT NULL COMMENT 'counts from 1',
    day DATE NOT NULL,
    owner_id INT UNSIGNED NOT NULL,
    event_id BIGINT UNSIGNED NOT NULL,
    kind TINYINT UNSIGNED NOT NULL,
    response_code SMALLINT UNSIGNED NULL,
    error_class VARCHAR(16) CHARACTER SET ascii NULL,
    error_message VARCHAR(500) CHARACTER SET utf8mb4 NULL,
    response_body BLOB NULL,
    duration_ms INT UNSIGNED NOT NULL,
    attempted_at TIMESTAMP(6) NOT NULL COMMENT 'when it ended',
    PRIMARY KEY (delivery_id, attempt, day)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (day) (PARTITION pmax VALUES LESS THAN (MAXVALUE));

-- Which process may use which node number in its ids; workers also count each
-- other here to share the shards.
CREATE TABLE IF NOT EXISTS nodes (
    node SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    token BIGINT UNSIGNED NOT NULL DEFAULT 0,
    role ENUM('responder','worker','cli') NOT NULL DEFAULT 'responder',
    host VARCHAR(64) CHARACTER SET utf8mb4 NOT NULL DEFAULT '',
    pid INT UNSIGNED NOT NULL DEFAULT 0,
    lease_until TIMESTAMP(6) NOT NULL DEFAULT '1971-01-01 00:00:00'
) ENGINE=InnoDB;
INSERT IGNORE INTO nodes (node)
WITH RECURSIVE n (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 31)
SELECT a.x * 32 + b.x FROM n a JOIN n b;

-- Ownership of lanes. A random token for each acquisition fences the writes of
-- a worker that has lost its lease.
CREATE TABLE IF NOT EXISTS shards (
    shard TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    token BIGINT UNSIGNED NOT NULL DEFAULT 0,
    node SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    fence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'grows at every flush',
    lease_until TIMESTAMP(6) NOT NULL DEFAULT '1971-01-01 00:00:00'
) ENGINE=InnoDB;
INSERT IGNORE INTO shards (shard)
WITH RECURSIVE n (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 63)
SELECT x FROM n;

-- What the worker has learned about a lane; survives restarts.
CREATE TABLE IF NOT EXISTS lane_state (
    lane BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    window_size FLOAT NOT NULL DEFAULT 5,
    breaker ENUM('closed','open','half_open') NOT NULL DEFAULT 'closed',
    breaker_until TIMESTAMP(6) NULL,
    breaker_trips INT UNSIGNED NOT NULL DEFAULT 0,
    failing_since TIMESTAMP(6) NULL,
    last_success_at TIMESTAMP(6) NULL,
    blocked_until TIMESTAMP(6) NULL COMMENT 'Retry-After',
    sequence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'FIFO lanes'
) ENGINE=InnoDB;

-- Inbound requests and outbox rows that were refused, with the reason.
CREATE TABLE IF NOT EXISTS rejections (
    id BIGINT UNSIGNED NOT NULL,
    day DATE NOT NULL,
    source_id INT UNSIGNED NOT NULL DEFAULT 0,
    status SMALLINT UNSIGNED NOT NULL,
    reason VARCHAR(100) CHARACTER SET ascii NOT NULL,
    detail VARCHAR(500) CHARACTER SET utf8mb4 NULL,
    remote_address VARCHAR(45) CHARACTER SET ascii NULL,
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id, day),
    KEY source (source_id, id)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (day) (PARTITION pmax VALUES LESS THAN (MAXVALUE));

-- Events that an application emits inside its own transaction.
CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    application VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL DEFAULT 'default',
    event_type VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    payload LONGBLOB NOT NULL COMMENT 'JSON',
    metadata MEDIUMBLOB NULL COMMENT 'JSON object',
    external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NULL,
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB;
