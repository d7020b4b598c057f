/*
 * store_subscription.h - subscriptions in the database: make, change, show.
 *
 * Every change takes the next config_version first, so responders and workers
 * see it with their next refresh. application_id 0 stands for "any" (an admin
 * looks); another application's subscription is DB_NONE. Deleted and ad-hoc
 * ones are DB_NONE too.
 *
 * Each writing function is a transaction of its own, repeated a few times when
 * the database asks for that (DB_AGAIN is never returned). DB_UNKNOWN: the
 * connection was lost during COMMIT.
 */
#ifndef STORE_SUBSCRIPTION_H
#define STORE_SUBSCRIPTION_H

#include "buf.h"
#include "catalog.h"
#include "db.h"
#include "seal.h"
#include "sign.h"
#include "subscription_form.h"
#include "subscription_health.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A subscription as it may be shown. JSON texts are "" when there is none. */
struct subscription_row {
    uint32_t id;
    uint32_t application_id;
    char *url;
    char *description;
    char *events; /* JSON array */
    bool active;
    bool paused;
    char *paused_reason;    /* why the gateway itself paused it, or NULL */
    char *disabled_reason;  /* or NULL */
    int64_t disabled_at_us; /* 0 = is not */
    char *headers;          /* JSON object, values masked */
    char *metadata;         /* JSON object */
    char *channels;         /* JSON array */
    char *retry_schedule;   /* JSON array */
    char *format;
    uint32_t retry_count;
    uint32_t retry_delay_s;
    uint32_t timeout_s;
    uint32_t max_concurrency;
    uint32_t rate_limit; /* 0 = none */
    char *ordering;
    char *on_exhausted;
    char *template;           /* or NULL */
    char *template_type;      /* of the template */
    char *cloudevents_source; /* or NULL */
    char *filter;             /* JSON object */
    char *auth;               /* JSON object without its secrets */
    char *public_key;         /* "whpk_...", or NULL: no ed25519 signatures */
    char *signature_headers;
    char *certificate;      /* JSON object: subject, expires_at */
    uint32_t batch_size;    /* 0 = no batches */
    uint32_t batch_wait_ms; /* of a batch */
    uint32_t ttl_s;         /* 0 = no limit */
    bool capture_responses; /* what the endpoint answers is stored */
    struct subscription_health health;
    int64_t created_at_us;
    int64_t updated_at_us;
};

struct subscription_list {
    struct subscription_row *rows;
    size_t count;
    bool more; /* there are others after the last one */
};

struct subscription_made {
    uint32_t id;
    char secret[SIGN_SECRET_MAX + 1]; /* to be shown once, then wiped */
};

/* Makes a secret if the form has none. adhoc: for one test of a URL.
   DB_DUPLICATE: another one has that uid. */
enum db_result store_subscription_insert(struct db *db,
                                         const struct sealer *sealer,
                                         const struct subscription_form *form,
                                         uint32_t application_id, bool adhoc,
                                         struct subscription_made *made)
    __attribute__((warn_unused_result));

/* Changes what the form gives; null resets to the default. Switching it on
   again also clears the reason for which the gateway had disabled it.
   DB_DUPLICATE: another one has that uid, and nothing is changed.
   A change of `ordering` leaves the waiting jobs as they are: see
   docs/explanation/order.md. */
enum db_result store_subscription_update(struct db *db,
                                         const struct sealer *sealer,
                                         const struct subscription_form *form,
                                         uint32_t application_id, uint32_t id)
    __attribute__((warn_unused_result));

/* The row stays, so that history keeps its owner. Live jobs are archived as
   cancelled: a few thousand at once, others by the worker when they are due. */
enum db_result store_subscription_delete(struct db *db, uint32_t application_id,
                                         uint32_t id)
    __attribute__((warn_unused_result));

/* Resuming also clears the reason for which the gateway had paused it. */
enum db_result store_subscription_pause(struct db *db, uint32_t application_id,
                                        uint32_t id, bool paused)
    __attribute__((warn_unused_result));

#define SUBSCRIPTION_GRACE_S 86400 /* unless somebody asks for another */
#define SUBSCRIPTION_GRACE_MAX_S 2592000

/* A new secret, and a new key pair where there is one; the present ones sign
   too for grace_s more seconds. */
enum db_result
store_subscription_rotate(struct db *db, const struct sealer *sealer,
                          uint32_t application_id, uint32_t id,
                          uint32_t grace_s, struct subscription_made *made)
    __attribute__((warn_unused_result));

/* The same with a secret of the caller's: at most SIGN_SECRET_MAX characters
   that subscription_form.h accepts. */
enum db_result
store_subscription_rotate_to(struct db *db, const struct sealer *sealer,
                             uint32_t application_id, uint32_t id,
                             uint32_t grace_s, const char *secret)
    __attribute__((warn_unused_result));

enum db_result store_subscription_get(struct db *db, uint32_t application_id,
                                      uint32_t id, struct subscription_row *row)
    __attribute__((warn_unused_result));

/* In id order, those with an id above after_id, at most limit. */
enum db_result store_subscription_list(struct db *db, uint32_t application_id,
                                       uint32_t after_id, size_t limit,
                                       struct subscription_list *list)
    __attribute__((warn_unused_result));

/* Those of the ids that are there, in id order; count > 0. `more` is false. */
enum db_result store_subscription_read(struct db *db, const uint64_t *ids,
                                       size_t count,
                                       struct subscription_list *list)
    __attribute__((warn_unused_result));

void subscription_row_free(struct subscription_row *row);
void subscription_list_free(struct subscription_list *list);

/* Appends the JSON object that the API shows. secret: NULL except in the
   answer that shows it once. */
void subscription_print(const struct subscription_row *row, const char *secret,
                        struct buf *out);

#endif /* STORE_SUBSCRIPTION_H */
