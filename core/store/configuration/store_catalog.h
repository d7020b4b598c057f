/*
 * store_catalog.h - the SQL that reads configuration changes.
 *
 * Each statement returns the rows whose config_version is above `seen`, in the
 * order of their ids; with seen = 0 (everything) without those that are gone.
 */
#ifndef STORE_CATALOG_H
#define STORE_CATALOG_H

#include "db.h"

#include <stdint.h>

enum store_subscription_column {
    SUB_ID,
    SUB_APPLICATION,
    SUB_URL,
    SUB_ACTIVE, /* and not disabled */
    SUB_PAUSED,
    SUB_ADHOC,
    SUB_GONE,
    SUB_SECRET,
    SUB_OLD_SECRET,
    SUB_OLD_SECRET_UNTIL,
    SUB_HEADERS,
    SUB_FORMAT,
    SUB_CHANNELS,
    SUB_RETRY_COUNT,
    SUB_RETRY_DELAY,
    SUB_SCHEDULE,
    SUB_TIMEOUT,
    SUB_CONCURRENCY,
    SUB_RATE,
    SUB_FIFO,
    SUB_PAUSE_EXHAUSTED,
    SUB_TEMPLATE,
    SUB_TEMPLATE_TYPE,
    SUB_CLOUDEVENTS_SOURCE,
    SUB_FILTER,
    SUB_AUTH,
    SUB_PAIR,
    SUB_OLD_PAIR,
    SUB_SIGNATURE_HEADERS,
    SUB_CERTIFICATE,
    SUB_BATCH_SIZE,
    SUB_BATCH_WAIT,
    SUB_TTL,
    SUB_CAPTURE,
    SUB_VERSION
};

enum store_pattern_column { PATTERN_SUBSCRIPTION, PATTERN_TEXT };

enum store_source_column {
    SOURCE_ID,
    SOURCE_APPLICATION,
    SOURCE_NAME,
    SOURCE_PROVIDER,
    SOURCE_SECRETS,
    SOURCE_KEY_COLUMNS,
    SOURCE_ATTEMPTS,
    SOURCE_RETRY_DELAY,
    SOURCE_CONCURRENCY,
    SOURCE_RELAY,
    SOURCE_SETTINGS,
    SOURCE_API_KEY,
    SOURCE_HANDSHAKE,
    SOURCE_GONE,
    SOURCE_VERSION
};

enum store_token_column {
    TOKEN_ID,
    TOKEN_APPLICATION,
    TOKEN_SCOPE,
    TOKEN_EXPIRES,
    TOKEN_HASH,
    TOKEN_GONE,
    TOKEN_VERSION
};

/* Those whose data is checked; one that is not is gone. */
enum store_event_type_column {
    TYPE_ID,
    TYPE_NAME,
    TYPE_SCHEMA,
    TYPE_GONE,
    TYPE_VERSION
};

enum db_result store_catalog_version(struct db *db, uint64_t *version)
    __attribute__((warn_unused_result));
enum db_result store_catalog_subscriptions(struct db *db, uint64_t seen,
                                           struct db_rows **rows)
    __attribute__((warn_unused_result));
enum db_result store_catalog_patterns(struct db *db, uint64_t seen,
                                      struct db_rows **rows)
    __attribute__((warn_unused_result));
enum db_result store_catalog_sources(struct db *db, uint64_t seen,
                                     struct db_rows **rows)
    __attribute__((warn_unused_result));
enum db_result store_catalog_tokens(struct db *db, uint64_t seen,
                                    struct db_rows **rows)
    __attribute__((warn_unused_result));
enum db_result store_catalog_event_types(struct db *db, uint64_t seen,
                                         struct db_rows **rows)
    __attribute__((warn_unused_result));

#endif /* STORE_CATALOG_H */
