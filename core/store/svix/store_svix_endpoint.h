/*
 * store_svix_endpoint.h - what Svix's API wants of a subscription that the
 * other APIs do not: an id of the user's own (uid), its secret and headers as
 * they are, and counts of its deliveries by state.
 */
#ifndef STORE_SVIX_ENDPOINT_H
#define STORE_SVIX_ENDPOINT_H

#include "buf.h"
#include "db.h"
#include "seal.h"
#include "slice.h"
#include "store_delivery.h"
#include "store_subscription.h"
#include "store_svix_page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svix_endpoint {
    struct subscription_row row;
    char *uid; /* or NULL */
};

struct svix_endpoint_list {
    struct svix_endpoint *rows;
    size_t count;
    bool more; /* there are others behind the last one read */
};

/* text: ep_..., or a uid in that application. */
enum db_result store_svix_endpoint_find(struct db *db, uint32_t application_id,
                                        struct slice text, uint32_t *id)
    __attribute__((warn_unused_result));

enum db_result store_svix_endpoint_get(struct db *db, uint32_t application_id,
                                       uint32_t id,
                                       struct svix_endpoint *endpoint)
    __attribute__((warn_unused_result));

enum db_result store_svix_endpoint_list(struct db *db, uint32_t application_id,
                                        const struct svix_page *page,
                                        struct svix_endpoint_list *list)
    __attribute__((warn_unused_result));

enum svix_sealed { SVIX_SECRET, SVIX_HEADERS };

/* Appends the secret, or the headers as a JSON object ("{}" if there are
   none). Wipe it. DB_BROKEN: it was sealed with another key. */
enum db_result
store_svix_endpoint_reveal(struct db *db, const struct sealer *sealer,
                           uint32_t application_id, uint32_t id,
                           enum svix_sealed which, struct buf *out)
    __attribute__((warn_unused_result));

/* Deliveries by state, made at or after since_us and before until_us (0 = no
   bound): at most the STORE_DELIVERY_BUDGET last finished ones, and as many
   live ones. */
enum db_result store_svix_endpoint_count(struct db *db, uint32_t id,
                                         int64_t since_us, int64_t until_us,
                                         uint64_t counts[DELIVERY_STATUSES])
    __attribute__((warn_unused_result));

void svix_endpoint_free(struct svix_endpoint *endpoint);
void svix_endpoint_list_free(struct svix_endpoint_list *list);

/* Appends EndpointOut; _members leaves out the braces. */
void svix_endpoint_print(const struct svix_endpoint *endpoint, struct buf *out);
void svix_endpoint_print_members(const struct svix_endpoint *endpoint,
                                 struct buf *out);

#endif /* STORE_SVIX_ENDPOINT_H */
