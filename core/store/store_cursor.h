/*
 * store_cursor.h - how far the pollers of sources have come: table
 * `source_cursors`, and the jobs that do the polling.
 */
#ifndef STORE_CURSOR_H
#define STORE_CURSOR_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CURSOR_TABLE_MAX 128     /* bytes */
#define CURSOR_POSITION_MAX 1000 /* bytes */

struct cursor {
    uint32_t source_id;
    uint64_t job_id;
    bool has_job; /* store_cursor_list() says so */
    char table[CURSOR_TABLE_MAX + 1];
    char position[CURSOR_POSITION_MAX + 1]; /* "" at first */
};

struct cursor_list {
    struct cursor *rows;
    size_t count;
};

void cursor_list_free(struct cursor_list *list);

/* All of them, in the order of source and table. The list is overwritten; it
   is empty on an error. */
enum db_result store_cursor_list(struct db *db, struct cursor_list *list)
    __attribute__((warn_unused_result));

/* Those of these jobs; has_job is not set. */
enum db_result store_cursor_of_jobs(struct db *db, const uint64_t *job_ids,
                                    size_t count, struct cursor_list *list)
    __attribute__((warn_unused_result));

/* Inside a transaction. Gives the table this poll job, which is made and is due
   at once; a position that is known already stays. */
enum db_result store_cursor_start(struct db *db, const struct cursor *cursor)
    __attribute__((warn_unused_result));

/* Inside a transaction: row and job go. */
enum db_result store_cursor_stop(struct db *db, const struct cursor *cursor)
    __attribute__((warn_unused_result));

/* Inside a transaction: so far the job has come. error: why not further, or
   absent. */
enum db_result store_cursor_advance(struct db *db, uint64_t job_id,
                                    const char *position, struct slice error)
    __attribute__((warn_unused_result));

#endif /* STORE_CURSOR_H */
