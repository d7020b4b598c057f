/*
 * svix_reply.h - what the resources of the Svix-compatible API have in common:
 * the ids in their paths, the parameters and the shape of their lists.
 *
 *   {"data":[...],"iterator":"...","prevIterator":"...","done":true}
 *
 * Errors are {"code","detail"} (FAMILY_SVIX), 422 as everywhere. Functions that
 * return false (or NULL) have written the answer.
 */
#ifndef SVIX_REPLY_H
#define SVIX_REPLY_H

#include "app.h"
#include "body.h"
#include "resource.h"
#include "store_svix_page.h"

#include <stdbool.h>
#include <stdint.h>

#define SVIX_UID_MAX 256

#define SVIX_APP_MISSING "Application not found"
#define SVIX_ENDPOINT_MISSING "Endpoint not found"
#define SVIX_MESSAGE_MISSING "Message not found"

/* resource_db(), and the application of the first segment. */
struct db *svix_application_db(struct exchange *exchange, uint32_t *id);

/* The same and the endpoint of the given segment. */
struct db *svix_endpoint_db(struct exchange *exchange, size_t segment,
                            uint32_t *application_id, uint32_t *id);

/* svix_application_db(), and the message of the given segment. */
struct db *svix_message_db(struct exchange *exchange, size_t segment,
                           uint32_t *application_id, uint64_t *id);

/* resource_done(), with 409 for DB_DUPLICATE. */
bool svix_done(struct exchange *exchange, struct db *db, enum db_result result,
               const char *missing, const char *taken);

/* ?limit=, ?iterator= and ?order=. prefix: of the ids that iterators are, or
   NULL where they are text. */
bool svix_page(struct exchange *exchange, const char *prefix,
               struct svix_page *page);

/* The same for history, which is read from the newest on: other orders and
   pages before an iterator are 422. */
bool svix_page_down(struct exchange *exchange, const char *prefix,
                    struct svix_page *page);

/* ?name=true */
bool svix_flag(const struct exchange *exchange, const char *name,
               bool otherwise);

/* Ends the list that began with {"data":[ and sends it. first and last: the
   iterators of its first and last item, NULL for an empty list. */
void svix_send_list(struct exchange *exchange, struct buf *json,
                    const struct svix_page *page, const char *first,
                    const char *last, bool more);

/* The same with numbers, 0 for an empty list. */
void svix_send_id_list(struct exchange *exchange, struct buf *json,
                       const struct svix_page *page, const char *prefix,
                       uint64_t first, uint64_t last, bool more);

/* The same for history: next is where the next page begins, 0 = that was all;
   last the id of the last item, 0 for an empty list. */
void svix_send_down_list(struct exchange *exchange, struct buf *json,
                         const char *prefix, uint64_t next, uint64_t last);

/* A check for body_field: ^[a-zA-Z0-9\-_.]+$ */
void svix_check_uid(const struct body_value *value, void *context,
                    struct problems *problems);

/* The body, read by that table; the values are to be freed in any case. */
bool svix_read_body(struct exchange *exchange, const struct body_field *table,
                    size_t count, bool part, struct body_value *values);

/* The names of one problem's field, theirs and ours. */
struct svix_name {
    const char *ours, *theirs;
};

/* Problems that were found by the names of our own API, told by those of
   Svix's. names ends with {NULL, NULL}. */
void svix_rename_problems(struct problems *problems,
                          const struct svix_name *names);

#endif /* SVIX_REPLY_H */
