-- Our copy of the sources' rows and pages. `version_us` is the source's own
-- time of the change (microseconds since 1970), so an older event can be told
-- from a newer one; a delete leaves a tombstone, so a late update cannot bring
-- the record back.

CREATE TABLE IF NOT EXISTS records (
    source_id INT UNSIGNED NOT NULL,
    table_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL COMMENT 'schema.table where the schema is not public',
    record_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    version_us BIGINT NOT NULL,
    event_id BIGINT UNSIGNED NOT NULL COMMENT 'the event that wrote this state',
    deleted TINYINT UNSIGNED NOT NULL DEFAULT 0,
    data LONGBLOB NULL COMMENT 'JSON, bytes as received; NULL when deleted',
    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (source_id, table_name, record_id)
) ENGINE=InnoDB;

-- Text of the records for full-text search, filled after the fact: FULLTEXT in
-- the write path costs a factor of nine.
CREATE TABLE IF NOT EXISTS record_search (
    source_id INT UNSIGNED NOT NULL,
    table_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    record_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
        NOT NULL,
    text MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL,
    PRIMARY KEY (source_id, table_name, record_id),
    FULLTEXT KEY text (text)
) ENGINE=InnoDB;
