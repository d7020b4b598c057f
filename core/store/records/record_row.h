/*
 * record_row.h - a record of the mirror as it is read and shown: what the API,
 * the command line and the cache files have in common.
 */
#ifndef RECORD_ROW_H
#define RECORD_ROW_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_row {
    char *source;
    char *table;
    char *record_id;
    int64_t version_us;
    uint64_t event_id; /* that wrote this state */
    uint32_t revision; /* grows with every change */
    bool deleted;
    bool stale;          /* something newer is known to exist */
    char *verified;      /* "no", "yes", "differs" */
    int64_t updated_us;  /* when it was written here */
    struct slice data;   /* JSON, absent when deleted; owned */
    struct slice fields; /* record_fields.h, or absent; owned */
};

struct record_list {
    struct record_row *rows;
    size_t count;
};

/* The columns of records r and sources s that record_list_query() reads;
   `fields` as NULL for a list. */
#define RECORD_ROW_COLUMNS                                                     \
    "s.name,r.table_name,r.record_id,r.version_us,r.event_id,r.revision,"      \
    "r.deleted,r.stale,r.verified,r.updated_at,r.data"

/* Runs the statement and appends its rows. DB_OK also for none. */
enum db_result record_list_query(struct db *db, struct slice sql,
                                 struct record_list *list)
    __attribute__((warn_unused_result));
void record_list_free(struct record_list *list);

/* Appends {"source","table","record_id","version","revision","verified",
   "stale","deleted","event_id","updated_at","data"[,"fields"]}. */
void record_row_print(const struct record_row *row, struct buf *out);

#endif /* RECORD_ROW_H */
