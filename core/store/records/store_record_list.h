/*
 * store_record_list.h - reading the mirror: tables, pages of records, one
 * record.
 *
 * application_id 0 stands for "any"; another one's source is DB_NONE, as is one
 * that does not exist.
 */
#ifndef STORE_RECORD_LIST_H
#define STORE_RECORD_LIST_H

#include "record_row.h"

enum record_which { RECORDS_LIVE, RECORDS_DELETED, RECORDS_ALL };

struct record_filter {
    uint32_t application_id;
    struct slice source; /* name */
    struct slice table;
    struct slice record_id; /* this one alone; absent = all */
    struct slice after;     /* ids behind this one; absent = from the start */
    enum record_which which;
    int64_t updated_since_us; /* written here at or after; 0 = any */
    size_t limit;
};

struct record_page {
    struct record_list list; /* by id */
    char *next; /* `after` of the next page; NULL = that was all; owned */
};

/*
 * One page, of bounded work and size: a seldom matching filter, or records that
 * are very large, may give a short page (even an empty one) with `next` set.
 */
enum db_result store_record_list(struct db *db,
                                 const struct record_filter *filter,
                                 struct record_page *page)
    __attribute__((warn_unused_result));
void record_page_free(struct record_page *page);

/* The record, deleted or not, with `fields`: one row in the list. Of the filter
   only application_id, source, table and record_id count. */
enum db_result store_record_get(struct db *db,
                                const struct record_filter *filter,
                                struct record_list *list)
    __attribute__((warn_unused_result));

/* A table of the mirror. Its numbers (record_tables) are a little behind the
   records; one that is new has none yet. */
struct record_table {
    char *source;
    char *table;
    uint64_t records;   /* not deleted */
    int64_t changed_us; /* when one was last written */
};

struct record_tables {
    struct record_table *rows; /* by source and table */
    size_t count;
    bool more; /* there are others */
};

/* At most limit tables; source and table absent = all of them. DB_OK also for
   none. */
enum db_result store_record_tables(struct db *db, uint32_t application_id,
                                   struct slice source, struct slice table,
                                   size_t limit, struct record_tables *tables)
    __attribute__((warn_unused_result));
void record_tables_free(struct record_tables *tables);

/* Appends {"source","table","records","changed_at"}. */
void record_table_print(const struct record_table *table, struct buf *out);

#endif /* STORE_RECORD_LIST_H */
