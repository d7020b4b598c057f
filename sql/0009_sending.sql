-- What a subscription is sent and how the gateway proves itself to it: more
-- formats, a filter, credentials for the endpoint, signatures with a key pair
-- (docs/reference/subscriptions.md).

ALTER TABLE subscriptions
    MODIFY COLUMN format ENUM('envelope','payload','standard','cloudevents',
        'cloudevents-binary','slack','discord','template') NOT NULL
        DEFAULT 'envelope',
    ADD COLUMN IF NOT EXISTS template TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'of format template',
    ADD COLUMN IF NOT EXISTS template_type ENUM('json','text') NOT NULL
        DEFAULT 'json',
    ADD COLUMN IF NOT EXISTS cloudevents_source VARCHAR(200)
        CHARACTER SET ascii COLLATE ascii_bin NULL
        COMMENT 'NULL = that of the product',
    ADD COLUMN IF NOT EXISTS filter TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'JSON object; NULL = every event of its types',
    ADD COLUMN IF NOT EXISTS auth BLOB NULL
        COMMENT 'sealed JSON object: credentials for the endpoint',
    ADD COLUMN IF NOT EXISTS auth_shown TEXT CHARACTER SET utf8mb4 NULL
        COMMENT 'the same JSON object without its secrets',
    ADD COLUMN IF NOT EXISTS signing_pair VARBINARY(600) NULL
        COMMENT 'sealed; NULL = no ed25519 signatures',
    ADD COLUMN IF NOT EXISTS old_signing_pair VARBINARY(600) NULL
        COMMENT 'sealed; signs too until old_secret_expires_at',
    ADD COLUMN IF NOT EXISTS public_key VARCHAR(64) CHARACTER SET ascii NULL
        COMMENT 'whpk_..., of signing_pair',
    ADD COLUMN IF NOT EXISTS signature_headers ENUM('webhook','svix') NOT NULL
        DEFAULT 'webhook' COMMENT 'webhook-id ... or svix-id ...',
    ADD COLUMN IF NOT EXISTS client_certificate MEDIUMBLOB NULL
        COMMENT 'sealed PEM: certificates and private key for TLS',
    ADD COLUMN IF NOT EXISTS certificate_shown VARCHAR(1000)
        CHARACTER SET utf8mb4 NULL COMMENT 'JSON object: subject, expires_at';

-- Events of a subscription's types that its filter did not let pass. They make
-- no job and no delivery.
ALTER TABLE rollup_subscriptions
    ADD COLUMN IF NOT EXISTS filtered BIGINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'events that the filter kept back';
