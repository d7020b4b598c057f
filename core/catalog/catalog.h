/*
 * catalog.h - the configuration in memory: subscriptions, sources, tokens,
 * schemas of event types.
 *
 * The catalog follows the database by version (table config_version): a
 * refresh asks for the version and loads only the rows that changed. Readers
 * take a snapshot, which never changes and lives until they release it, so
 * nobody holds a lock while matching or delivering.
 *
 * Thread-safe. Rows are owned by the snapshot.
 */
#ifndef CATALOG_H
#define CATALOG_H

#include "db.h"
#include "format.h"
#include "seal.h"
#include "sign_list.h"
#include "slice.h"
#include "source_options.h"
#include "taker.h"
#include "verify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint_auth;
struct filter;
struct sign_pair;
struct template;

struct header {
    char *name;
    char *value;
};

/* One subscription as the hot paths need it. */
struct subscription {
    uint32_t id;
    uint32_t application_id;
    char *url;
    bool active; /* and not disabled: events make jobs */
    bool paused; /* jobs are made and held */
    bool fifo;   /* one delivery at a time, in the order of the events */
    bool pause_exhausted; /* fifo: a delivery that failed for good pauses it */
    bool adhoc;           /* for one test; never matched */
    char **patterns;      /* pattern_count event types or patterns */
    size_t pattern_count;
    char **channels; /* channel_count = 0: all */
    size_t channel_count;
    char *secret;     /* as shown to the user; NULL if it cannot be unsealed */
    char *old_secret; /* or NULL */
    int64_t old_secret_until_us; /* wall clock */
    struct sign_pair *pair;      /* or NULL: no ed25519 signatures */
    struct sign_pair *old_pair;  /* or NULL; until old_secret_until_us */
    enum sign_naming naming;
    struct header *headers;
    size_t header_count;
    struct endpoint_auth *auth; /* or NULL */
    char *certificate;          /* PEM for TLS, or NULL */
    enum payload_format format;
    struct template *template; /* FORMAT_TEMPLATE, else NULL */
    char *cloudevents_source;  /* or NULL */
    bool filtered;             /* its events have to pass the filter */
    struct filter *filter;     /* filtered and NULL: nothing passes */
    /* Something that its requests need cannot be read, as a static text: none
       is made until that is put right. NULL: all is well. */
    const char *unreadable;
    uint32_t retry_count;
    uint32_t retry_delay_s;
    uint32_t *schedule_s; /* schedule_count = 0: count and delay decide */
    size_t schedule_count;
    uint32_t timeout_s;
    uint32_t max_concurrency; /* 0 = the worker's lane_window */
    uint32_t rate_limit;      /* deliveries begun per second; 0 = no limit */
    uint32_t batch_size;      /* events in one request; 0 = each has its own */
    uint32_t batch_wait_ms;   /* so long the first waits for others */
    uint32_t ttl_s;           /* an older delivery fails; 0 = no limit */
    bool capture_responses;   /* what the endpoint answers is stored */
    uint64_t version;         /* config_version of the row */
};

enum relay_when { RELAY_PROCESSED, RELAY_RECEIVED };

enum handshake { HANDSHAKE_IDLE, HANDSHAKE_AWAITING, HANDSHAKE_CAPTURED };

#define SOURCE_VERIFIERS_MAX 8

struct source {
    uint32_t id;
    uint32_t application_id;
    char *name;
    char *provider;
    /* Its own verifiers, with their live secrets, newest first; none = those
       that are usual for the provider (verify_preset.h), with the secrets of
       the configuration. Names and secrets in it are owned by the source. */
    struct verifier *verifiers;
    size_t verifier_count;
    bool secrets_unreadable; /* sealed with another key: fail closed */
    char *api_key;           /* or NULL */
    enum handshake handshake;
    struct slice key_columns; /* JSON object or absent; owned */
    uint32_t max_attempts;
    uint32_t retry_delay_s;
    uint32_t concurrency;
    enum relay_when relay;
    struct source_options options;
    uint64_t version;
};

enum scope { SCOPE_ADMIN, SCOPE_APP, SCOPE_SEND, SCOPE_READ };

struct token {
    uint32_t id;
    uint32_t application_id;
    enum scope scope;
    int64_t expires_at_us; /* 0 = never */
    uint8_t hash[32];      /* SHA-256 */
    uint64_t version;
};

struct json_schema;
struct problems;

/* An event type whose data is checked; others are not in the catalog. */
struct event_type {
    uint32_t id;
    char *name;
    struct json_schema *schema; /* NULL: it cannot be used */
    uint64_t version;
};

struct catalog; /* opaque */
struct catalog_snapshot;

/* sealer unseals secrets; it must outlive the catalog. */
struct catalog *catalog_new(const struct sealer *sealer);
void catalog_free(struct catalog *catalog);

/* Before the first refresh: sources without a watch list get the one of the
   configuration (source_defaults.h). settings must outlive the catalog. */
void catalog_use_settings(struct catalog *catalog,
                          const struct settings *settings);

/* Compares versions and loads what changed. DB_OK also when nothing did. One
   thread at a time does it; others wait and share its result. */
enum db_result catalog_refresh(struct catalog *catalog, struct db *db)
    __attribute__((warn_unused_result));

/* Never NULL (empty before the first refresh). */
const struct catalog_snapshot *catalog_take(struct catalog *catalog);
void catalog_release(const struct catalog_snapshot *snapshot);
/* One more reference to a snapshot that is already held. */
void catalog_keep(const struct catalog_snapshot *snapshot);

uint64_t catalog_version(const struct catalog_snapshot *snapshot);
const struct subscription *
catalog_subscription(const struct catalog_snapshot *snapshot, uint32_t id);
const struct source *catalog_source(const struct catalog_snapshot *snapshot,
                                    uint32_t id);
const struct source *
catalog_source_named(const struct catalog_snapshot *snapshot,
                     struct slice name);
/* One after the other, by id; NULL behind the last. */
const struct source *catalog_source_at(const struct catalog_snapshot *snapshot,
                                       size_t index);
/* By SHA-256 of the token text; expired ones are still found. */
const struct token *catalog_token(const struct catalog_snapshot *snapshot,
                                  const uint8_t hash[32]);

/* Does data (accepted by json_read()) satisfy the schema of that event type, if
   it is to be checked? False: problems say where and why, below field. */
bool catalog_check_data(const struct catalog_snapshot *snapshot,
                        struct slice type, struct slice data, const char *field,
                        struct problems *problems)
    __attribute__((warn_unused_result));

/*
 * Subscriptions of the application that want an event of that type: active,
 * not adhoc, a pattern matches (pattern.h), and - where the event names
 * channels and the subscription has some - one of them is shared. At most max
 * takers are written; the number that match is returned. Filters are not asked:
 * taker.filtered tells who has one.
 */
size_t catalog_match(const struct catalog_snapshot *snapshot,
                     uint32_t application_id, struct slice type,
                     const struct slice *channels, size_t channel_count,
                     struct taker *takers, size_t max);

/*
 * Takes out of takers[] those of the snapshot whose filter the event does not
 * pass, counts that (catalog_take_filtered()), and returns how many are left,
 * in the same order. data and metadata as in struct new_event. A filter sees
 *
 *   {"event","event_type","type": the type, three times; "data"; "metadata"}
 *
 * with null and {} for what is absent. Costs nothing without filters.
 */
size_t catalog_filter(const struct catalog_snapshot *snapshot,
                      struct slice type, struct slice data,
                      struct slice metadata, struct taker *takers,
                      size_t count);

/* The same for one subscription, active or not, and without counting: do its
   types and channels fit, and does its filter let the event pass? */
bool catalog_wants(const struct subscription *subscription, struct slice type,
                   const struct slice *channels, size_t channel_count);
bool catalog_passes(const struct subscription *subscription, struct slice type,
                    struct slice data, struct slice metadata);

/* How many events filters have kept back since this was asked the last time.
   At most max of them; call again while max are returned. */
struct filtered_count {
    uint32_t subscription_id;
    uint64_t events;
};
bool catalog_has_filtered(struct catalog *catalog);
size_t catalog_take_filtered(struct catalog *catalog,
                             struct filtered_count *counts, size_t max);

#endif /* CATALOG_H */
