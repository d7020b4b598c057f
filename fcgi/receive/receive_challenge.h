/*
 * receive_challenge.h - GET /api/v1/webhooks/{source}: a provider asks whether
 * we know the secret (X, ?crc_token=), or whether our certificate is good
 * (Slack, ?ssl_check=1). Of any other source GET is 405.
 *
 * https://docs.x.com/x-api/webhooks/introduction
 */
#ifndef RECEIVE_CHALLENGE_H
#define RECEIVE_CHALLENGE_H

#include "router.h"

extern const struct route receive_challenge_routes[];
extern const size_t receive_challenge_route_count;

/* May the text be signed for whoever asks? The answer is what X's signature of
   that very text would be, so a token must not be able to be a body. */
bool receive_is_crc_token(struct slice text);

#endif /* RECEIVE_CHALLENGE_H */
