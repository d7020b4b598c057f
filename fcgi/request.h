/*
 * request.h - one HTTP request, whatever brought it here.
 *
 * The transport fills it; everything points into memory that the request owns
 * and that request_clear() releases. Header look-up is by HTTP name, any case.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "buf.h"
#include "slice.h"
#include "target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_ID_MAX 24
#define REQUEST_SEGMENTS 8
#define REQUEST_NAMES 64
#define REQUEST_KEPT_BYTES 16384 /* memory of a body that stays for the next */

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

struct request {
    char id[REQUEST_ID_MAX]; /* req_...: X-Request-Id and the log line */
    enum method method;
    struct slice path;  /* decoded, base path removed, no trailing slash */
    struct slice query; /* as received, without '?' */
    struct slice segment[REQUEST_SEGMENTS]; /* captured by the route: {id} */
    struct slice remote_address;            /* after trusted_proxies */
    bool https;
    char *const *params; /* CGI variables "NAME=value", NULL at the end */
    uint16_t name_len[REQUEST_NAMES]; /* of the first params; 0: unknown */
    struct buf body;
    bool body_too_large; /* more came than any limit allows; drained */
    bool body_cut;       /* less came than Content-Length says */
    /* Counted by a receiver's rate limits, of its address and of the source: a
       request that starts again, where it may wait, is still the same one. */
    bool is_counted, is_paced;
    bool body_refused; /* no memory was left for it; drained */
    int64_t started_mono_us;
    int64_t arrived_wall_us;
    struct slice query_pairs; /* name NUL value NUL ..., decoded */
    struct buf storage;       /* decoded path and query */
};

void request_init(struct request *request, size_t max_body);
void request_clear(struct request *request); /* ready for the next one */
void request_free(struct request *request);

/* Absent: ptr NULL. "Authorization", "X-Webhook-Signature", "Content-Type" */
struct slice request_header(const struct request *request, const char *name);

/* True if it came in several lines and the web server did not join them:
   request_header() gives the first. */
bool request_header_repeats(const struct request *request, const char *name);

/* The first ?name= of the query, decoded; absent: ptr NULL. A broken %xx stays
   as it is; a pair with NUL or anything but UTF-8 counts as absent. */
struct slice request_query(const struct request *request, const char *name);

/*
 * Behind proxies: where the peer is one of `trusted`, the client is the
 * rightmost address of X-Forwarded-For that is not, and X-Forwarded-Proto says
 * whether it came over TLS. From anybody else both headers are ignored.
 */
void request_trust_proxies(struct request *request,
                           const struct target_nets *trusted);

const char *request_method_name(enum method method);

/* Fills method, path, query, address, scheme and times from params.
   False: the request is not one we can read (no method, a path that is not
   UTF-8 or has NUL, an encoded '/' or a broken %xx); the other fields are set
   nevertheless, the path to "". params must live as long as the request. */
bool request_read_params(struct request *request, const char *base_path,
                         char *const *params)
    __attribute__((warn_unused_result));

#endif /* REQUEST_H */
