/*
 * store_metric.h - the SQL behind the numbers of threshold.h.
 *
 * Bounded: it costs as much as there are lanes, or `most` jobs, not as much as
 * there is backlog.
 */
#ifndef STORE_METRIC_H
#define STORE_METRIC_H

#include "db.h"

#include <stdint.h>

/* Jobs that are not done; no more than `most` are counted. */
enum db_result store_metric_pending(struct db *db, uint64_t most,
                                    uint64_t *count)
    __attribute__((warn_unused_result));

/* Seconds; 0: nothing is due. */
enum db_result store_metric_oldest_due(struct db *db, double *seconds)
    __attribute__((warn_unused_result));

enum db_result store_metric_failure_rate(struct db *db, double *share)
    __attribute__((warn_unused_result));

#endif /* STORE_METRIC_H */
