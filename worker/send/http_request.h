/*
 * http_request.h - one HTTP request on its way out: where to, with what, and
 * how much of an answer is taken.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "buf.h"
#include "slice.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
    struct buf url;
    bool get; /* else POST */
    struct buf body;
    struct curl_slist *headers; /* owned */
    int64_t timeout_ms;         /* of all of it */
    int64_t connect_ms;
    size_t answer_kept; /* bytes of the answer's body; 0 = as is usual */
};

/* An empty request; request_clear() makes a used one empty again and keeps
   the body's memory if it is not large, request_free() does not. */
void request_init(struct request *request);
void request_clear(struct request *request);
void request_free(struct request *request);

/* "name: value"; what could end a header line early is replaced. Beyond 8 KB
   nothing is added. */
void request_add_header(struct request *request, const char *name,
                        struct slice value);

/* No waiting for 100 Continue. False: no memory. */
bool request_expect_nothing(struct request *request)
    __attribute__((warn_unused_result));

#endif /* HTTP_REQUEST_H */
