/*
 * catalog_impl.h - what the files behind catalog.h share; nobody else includes
 * it.
 *
 *   catalog_json.c   the JSON that rows hold
 *   catalog_row.c    one row: made from a result, shared by reference count
 *   catalog_source.c  the same of a source
 *   catalog_table.c  the rows of one kind, by id and by a second key
 *   catalog_index.c  which subscriptions have which pattern
 *   catalog_filter.c  which of them let an event pass
 *   catalog_event_type.c  the schema of an event type
 *   catalog_sending.c  what a subscription's requests are made with
 *   catalog.c        snapshots, refreshing, looking things up
 */
#ifndef CATALOG_IMPL_H
#define CATALOG_IMPL_H

#include "catalog.h"
#include "db.h"
#include "json.h"

#include <stdatomic.h>

enum row_kind { ROW_SUBSCRIPTION, ROW_SOURCE, ROW_TOKEN, ROW_EVENT_TYPE };
#define ROW_KINDS 4

/* The text of a stored JSON array or object; absent if it is something else,
   which only a hand-made row can hold. */
struct slice catalog_json_container(struct slice cell, enum json_kind kind);
size_t catalog_json_count(struct slice container);
/* A JSON string as C text that the caller frees. */
char *catalog_json_string(struct slice quoted);
/* ["a","b"] as an array of texts; anything but strings is left out. */
char **catalog_json_strings(struct slice cell, size_t *count);

/* What rows are made with. */
struct catalog_means {
    const struct sealer *sealer;
    const struct settings *settings; /* or NULL */
};

/* Never changes once it is in a table. */
struct catalog_row {
    atomic_uint refs;
    enum row_kind kind;
    uint32_t id;
    bool gone; /* deleted or revoked: the id leaves the table */
    union {
        struct subscription subscription;
        struct source source;
        struct token token;
        struct event_type event_type;
    };
};

/* Rows read from the database, in the order of their ids. Owns one reference
   to each. */
struct catalog_changes {
    struct catalog_row **list;
    size_t count;
};

/* Appends the rows that changed. What is already there stays on failure. */
enum db_result catalog_row_read(struct db *db,
                                const struct catalog_means *means,
                                enum row_kind kind, uint64_t seen,
                                struct catalog_changes *changes)
    __attribute__((warn_unused_result));
void catalog_row_keep(struct catalog_row *row);
void catalog_row_release(struct catalog_row *row); /* the last one wipes it */
void catalog_changes_free(struct catalog_changes *changes);

/* A cell's text that the caller frees; "" for NULL. */
char *catalog_text_of(struct slice cell);
/* False, with a line in the log, if it cannot be read. */
bool catalog_unseal(const struct sealer *sealer, struct seal_place place,
                    struct slice cell, struct buf *out)
    __attribute__((warn_unused_result));

void catalog_source_fill(struct catalog_row *row,
                         const struct catalog_means *means,
                         const struct slice *cells);
void catalog_source_free(struct source *source); /* wipes its secrets */

/* catalog_event_type.c */
void catalog_event_type_fill(struct catalog_row *row,
                             const struct catalog_means *means,
                             const struct slice *cells);
void catalog_event_type_free(struct event_type *type);
bool catalog_event_type_check(const struct event_type *type, struct slice data,
                              const char *field, struct problems *problems);

/* Immutable, shared between snapshots. */
struct catalog_table {
    atomic_uint refs;
    size_t count;
    uint32_t *ids;               /* ascending */
    struct catalog_row **rows;   /* in the same order; one reference to each */
    struct catalog_row **by_key; /* sources and event
                                    types by name, tokens by hash, or NULL */
};

/* old with the changes applied. */
struct catalog_table *
catalog_table_merge(const struct catalog_table *old, enum row_kind kind,
                    const struct catalog_changes *changes);
struct catalog_table *catalog_table_keep(struct catalog_table *table);
void catalog_table_release(struct catalog_table *table);
struct catalog_row *catalog_table_by_id(const struct catalog_table *table,
                                        uint32_t id);
/* key: a name, or a token's 32 bytes. */
struct catalog_row *catalog_table_by_key(const struct catalog_table *table,
                                         struct slice key);

/* Immutable, shared between snapshots; its rows are those of the table beside
   it. */
struct catalog_index;
struct catalog_index *
catalog_index_merge(const struct catalog_index *old,
                    const struct catalog_changes *changes);
struct catalog_index *catalog_index_keep(struct catalog_index *index);
void catalog_index_release(struct catalog_index *index);
size_t catalog_index_match(const struct catalog_index *index,
                           uint32_t application_id, struct slice type,
                           const struct slice *channels, size_t channel_count,
                           struct taker *takers, size_t max);

/* Fills what requests are made with: secrets, format, template, filter,
   credentials. What cannot be read makes the subscription unreadable. */
void catalog_sending_fill(struct subscription *sub, const struct sealer *sealer,
                          const struct slice *cells);
void catalog_sending_free(struct subscription *sub); /* wipes its secrets */

/* How many events filters have kept back; shared by all snapshots. */
struct tally;
struct tally *catalog_tally_new(void);
void catalog_tally_free(struct tally *tally);
bool catalog_tally_any(struct tally *tally);
size_t catalog_tally_take(struct tally *tally, struct filtered_count *counts,
                          size_t max);

/* What a filter may ask about. */
struct catalog_event {
    struct slice type;
    struct slice data;
    struct slice metadata;
};
size_t catalog_filter_takers(const struct catalog_table *table,
                             struct tally *tally,
                             const struct catalog_event *event,
                             struct taker *takers, size_t count);

#endif /* CATALOG_IMPL_H */
