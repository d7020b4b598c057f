-- How long history stays, and what of it.

ALTER TABLE applications
    ADD COLUMN IF NOT EXISTS retention_days SMALLINT UNSIGNED NULL
        COMMENT 'days that its events and deliveries stay; NULL = as configured';

-- An event without its content is not delivered again.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS expunged TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'payload and metadata were taken away';
ALTER TABLE events_kept
    ADD COLUMN IF NOT EXISTS expunged TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'payload and metadata were taken away' AFTER ordering_key;

ALTER TABLE subscriptions
    ADD COLUMN IF NOT EXISTS capture_responses TINYINT UNSIGNED NOT NULL
        DEFAULT 1 COMMENT '0 = what the endpoint answers is not stored';

-- How far the rows of an application have been removed whose history stays for
-- a shorter time than the partitions do. No row: since it was made.
CREATE TABLE IF NOT EXISTS retention_marks (
    application_id INT UNSIGNED NOT NULL COMMENT '0 = rejections of nobody',
    table_name ENUM('events','deliveries','attempts','rejections') NOT NULL,
    day INT UNSIGNED NOT NULL
        COMMENT 'rows of the days before are gone; days since 1970-01-01',
    PRIMARY KEY (application_id, table_name)
) ENGINE=InnoDB;
