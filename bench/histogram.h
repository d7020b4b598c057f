/*
 * histogram.h - how often which duration was seen, in little memory.
 *
 * Buckets as of HDR histograms: 64 to each power of two, so a percentile is at
 * most 1.6 % too high, from 1 us to more than an hour.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include "buf.h"

#include <stdint.h>

#define HISTOGRAM_SUB 64
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 28)

struct histogram {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Negative durations (clocks read in the wrong order) count as 0. */
void histogram_add(struct histogram *histogram, int64_t us);
void histogram_clear(struct histogram *histogram);

/* The upper edge of the bucket that holds that share (0..1) of all durations;
   0 if there is none. */
uint64_t histogram_at(const struct histogram *histogram, double share);

/* {"count":N,"mean":us,"p50":us,"p90":us,"p99":us,"p999":us,"max":us} */
void histogram_json(const struct histogram *histogram, struct buf *out);

#endif /* HISTOGRAM_H */
