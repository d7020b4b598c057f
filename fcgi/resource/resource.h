/*
 * resource.h - what the management API's resources have in common: whose
 * objects a caller sees, ids in paths, parameters of lists, the database and
 * its failures, and answers that a page may poll.
 *
 * Functions that return false (or NULL) have written the answer.
 */
#ifndef RESOURCE_H
#define RESOURCE_H

#include "app.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESOURCE_LIMIT 50 /* of a list, unless asked for */
#define RESOURCE_LIMIT_MAX 250
#define RESOURCE_JSON_MAX ((size_t)64 * 1024 * 1024) /* bytes of an answer */

/* The application whose objects the caller sees; 0 = all of them (admin). */
uint32_t resource_owner(const struct exchange *exchange);
/* Else the answer is written: 403. */
bool resource_is_admin(struct exchange *exchange);

/* A connection from the pool, to be given back by resource_done(). NULL also
   where the exchange may not wait, which then must_wait. */
struct db *resource_db(struct exchange *exchange);

/*
 * Gives the connection back. True for DB_OK; else the answer is written: 404
 * with `missing` for DB_NONE, 503 for what will pass, 500 (and a log line) for
 * what will not.
 */
bool resource_done(struct exchange *exchange, struct db *db,
                   enum db_result result, const char *missing);

/* The first captured segment: a number or ep_..., else 404. */
bool resource_subscription_id(struct exchange *exchange, uint32_t *id);
/* The same text anywhere: a subscription by number or ep_... */
bool resource_parse_subscription(struct slice text, uint32_t *id);
/* The first captured segment as an id with that prefix, else 404. */
bool resource_id(struct exchange *exchange, const char *prefix,
                 const char *missing, uint64_t *id);

/* Size (max bytes) and content type of the body, else 413 or 415. */
bool resource_check_body(struct exchange *exchange, size_t max);

/* 422 about a query parameter. */
void resource_bad_query(struct exchange *exchange, const char *name,
                        const char *type, const char *msg);

/* ?limit= and ?cursor=; cursor is an id with that prefix, 0 = from the start. */
bool resource_page(struct exchange *exchange, const char *prefix, size_t *limit,
                   uint64_t *cursor);
/* ?limit= alone, for a list whose cursor is no id. */
bool resource_limit(struct exchange *exchange, size_t *limit);
/* ?name= as a time; 0 when it is not there. */
bool resource_time(struct exchange *exchange, const char *name, int64_t *us);

/* Link: <this list from the cursor on>; rel="next". */
void resource_link_next(struct exchange *exchange, const char *prefix,
                        uint64_t cursor);
/* The same with a cursor of letters and digits. */
void resource_link_text(struct exchange *exchange, const char *cursor);

/* 200 with an ETag, or 304 for who has it already. Frees json. */
void resource_send(struct exchange *exchange, struct buf *json);
/* The same where status is 200, else resource_send_status(). */
void resource_send_shown(struct exchange *exchange, int status,
                         struct buf *json);
/* Another status, without ETag. Frees json. */
void resource_send_status(struct exchange *exchange, int status,
                          struct buf *json);

#endif /* RESOURCE_H */
