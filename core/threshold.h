/*
 * threshold.h - the numbers that the gateway watches about itself, and where it
 * has to say something: option metric_thresholds.
 *
 *   pending         jobs that are not done, deliveries and processing alike
 *   oldest_due_s    for how long the oldest job that is due has been waiting;
 *                   those of webhooks that are paused, inactive or known to
 *                   fail do not count
 *   failure_rate    share of the attempts at deliveries that failed, 0 to 1, of
 *                   this hour and the one before; 0 for less than 20
 *   process_queue   inbound events that are not processed yet
 *
 * A text such as "pending:10000, oldest_due_s:60, failure_rate:0.2".
 */
#ifndef THRESHOLD_H
#define THRESHOLD_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

enum metric {
    METRIC_PENDING,
    METRIC_OLDEST_DUE,
    METRIC_FAILURE_RATE,
    METRIC_PROCESS_QUEUE,
    METRICS
};

#define THRESHOLD_MAX 1000000 /* the highest limit */

struct thresholds {
    double limit[METRICS]; /* 0 = not watched */
    size_t count;
};

/* False: *why says what is wrong. */
bool thresholds_parse(struct slice text, struct thresholds *thresholds,
                      struct buf *why) __attribute__((warn_unused_result));

const char *metric_name(enum metric metric);

/* It is above from the limit on, and not any more below 80 % of it. */
bool threshold_is_above(double limit, double value, bool was_above);

#endif /* THRESHOLD_H */
