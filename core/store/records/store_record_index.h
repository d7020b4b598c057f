/*
 * store_record_index.h - carrying changed records (records.dirty) into
 * full-text search and into what is known of the tables; and asking the search.
 *
 * FULLTEXT in the write path would cost a factor of nine, so it is done
 * afterwards, by one worker at a time, in pieces.
 */
#ifndef STORE_RECORD_INDEX_H
#define STORE_RECORD_INDEX_H

#include "db.h"
#include "record_row.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_INDEX_PIECE 64           /* records of one step */
#define RECORD_INDEX_BYTES (256 * 1024) /* larger records are not searched */
#define RECORD_FOUND_BYTES (8 * 1024 * 1024) /* of all that are found */

/* What a step has done. */
struct record_indexed {
    size_t count;  /* records; fewer than RECORD_INDEX_PIECE: that was all */
    uint64_t last; /* the greatest mark among them */
};

/*
 * The oldest marks above `after`: their records' words, their tables' counts,
 * and the marks themselves, unless a record has changed again meanwhile. Inside
 * a transaction of the caller's, fenced so that nobody else does it.
 */
enum db_result store_record_index(struct db *db, uint64_t after,
                                  struct record_indexed *done)
    __attribute__((warn_unused_result));

/* Is any record marked above `after`? DB_NONE: no. */
enum db_result store_record_is_marked(struct db *db, uint64_t after)
    __attribute__((warn_unused_result));

struct record_search {
    uint32_t application_id; /* 0 = any */
    struct slice query;      /* as record_text_query() writes it */
    struct slice source;     /* name, or absent */
    struct slice table;      /* or absent */
    size_t limit;
};

/* The best ones first, as many as RECORD_FOUND_BYTES hold; without `fields`.
   DB_OK also for none. */
enum db_result store_record_search(struct db *db,
                                   const struct record_search *search,
                                   struct record_list *list)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_INDEX_H */
