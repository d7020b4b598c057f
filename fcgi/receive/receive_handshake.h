/*
 * receive_handshake.h - requests by which a provider asks whether somebody is
 * there, instead of sending an event. They are answered at once and not
 * stored.
 *
 *   Notion   {"verification_token": "secret_..."}: sent once, when a webhook
 *            is set up. The token is what Notion signs with from then on. It
 *            is kept only while the source awaits one, waits for an operator,
 *            and never replaces anything
 *   Slack    ssl_check=1 in an unsigned form, {"type": "url_verification"}
 *   Discord  {"type": 1}, and {"type": 0} for its webhook events
 *
 * https://developers.notion.com/reference/webhooks,
 * https://docs.slack.dev/reference/events/url_verification,
 * https://discord.com/developers/docs/interactions/overview
 */
#ifndef RECEIVE_HANDSHAKE_H
#define RECEIVE_HANDSHAKE_H

#include "reception.h"

/* Those that come before there is a secret. True: go on, it is none. */
bool receive_greet(struct reception *reception)
    __attribute__((warn_unused_result));

/* Those that are signed, after the signature. True: go on, it is none. */
bool receive_greet_signed(struct reception *reception)
    __attribute__((warn_unused_result));

#endif /* RECEIVE_HANDSHAKE_H */
