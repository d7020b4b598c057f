/*
 * carrier.h - libcurl as a delivery loop uses it: the multi handle with its
 * connections, the TLS sessions, and handles kept for the next transfers.
 */
#ifndef CARRIER_H
#define CARRIER_H

#include "buf.h"
#include "settings.h"
#include "transfer.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Where libcurl tells which sockets and when: see curl_multi_setopt(3). */
struct carrier_hooks {
    curl_socket_callback on_socket;
    curl_multi_timer_callback on_timer;
    void *arg;
};

struct carrier {
    CURLM *multi;
    struct carrier_hooks hooks;
    struct transfer_rules rules;
    long connections; /* kept at most */
    struct transfer *spare;
    size_t spares;
};

/* False: *why says what is wrong; carrier_close() is to be called anyway. The
   settings outlive it. */
bool carrier_open(struct carrier *carrier, const struct settings *settings,
                  const struct carrier_hooks *hooks, struct buf *why)
    __attribute__((warn_unused_result));
void carrier_close(struct carrier *carrier);

/* A transfer to be used and given back, or NULL: see transfer_new(). */
struct transfer *carrier_take(struct carrier *carrier);
void carrier_give(struct carrier *carrier, struct transfer *transfer);

/* Closes all connections and gives their memory back to the system; nothing
   may be under way. After a long pause none could be used again, but libcurl
   would keep them until the next transfer. */
void carrier_hang_up(struct carrier *carrier);

#endif /* CARRIER_H */
