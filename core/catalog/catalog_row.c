/*
 * catalog_row.c - rows of the configuration as structs, secrets unsealed.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "log.h"
#include "store_catalog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.catalog"
#define SCHEDULE_MAX_S (365 * 86400)

char *
catalog_text_of(struct slice cell)
{
    return cell.ptr == NULL ? xstrdup("") : xstrndup(cell.ptr, cell.len);
}

static uint32_t
u32_of(struct slice cell)
{
    return (uint32_t)db_u64(cell, 0);
}

static void
free_strings(char **list, size_t count, void (*free_one)(char *text))
{
    size_t i;

    for (i = 0; i < count; i++)
        free_one(list[i]);
    free(list);
}

static void
free_text(char *text)
{
    free(text);
}

/* False, with a line in the log, if it cannot be read. */
bool
catalog_unseal(const struct sealer *sealer, struct seal_place place,
               struct slice cell, struct buf *out)
{
    enum seal_result result = seal_reveal(sealer, place, cell, out);

    if (result == SEAL_OK)
        return true;
    log_warning(LOGGER,
                LOG_FIELDS(LOG_TEXT("table", place.table),
                           LOG_TEXT("column", place.column),
                           LOG_INT("id", place.row)),
                "A stored secret cannot be read: %s",
                result == SEAL_OTHER_KEY
                    ? "it was sealed with another key; put that key back into "
                      "key_file, or set a new secret"
                    : "it is damaged; set a new secret");
    return false;
}

static void
read_schedule(struct subscription *sub, struct slice cell)
{
    struct slice array = catalog_json_container(cell, JSON_ARRAY);
    struct json_member member;
    size_t at = 0;
    int64_t wait_s;

    if (array.ptr == NULL)
        return;
    sub->schedule_s =
        xcalloc(catalog_json_count(array), sizeof(*sub->schedule_s));
    while (json_next(array, &at, &member))
        if (member.value.type == JSON_NUMBER &&
            json_integer(member.value.text, 0, SCHEDULE_MAX_S, &wait_s))
            sub->schedule_s[sub->schedule_count++] = (uint32_t)wait_s;
}

static void
fill_subscription(struct catalog_row *row, const struct catalog_means *means,
                  const struct slice *cells)
{
    struct subscription *sub = &row->subscription;

    row->gone = db_u64(cells[SUB_GONE], 0) != 0;
    sub->id = row->id;
    sub->application_id = u32_of(cells[SUB_APPLICATION]);
    sub->version = db_u64(cells[SUB_VERSION], 0);
    if (row->gone)
        return;
    sub->url = catalog_text_of(cells[SUB_URL]);
    sub->active = db_u64(cells[SUB_ACTIVE], 0) != 0;
    sub->paused = db_u64(cells[SUB_PAUSED], 0) != 0;
    sub->adhoc = db_u64(cells[SUB_ADHOC], 0) != 0;
    sub->channels =
        catalog_json_strings(cells[SUB_CHANNELS], &sub->channel_count);
    catalog_sending_fill(sub, means->sealer, cells);
    sub->retry_count = u32_of(cells[SUB_RETRY_COUNT]);
    sub->retry_delay_s = u32_of(cells[SUB_RETRY_DELAY]);
    read_schedule(sub, cells[SUB_SCHEDULE]);
    sub->timeout_s = u32_of(cells[SUB_TIMEOUT]);
    sub->max_concurrency = u32_of(cells[SUB_CONCURRENCY]);
    sub->rate_limit = u32_of(cells[SUB_RATE]);
    sub->fifo = db_u64(cells[SUB_FIFO], 0) != 0;
    sub->pause_exhausted = db_u64(cells[SUB_PAUSE_EXHAUSTED], 0) != 0;
    if (format_has_batch(sub->format))
        sub->batch_size = u32_of(cells[SUB_BATCH_SIZE]);
    sub->batch_wait_ms = u32_of(cells[SUB_BATCH_WAIT]);
    sub->ttl_s = u32_of(cells[SUB_TTL]);
    sub->capture_responses = db_u64(cells[SUB_CAPTURE], 1) != 0;
}

static void
fill_token(struct catalog_row *row, const struct catalog_means *means,
           const struct slice *cells)
{
    static const struct {
        const char *name;
        enum scope scope;
    } scopes[] = {
        {"admin", SCOPE_ADMIN},
        {"app", SCOPE_APP},
        {"send", SCOPE_SEND},
        {"read", SCOPE_READ},
    };
    struct token *token = &row->token;
    size_t i;

    (void)means;
    token->id = row->id;
    token->application_id = u32_of(cells[TOKEN_APPLICATION]);
    token->expires_at_us = db_time_us(cells[TOKEN_EXPIRES]);
    token->version = db_u64(cells[TOKEN_VERSION], 0);
    row->gone = db_u64(cells[TOKEN_GONE], 0) != 0;
    token->scope = SCOPE_READ;
    for (i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
        if (slice_is(cells[TOKEN_SCOPE], scopes[i].name))
            token->scope = scopes[i].scope;
    if (cells[TOKEN_HASH].len == sizeof(token->hash))
        memcpy(token->hash, cells[TOKEN_HASH].ptr, sizeof(token->hash));
    else
        row->gone = true; /* would match nothing anyway */
}

static const struct {
    enum db_result (*read)(struct db *db, uint64_t seen, struct db_rows **rows);
    void (*fill)(struct catalog_row *row, const struct catalog_means *means,
                 const struct slice *cells);
} kinds[ROW_KINDS] = {
    [ROW_SUBSCRIPTION] = {store_catalog_subscriptions, fill_subscription},
    [ROW_SOURCE] = {store_catalog_sources, catalog_source_fill},
    [ROW_TOKEN] = {store_catalog_tokens, fill_token},
    [ROW_EVENT_TYPE] = {store_catalog_event_types, catalog_event_type_fill},
};

/* Both are in the order of ids. Read after the subscriptions: a pattern may be
   newer than its row, which is then read again the next time. */
static enum db_result
read_patterns(struct db *db, uint64_t seen, struct catalog_changes *changes)
{
    const struct slice *cells;
    struct db_rows *rows;
    enum db_result result = store_catalog_patterns(db, seen, &rows);
    size_t i = 0;

    if (result != DB_OK)
        return result;
    while ((cells = db_rows_next(rows)) != NULL) {
        uint32_t id = u32_of(cells[PATTERN_SUBSCRIPTION]);
        struct subscription *sub;

        while (i < changes->count && changes->list[i]->id < id)
            i++;
        if (i == changes->count)
            break;
        if (changes->list[i]->id != id || changes->list[i]->gone)
            continue;
        sub = &changes->list[i]->subscription;
        sub->patterns = xreallocarray(sub->patterns, sub->pattern_count + 1,
                                      sizeof(*sub->patterns));
        sub->patterns[sub->pattern_count++] =
            catalog_text_of(cells[PATTERN_TEXT]);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
catalog_row_read(struct db *db, const struct catalog_means *means,
                 enum row_kind kind, uint64_t seen,
                 struct catalog_changes *changes)
{
    const struct slice *cells;
    struct db_rows *rows;
    enum db_result result = kinds[kind].read(db, seen, &rows);

    if (result != DB_OK)
        return result;
    changes->list = xreallocarray(changes->list, db_rows_count(rows),
                                  sizeof(*changes->list));
    while ((cells = db_rows_next(rows)) != NULL) {
        struct catalog_row *row = xcalloc(1, sizeof(*row));

        atomic_init(&row->refs, 1);
        row->kind = kind;
        row->id = u32_of(cells[0]);
        kinds[kind].fill(row, means, cells);
        changes->list[changes->count++] = row;
    }
    db_rows_free(rows);
    return kind == ROW_SUBSCRIPTION && changes->count > 0
               ? read_patterns(db, seen, changes)
               : DB_OK;
}

static void
free_subscription(struct subscription *sub)
{
    free_strings(sub->patterns, sub->pattern_count, free_text);
    free_strings(sub->channels, sub->channel_count, free_text);
    catalog_sending_free(sub);
    free(sub->schedule_s);
    free(sub->url);
}

void
catalog_row_keep(struct catalog_row *row)
{
    atomic_fetch_add_explicit(&row->refs, 1, memory_order_relaxed);
}

void
catalog_row_release(struct catalog_row *row)
{
    if (atomic_fetch_sub_explicit(&row->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (row->kind == ROW_SUBSCRIPTION)
        free_subscription(&row->subscription);
    else if (row->kind == ROW_SOURCE)
        catalog_source_free(&row->source);
    else if (row->kind == ROW_EVENT_TYPE)
        catalog_event_type_free(&row->event_type);
    free(row);
}

void
catalog_changes_free(struct catalog_changes *changes)
{
    size_t i;

    for (i = 0; i < changes->count; i++)
        catalog_row_release(changes->list[i]);
    free(changes->list);
    *changes = (struct catalog_changes){NULL, 0};
}
