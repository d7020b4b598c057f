/*
 * receive.h - POST /api/v1/webhooks/{source}: an event comes in.
 *
 * In this order: unknown source 404, too large 413, another content type 415,
 * signature 401, body 422 (or 400 if it names another source), COMMIT, 202.
 * What was answered 202 is stored together with the work it causes; the
 * database being away is 503, never a refusal.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "router.h"

extern const struct route receive_routes[];
extern const size_t receive_route_count;

/* True for no content type, application/json and anything +json. */
bool receive_accepts_type(struct slice content_type);

/* Size and content type. False: exchange->reply says why (413, 415). */
bool receive_check_body(struct exchange *exchange)
    __attribute__((warn_unused_result));

#endif /* RECEIVE_H */
