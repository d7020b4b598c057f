/*
 * deliver.h - one request of a delivery: its body, headers and signatures.
 *
 * The body is the same bytes at every attempt; timestamp, signatures, attempt
 * number and span are those of this attempt.
 */
#ifndef DELIVER_H
#define DELIVER_H

#include "buf.h"
#include "catalog.h"
#include "outcome.h"
#include "payloads.h"
#include "store_job.h"

#include <curl/curl.h>
#include <stdint.h>

struct request {
    struct buf body;
    struct curl_slist *headers; /* owned */
};

/* An empty request; request_clear() makes a used one empty again and keeps
   the body's memory if it is not large, request_free() does not. */
void request_init(struct request *request);
void request_clear(struct request *request);
void request_free(struct request *request);

struct deliver_time {
    int64_t wall_us; /* when it is sent */
    uint64_t span;   /* random, for traceparent */
};

/*
 * Fills an empty request. Anything but OBSTACLE_NONE says why it cannot be
 * made and leaves it empty. event NULL: it does not exist.
 */
enum obstacle
deliver_build(const struct subscription *subscription,
              const struct event *event, const struct job_row *job,
              const struct deliver_time *time, struct request *request)
    __attribute__((warn_unused_result));

#endif /* DELIVER_H */
