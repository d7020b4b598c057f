/*
 * receive.h - POST /api/v1/webhooks/{source}: an event comes in.
 *
 * In this order: unknown source 404, address 403, its rate 429, too large 413,
 * signature 401, the source's rate 429, handshakes, another content type 415,
 * body 422 (or 400 if it names another source), not watched 200, queue 503,
 * COMMIT, 202. What was answered 202 is stored together with the work it
 * causes; the database being away is 503, never a refusal.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "reception.h"
#include "router.h"

extern const struct route receive_routes[];
extern const size_t receive_route_count;

/* The whole way of a request to the source of that name; face: its words. */
void receive_event(struct exchange *exchange, struct slice name,
                   const struct receive_face *face);

/* inbound_read() of the exchange's request; once: as there. */
enum inbound_result receive_read(struct exchange *exchange,
                                 const struct source *source,
                                 const uint8_t *once, struct inbound *in,
                                 struct problems *problems, char received[65])
    __attribute__((warn_unused_result));

#endif /* RECEIVE_H */
