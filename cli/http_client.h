/*
 * http_client.h - one HTTP request, for commands that talk to a running
 * gateway.
 *
 * HTTP/1.1 over a connection of its own (wire.h), no redirects, no proxy, no
 * compression. Bounded in time and in what an answer may be.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "buf.h"
#include "http_answer.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct http_request {
    struct slice url;     /* http or https, any address */
    struct slice headers; /* lines, each with CR LF; Host, Content-Length,
                             Connection and User-Agent are added */
    struct slice body;
    const char *ca_file; /* PEM; "" = the system's authorities */
    int64_t timeout_us;  /* for all of it */
};

/* POST. False: there is no answer, *why says what is wrong. */
bool http_post(const struct http_request *request, struct http_answer *answer,
               struct buf *why) __attribute__((warn_unused_result));

#endif /* HTTP_CLIENT_H */
