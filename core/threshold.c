/*
 * threshold.c - see threshold.h.
 */
#include "threshold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BACK 0.8 /* of the limit */

static const char *const names[METRICS] = {
    [METRIC_PENDING] = "pending",
    [METRIC_OLDEST_DUE] = "oldest_due_s",
    [METRIC_FAILURE_RATE] = "failure_rate",
    [METRIC_PROCESS_QUEUE] = "process_queue",
};

const char *
metric_name(enum metric metric)
{
    return names[metric];
}

bool
threshold_is_above(double limit, double value, bool was_above)
{
    return was_above ? value >= limit * BACK : value >= limit;
}

/* Digits and a point. */
static bool
read_limit(struct slice text, double *limit)
{
    char digits[32], *end;

    if (text.len == 0 || text.len >= sizeof(digits))
        return false;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    if (strspn(digits, "0123456789.") != text.len)
        return false;
    errno = 0;
    *limit = strtod(digits, &end);
    return errno == 0 && *end == '\0' && *limit > 0 && *limit <= THRESHOLD_MAX;
}

static bool
read_one(struct slice text, struct thresholds *thresholds)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    struct slice name, number;
    size_t i;

    if (colon == NULL)
        return false;
    name = slice_trim(slice_make(text.ptr, (size_t)(colon - text.ptr)));
    number = slice_trim(
        slice_make(colon + 1, text.len - 1 - (size_t)(colon - text.ptr)));
    for (i = 0; i < METRICS; i++) {
        if (!slice_is(name, names[i]))
            continue;
        if (thresholds->limit[i] > 0 ||
            !read_limit(number, &thresholds->limit[i]))
            return false;
        thresholds->count++;
        return true;
    }
    return false;
}

bool
thresholds_parse(struct slice text, struct thresholds *thresholds,
                 struct buf *why)
{
    struct thresholds read = {.count = 0};
    struct slice rest = slice_trim(text);

    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);

        if (!read_one(slice_make(rest.ptr, len), &read)) {
            buf_addf(why,
                     "\"%.*s\" must be one of pending, oldest_due_s, "
                     "failure_rate and process_queue, once each, with a number "
                     "above 0 such as pending:10000",
                     (int)(len > 100 ? 100 : len), rest.ptr);
            return false;
        }
        len += comma != NULL;
        rest = slice_make(rest.ptr + len, rest.len - len);
    }
    *thresholds = read;
    return true;
}
