-- Who uses the gateway and how: applications, tokens, event types,
-- subscriptions and sources. Small tables, read into memory by version.
--
-- Plain tables only: no triggers, routines, events or DEFINER, so that an
-- ordinary account on a shared host can run this file.

CREATE TABLE IF NOT EXISTS applications (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    UNIQUE KEY name (name)
) ENGINE=InnoDB;

-- One row. Every change of configuration increments it first in its
-- transaction, so the order of versions is the order of commits.
CREATE TABLE IF NOT EXISTS config_version (
    id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    version BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS api_tokens (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    application_id INT UNSIGNED NOT NULL,
    name VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL,
    scope ENUM('admin','app','send','read') NOT NULL,
    token_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of the token',
    shown VARCHAR(16) CHARACTER SET ascii NOT NULL
        COMMENT 'first characters, to recognise it by',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    expires_at TIMESTAMP(6) NULL,
    revoked_at TIMESTAMP(6) NULL,
    last_used_at TIMESTAMP(6) NULL,
    config_version BIGINT UNSIGNED NOT NULL,
    UNIQUE KEY token_hash (token_hash),
    KEY config_version (config_version)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS event_types (
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL PRIMARY KEY,
    category VARCHAR(50) CHARACTER SET utf8mb4 NOT NULL,
    description VARCHAR(1000) CHARACTER SET utf8mb4 NOT NULL DEFAULT '',
    example MEDIUMBLOB NULL COMMENT 'JSON: an example of data',
    json_schema MEDIUMBLOB NULL,
    archived TINYINT UNSIGNED NOT NULL DEFAULT 0,
    position INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'order within the list'
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS subscriptions (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    application_id INT UNSIGNED NOT NULL,
    url VARCHAR(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
    description VARCHAR(1000) CHARACTER SET utf8mb4 NOT NULL DEFAULT '',
    active TINYINT UNSIGNED NOT NULL DEFAULT 1,
    paused TINYINT UNSIGNED NOT NULL DEFAULT 0,
    disabled_reason VARCHAR(255) CHARACTER SET utf8mb4 NULL
        COMMENT 'why the gateway itself stopped it (410, days of failure)',
    disabled_at TIMESTAMP(6) NULL,
    adhoc TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'made for one test of a URL: never listed, never matched',
    secret VARBINARY(600) NOT NULL COMMENT 'sealed',
    old_secret VARBINARY(600) NULL COMMENT 'sealed; signs too until it expires',
    old_secret_expires_at TIMESTAMP(6) NULL,
    headers BLOB NULL COMMENT 'sealed JSON object',
    headers_shown TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'the same JSON object with masked values',
    metadata MEDIUMTEXT CHARACTER SET utf8mb4 NULL COMMENT 'JSON object',
    format ENUM('envelope','payload','standard') NOT NULL DEFAULT 'envelope',
    channels TEXT CHARACTER SET utf8mb4 NULL COMMENT 'JSON array; NULL = all',
    retry_count TINYINT UNSIGNED NOT NULL DEFAULT 3,
    retry_delay INT UNSIGNED NOT NULL DEFAULT 2 COMMENT 'seconds',
    retry_schedule TEXT CHARACTER SET ascii NULL
        COMMENT 'JSON array of seconds; replaces count and delay',
    timeout_s SMALLINT UNSIGNED NOT NULL DEFAULT 10,
    max_concurrency SMALLINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT '0 = what the worker finds to be good',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    deleted_at TIMESTAMP(6) NULL,
    config_version BIGINT UNSIGNED NOT NULL,
    KEY application (application_id, id),
    KEY config_version (config_version)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS subscription_patterns (
    subscription_id INT UNSIGNED NOT NULL,
    position SMALLINT UNSIGNED NOT NULL,
    pattern VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL COMMENT 'exact type, order.*, or *',
    PRIMARY KEY (subscription_id, position)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS sources (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    application_id INT UNSIGNED NOT NULL,
    name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    secrets BLOB NULL COMMENT 'sealed JSON: [{"kind":"hmac","secrets":["..."]}]',
    key_columns VARCHAR(1000) CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON: {"table":["column",...]}; NULL = id',
    max_attempts TINYINT UNSIGNED NOT NULL DEFAULT 3,
    retry_delay INT UNSIGNED NOT NULL DEFAULT 2 COMMENT 'seconds',
    concurrency SMALLINT UNSIGNED NOT NULL DEFAULT 4,
    relay ENUM('processed','received') NOT NULL DEFAULT 'processed',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    config_version BIGINT UNSIGNED NOT NULL,
    UNIQUE KEY name (name),
    KEY config_version (config_version)
) ENGINE=InnoDB;

-- A POST answered once, kept for a day so that its repeat gets the same answer.
CREATE TABLE IF NOT EXISTS idempotency (
    application_id INT UNSIGNED NOT NULL,
    key_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of route and Idempotency-Key',
    body_hash BINARY(32) NOT NULL,
    status SMALLINT UNSIGNED NOT NULL COMMENT '0 while the first is under way',
    response MEDIUMBLOB NULL COMMENT 'sealed',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (application_id, key_hash),
    KEY created_at (created_at)
) ENGINE=InnoDB;

INSERT IGNORE INTO config_version (id, version) VALUES (1, 1);
INSERT IGNORE INTO applications (id, name) VALUES (1, 'default');
INSERT IGNORE INTO sources (id, application_id, name, provider, config_version)
VALUES (1, 1, 'supabase', 'supabase', 1), (2, 1, 'notion', 'notion', 1);
