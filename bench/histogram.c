/*
 * histogram.c - see histogram.h.
 */
#include "histogram.h"

#include <string.h>

/* 0..127 stand for themselves; above that the highest seven bits count. */
static size_t
bucket_of(uint64_t us)
{
    unsigned shift;
    size_t bucket;

    if (us < 2 * (uint64_t)HISTOGRAM_SUB)
        return (size_t)us;
    shift = 57u - (unsigned)__builtin_clzll(us);
    bucket = (size_t)shift * HISTOGRAM_SUB + (size_t)(us >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t
upper_edge(size_t bucket)
{
    size_t shift;

    if (bucket < 2 * (size_t)HISTOGRAM_SUB)
        return bucket;
    shift = bucket / HISTOGRAM_SUB - 1;
    return ((uint64_t)(bucket - shift * HISTOGRAM_SUB + 1) << shift) - 1;
}

void
histogram_add(struct histogram *histogram, int64_t us)
{
    uint64_t value = us < 0 ? 0 : (uint64_t)us;

    histogram->count++;
    histogram->sum_us += value;
    if (value > histogram->max_us)
        histogram->max_us = value;
    histogram->buckets[bucket_of(value)]++;
}

void
histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

uint64_t
histogram_at(const struct histogram *histogram, double share)
{
    double need = share * (double)histogram->count;
    uint64_t seen = 0, edge;
    size_t i;

    if (histogram->count == 0)
        return 0;
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && (double)seen >= need)
            break;
    }
    edge = i < HISTOGRAM_BUCKETS ? upper_edge(i) : histogram->max_us;
    return edge < histogram->max_us ? edge : histogram->max_us;
}

void
histogram_json(const struct histogram *histogram, struct buf *out)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    size_t i;

    buf_addf(out, "{\"count\":%llu,\"mean\":%llu",
             (unsigned long long)histogram->count,
             (unsigned long long)(histogram->count == 0
                                      ? 0
                                      : histogram->sum_us / histogram->count));
    for (i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        buf_addf(out, ",\"%s\":%llu", points[i].name,
                 (unsigned long long)histogram_at(histogram, points[i].share));
    buf_addf(out, ",\"max\":%llu}", (unsigned long long)histogram->max_us);
}
