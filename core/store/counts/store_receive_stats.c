/*
 * store_receive_stats.c - see store_receive_stats.h.
 */
#include "store_receive_stats.h"

#include "alloc.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static struct receive_source_stats *
find_or_add(struct receive_source_stats *sources, size_t *count,
            struct slice name)
{
    struct receive_source_stats *source;
    size_t i;

    for (i = 0; i < *count; i++) {
        if (slice_is(name, sources[i].name))
            return &sources[i];
    }
    source = &sources[(*count)++];
    *source = (struct receive_source_stats){.name = ""};
    snprintf(source->name, sizeof(source->name), "%.*s", (int)name.len,
             name.ptr);
    return source;
}

static void
read_row(const struct slice *row, struct receive_source_stats *source)
{
    enum inbound_action action;

    if (row[1].ptr == NULL || !inbound_action_from_name(row[1], &action))
        return;
    source->action[action] = (struct receive_count){
        .processed = db_u64(row[2], 0),
        .failed = db_u64(row[3], 0),
        .retries = db_u64(row[4], 0),
        .duration_us = db_u64(row[5], 0),
    };
}

enum db_result
store_receive_stats(struct db *db, struct receive_source_stats **sources,
                    size_t *count)
{
    struct receive_source_stats *list;
    struct db_rows *rows = NULL;
    const struct slice *row;
    size_t used = 0;
    enum db_result result = db_query(
        db,
        SLICE("SELECT s.name, r.action, SUM(r.processed), SUM(r.failed),"
              " SUM(r.retries), SUM(r.duration_us) FROM sources s"
              " LEFT JOIN rollup_sources r ON r.source_id = s.id"
              " GROUP BY s.name, r.action ORDER BY s.name, r.action"),
        &rows);

    if (result != DB_OK)
        return result;
    list = xcalloc(db_rows_count(rows) + 1, sizeof(*list));
    while ((row = db_rows_next(rows)) != NULL)
        read_row(row, find_or_add(list, &used, row[0]));
    db_rows_free(rows);
    *sources = list;
    *count = used;
    return DB_OK;
}

static uint64_t
finished(const struct receive_source_stats *source)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < RECEIVE_STATS_ACTIONS; i++)
        sum += source->action[i].processed + source->action[i].failed;
    return sum;
}

static void
add_up(const struct receive_source_stats *sources, size_t count,
       struct receive_count *total, uint64_t by_action[RECEIVE_STATS_ACTIONS])
{
    size_t s, i;

    for (s = 0; s < count; s++) {
        for (i = 0; i < RECEIVE_STATS_ACTIONS; i++) {
            const struct receive_count *one = &sources[s].action[i];

            total->processed += one->processed;
            total->failed += one->failed;
            total->retries += one->retries;
            total->duration_us += one->duration_us;
            by_action[i] += one->processed + one->failed;
        }
    }
}

/* Three places at most, one at least: 0.992, 0.5, 1.0. */
static void
add_decimal(struct buf *out, double value)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%.3f", value);

    while (len > 2 && text[len - 1] == '0' && text[len - 2] != '.')
        len--;
    buf_add(out, text, (size_t)len);
}

static void
add_count(struct buf *out, bool *first, struct slice name, uint64_t n)
{
    if (!*first)
        buf_add_char(out, ',');
    *first = false;
    json_add_string(out, name);
    buf_add_char(out, ':');
    buf_add_u64(out, n);
}

static void
print_types(const uint64_t by_action[RECEIVE_STATS_ACTIONS], struct buf *out)
{
    bool first = true;
    unsigned i;

    buf_add_text(out, ",\"events_by_type\":{");
    for (i = 0; i < RECEIVE_STATS_ACTIONS; i++) {
        enum inbound_action action = (enum inbound_action)i;

        if (action != INBOUND_OTHER || by_action[i] > 0)
            add_count(out, &first, slice_of(inbound_action_name(action)),
                      by_action[i]);
    }
}

static void
print_sources(const struct receive_source_stats *sources, size_t count,
              struct buf *out)
{
    static const char *const always[] = {"supabase", "notion"};
    const size_t named = sizeof(always) / sizeof(always[0]);
    bool first = true;
    size_t a, s;

    buf_add_text(out, "},\"events_by_source\":{");
    for (a = 0; a < named; a++) {
        uint64_t n = 0;

        for (s = 0; s < count; s++) {
            if (strcmp(sources[s].name, always[a]) == 0)
                n = finished(&sources[s]);
        }
        add_count(out, &first, slice_of(always[a]), n);
    }
    for (s = 0; s < count; s++) {
        for (a = 0; a < named && strcmp(sources[s].name, always[a]) != 0; a++)
            continue;
        if (a == named && finished(&sources[s]) > 0)
            add_count(out, &first, slice_of(sources[s].name),
                      finished(&sources[s]));
    }
}

void
receive_stats_print(const struct receive_source_stats *sources, size_t count,
                    struct buf *out)
{
    struct receive_count total = {0};
    uint64_t by_action[RECEIVE_STATS_ACTIONS] = {0}, done;

    add_up(sources, count, &total, by_action);
    done = total.processed + total.failed;
    buf_add_text(out, "{\"total_processed\":");
    buf_add_u64(out, total.processed);
    buf_add_text(out, ",\"total_failed\":");
    buf_add_u64(out, total.failed);
    buf_add_text(out, ",\"total_retries\":");
    buf_add_u64(out, total.retries);
    buf_add_text(out, ",\"success_rate\":");
    add_decimal(out, done == 0 ? 1.0 : (double)total.processed / (double)done);
    buf_add_text(out, ",\"average_processing_time_seconds\":");
    add_decimal(
        out, done == 0 ? 0.0 : (double)total.duration_us / (double)done / 1e6);
    print_types(by_action, out);
    print_sources(sources, count, out);
    buf_add_text(out, "}}");
}
