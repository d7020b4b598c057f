/*
 * sink_count.c - see sink_count.h.
 */
#include "sink_count.h"

#include "alloc.h"
#include "histogram.h"
#include "map.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS (16u << 20) /* values of "n" that are told apart */
#define PATHS_MAX 20000

struct path_count {
    char *path;
    uint64_t requests;
};

struct sink_count {
    uint64_t requests, distinct, repeated;
    int64_t first_us, last_us;
    struct histogram latency;
    struct map paths;
    uint8_t seen[NUMBERS / 8];
};

struct sink_count *
sink_count_new(void)
{
    struct sink_count *count = xcalloc(1, sizeof(*count));

    count->paths = MAP_INIT;
    return count;
}

void
sink_count_clear(struct sink_count *count)
{
    uint64_t key;
    size_t at = 0;
    void *value;

    while (map_next(&count->paths, &at, &key, &value)) {
        struct path_count *one = value;

        free(one->path);
        free(one);
    }
    map_free(&count->paths);
    memset(count, 0, sizeof(*count));
    count->paths = MAP_INIT;
}

void
sink_count_free(struct sink_count *count)
{
    sink_count_clear(count);
    free(count);
}

/* FNV-1a: paths are the benchmark's own and do not collide. */
static uint64_t
path_key(struct slice path)
{
    uint64_t key = UINT64_C(14695981039346656037);
    size_t i;

    for (i = 0; i < path.len; i++)
        key = (key ^ (unsigned char)path.ptr[i]) * UINT64_C(1099511628211);
    return key;
}

static void
add_path(struct sink_count *count, struct slice path)
{
    uint64_t key = path_key(path);
    struct path_count *one = map_get(&count->paths, key);

    if (one == NULL) {
        if (count->paths.used >= PATHS_MAX)
            return;
        one = xcalloc(1, sizeof(*one));
        one->path = slice_text(path);
        (void)map_put(&count->paths, key, one);
    }
    one->requests++;
}

void
sink_count_add(struct sink_count *count, struct slice path, struct slice body,
               int64_t now_us)
{
    uint64_t n, t;

    if (count->requests++ == 0)
        count->first_us = now_us;
    count->last_us = now_us;
    add_path(count, path);
    if (wire_number_after(body, "\"t\":", &t))
        histogram_add(&count->latency, now_us - (int64_t)t);
    if (wire_number_after(body, "\"n\":", &n) && n < NUMBERS) {
        uint8_t bit = (uint8_t)(1u << (n % 8));

        if ((count->seen[n / 8] & bit) != 0)
            count->repeated++;
        else
            count->distinct++;
        count->seen[n / 8] |= bit;
    }
}

void
sink_count_json(const struct sink_count *count, struct buf *out)
{
    buf_addf(out,
             "{\"requests\":%llu,\"distinct\":%llu,\"repeated\":%llu,"
             "\"first_us\":%lld,\"last_us\":%lld,\"latency_us\":",
             (unsigned long long)count->requests,
             (unsigned long long)count->distinct,
             (unsigned long long)count->repeated, (long long)count->first_us,
             (long long)count->last_us);
    histogram_json(&count->latency, out);
    buf_add_text(out, "}");
}

void
sink_count_paths(const struct sink_count *count, struct buf *out)
{
    const char *comma = "";
    uint64_t key;
    size_t at = 0;
    void *value;

    buf_add_text(out, "{");
    while (map_next(&count->paths, &at, &key, &value)) {
        const struct path_count *one = value;

        buf_addf(out, "%s\"%s\":%llu", comma, one->path,
                 (unsigned long long)one->requests);
        comma = ",";
    }
    buf_add_text(out, "}");
}
