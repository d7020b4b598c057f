/*
 * catalog_filter.c - which of the takers of an event let it pass their filter,
 * and how many events each has kept back.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "filter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_JSON_MAX (255 * 6 + 2) /* a type as a JSON string, escaped */
#define MEMBERS 5

/* One entry for each subscription that has kept something back since the last
   time it was asked: as many as there are subscriptions with a filter. */
struct tally {
    pthread_mutex_t lock;
    struct filtered_count *counts; /* by id */
    size_t count, cap;
};

struct tally *
catalog_tally_new(void)
{
    struct tally *tally = xcalloc(1, sizeof(*tally));

    pthread_mutex_init(&tally->lock, NULL);
    return tally;
}

void
catalog_tally_free(struct tally *tally)
{
    pthread_mutex_destroy(&tally->lock);
    free(tally->counts);
    free(tally);
}

static size_t
place_of(const struct tally *tally, uint32_t id)
{
    size_t low = 0, high = tally->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tally->counts[middle].subscription_id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
tally_add(struct tally *tally, uint32_t id)
{
    size_t at;

    pthread_mutex_lock(&tally->lock);
    at = place_of(tally, id);
    if (at == tally->count || tally->counts[at].subscription_id != id) {
        if (tally->count == tally->cap) {
            tally->cap = tally->cap == 0 ? 16 : 2 * tally->cap;
            tally->counts = xreallocarray(tally->counts, tally->cap,
                                          sizeof(*tally->counts));
        }
        memmove(tally->counts + at + 1, tally->counts + at,
                (tally->count - at) * sizeof(*tally->counts));
        tally->counts[at] = (struct filtered_count){id, 0};
        tally->count++;
    }
    tally->counts[at].events++;
    pthread_mutex_unlock(&tally->lock);
}

bool
catalog_tally_any(struct tally *tally)
{
    bool any;

    pthread_mutex_lock(&tally->lock);
    any = tally->count > 0;
    pthread_mutex_unlock(&tally->lock);
    return any;
}

size_t
catalog_tally_take(struct tally *tally, struct filtered_count *counts,
                   size_t max)
{
    size_t n;

    pthread_mutex_lock(&tally->lock);
    n = tally->count < max ? tally->count : max;
    if (n > 0) {
        memcpy(counts, tally->counts, n * sizeof(*counts));
        tally->count -= n;
        memmove(tally->counts, tally->counts + n,
                tally->count * sizeof(*tally->counts));
    }
    pthread_mutex_unlock(&tally->lock);
    return n;
}

/* What a filter is asked about; made once for all filters. */
struct subject {
    struct buf type; /* as a JSON string */
    struct filter_member members[MEMBERS];
};

static struct json_value
value_of(struct slice json, const char *otherwise)
{
    return json_accepted(json.len == 0 ? slice_of(otherwise) : json);
}

static void
fill(struct subject *subject, struct slice type, struct slice data,
     struct slice metadata)
{
    struct json_value name;

    buf_init(&subject->type, TYPE_JSON_MAX);
    json_add_string(&subject->type, type);
    name = json_accepted(buf_slice(&subject->type));
    subject->members[0] = (struct filter_member){"event", name};
    subject->members[1] = (struct filter_member){"event_type", name};
    subject->members[2] = (struct filter_member){"type", name};
    subject->members[3] =
        (struct filter_member){"data", value_of(data, "null")};
    subject->members[4] =
        (struct filter_member){"metadata", value_of(metadata, "{}")};
}

static bool
passes(const struct catalog_table *table, uint32_t id,
       const struct subject *subject)
{
    const struct catalog_row *row = catalog_table_by_id(table, id);

    return row != NULL && row->subscription.filter != NULL &&
           filter_matches(row->subscription.filter, subject->members, MEMBERS);
}

size_t
catalog_filter_takers(const struct catalog_table *table, struct tally *tally,
                      const struct catalog_event *event, struct taker *takers,
                      size_t count)
{
    struct subject subject;
    size_t i, kept = 0;

    for (i = 0; i < count && !takers[i].filtered; i++)
        kept++;
    if (i == count)
        return count;
    fill(&subject, event->type, event->data, event->metadata);
    for (; i < count; i++) {
        if (!takers[i].filtered || passes(table, takers[i].id, &subject))
            takers[kept++] = takers[i];
        else
            tally_add(tally, takers[i].id);
    }
    buf_free(&subject.type);
    return kept;
}

bool
catalog_passes(const struct subscription *subscription, struct slice type,
               struct slice data, struct slice metadata)
{
    struct subject subject;
    bool passes;

    if (!subscription->filtered)
        return true;
    if (subscription->filter == NULL)
        return false;
    fill(&subject, type, data, metadata);
    passes = filter_matches(subscription->filter, subject.members, MEMBERS);
    buf_free(&subject.type);
    return passes;
}
