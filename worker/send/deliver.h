/*
 * deliver.h - one request of a delivery: its body, headers and signatures.
 *
 * The body is the same bytes at every attempt; timestamp, signatures, attempt
 * number and span are those of this attempt.
 */
#ifndef DELIVER_H
#define DELIVER_H

#include "catalog.h"
#include "http_request.h"
#include "outcome.h"
#include "payloads.h"
#include "store_job.h"

#include <stdint.h>

struct deliver_time {
    int64_t wall_us; /* when it is sent */
    uint64_t span;   /* random, for traceparent */
};

/*
 * Fills an empty request, its limits excepted. Anything but OBSTACLE_NONE says why it cannot be
 * made and leaves it empty. event NULL: it does not exist. The token of OAuth2
 * credentials is not in it (tokens.h).
 */
enum obstacle
deliver_build(const struct subscription *subscription,
              const struct event *event, const struct job_row *job,
              const struct deliver_time *time, struct request *request)
    __attribute__((warn_unused_result));

/*
 * The same for several events, in that order, as one array: webhook-id is an id
 * of the batch, made from those of its events, so the same batch has it again;
 * X-Webhook-Event is "batch", X-Webhook-Batch-Size their number, and there is no
 * X-Webhook-Delivery. All of them exist; attempts: made so far, of each.
 */
enum obstacle deliver_build_batch(const struct subscription *subscription,
                                  const struct event *const *events,
                                  size_t count, uint32_t attempts,
                                  const struct deliver_time *time,
                                  struct request *request)
    __attribute__((warn_unused_result));

#endif /* DELIVER_H */
