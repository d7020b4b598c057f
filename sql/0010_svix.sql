-- What Svix's API says about applications, endpoints and event types beyond
-- what the other tables know.
--
-- `applications.name` stays the handle by which SQL and the other APIs name an
-- application, and unique; `title` is the name that Svix's API gives it, which
-- several may share. `uid` is the id that the user has chosen.

ALTER TABLE applications
    ADD COLUMN IF NOT EXISTS uid VARCHAR(256) CHARACTER SET ascii
        COLLATE ascii_bin NULL COMMENT 'id chosen by the user',
    ADD COLUMN IF NOT EXISTS title VARCHAR(255) CHARACTER SET utf8mb4 NULL
        COMMENT 'NULL = name',
    ADD COLUMN IF NOT EXISTS metadata MEDIUMTEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON object',
    ADD COLUMN IF NOT EXISTS throttle_rate SMALLINT UNSIGNED NULL
        COMMENT 'kept for the user',
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP(6) NULL
        COMMENT 'NULL = created_at',
    ADD COLUMN IF NOT EXISTS deleted_at TIMESTAMP(6) NULL,
    ADD UNIQUE KEY IF NOT EXISTS uid (uid);

ALTER TABLE subscriptions
    ADD COLUMN IF NOT EXISTS uid VARCHAR(256) CHARACTER SET ascii
        COLLATE ascii_bin NULL COMMENT 'id chosen by the user',
    ADD UNIQUE KEY IF NOT EXISTS uid (application_id, uid);

ALTER TABLE event_types
    ADD COLUMN IF NOT EXISTS schema_versions MEDIUMTEXT CHARACTER SET utf8mb4
        NULL COMMENT 'JSON object: a schema for each version',
    ADD COLUMN IF NOT EXISTS deprecated TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS feature_flags TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON array',
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMP(6) NOT NULL
        DEFAULT CURRENT_TIMESTAMP(6),
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP(6) NOT NULL
        DEFAULT CURRENT_TIMESTAMP(6);
