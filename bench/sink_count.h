/*
 * sink_count.h - what the sink has received: requests per path, latencies, and
 * which numbered events came how often.
 */
#ifndef SINK_COUNT_H
#define SINK_COUNT_H

#include "buf.h"
#include "slice.h"

#include <stdint.h>

struct sink_count; /* opaque */

struct sink_count *sink_count_new(void);
void sink_count_free(struct sink_count *count);
void sink_count_clear(struct sink_count *count);

/* One request, body and all, at that (monotonic) time. "n" and "t" of the load
   generator are looked for in the body. */
void sink_count_add(struct sink_count *count, struct slice path,
                    struct slice body, int64_t now_us);

/* {"requests":N,"distinct":N,"repeated":N,"first_us":T,"last_us":T,
   "latency_us":{...}}; distinct and repeated count values of "n". */
void sink_count_json(const struct sink_count *count, struct buf *out);

/* {"/path":N,...} */
void sink_count_paths(const struct sink_count *count, struct buf *out);

#endif /* SINK_COUNT_H */
