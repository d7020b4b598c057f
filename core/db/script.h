/*
 * script.h - the statements of one transaction, sent in as few packets as
 * possible.
 *
 * Rows are added one by one; rows of the same table become one INSERT. A packet
 * leaves when it is large enough, and at the end with COMMIT. After the first
 * error everything more is ignored; script_commit() reports it.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "buf.h"
#include "db.h"

#include <stdbool.h>
#include <stddef.h>

struct script {
    struct db *db;
    struct buf sql;   /* kept from one transaction to the next */
    size_t limit;     /* bytes from which a packet leaves */
    unsigned count;   /* statements in sql, the unfinished one included */
    bool sent;        /* BEGIN has left */
    const char *head; /* of the unfinished INSERT, or NULL */
    const char *tail; /* what ends it, or "" */
    enum db_result result;
};

#define SCRIPT_INIT ((struct script){.sql = BUF_INIT(0)})

/* Starts a transaction; the server is not asked yet. */
void script_begin(struct script *script, struct db *db);

/* The same in a transaction of the caller's, who began it with db_begin() and
   ends it; script_end() takes the place of script_commit(). */
void script_join(struct script *script, struct db *db);

/* For the next row of `INSERT INTO ... VALUES` head, about `bytes` long before
   escaping: the caller adds "(...)" to what is returned. head and tail are
   literals; another head begins another statement. */
struct buf *script_row(struct script *script, const char *head,
                       const char *tail, size_t bytes);

/* For a whole statement that the caller adds. */
struct buf *script_statement(struct script *script);

/* Sends what there is; the last statement is a SELECT with these rows. */
enum db_result script_query(struct script *script, struct db_rows **rows)
    __attribute__((warn_unused_result));

/* DB_OK, DB_UNKNOWN, or what went wrong, with everything rolled back. */
enum db_result script_commit(struct script *script)
    __attribute__((warn_unused_result));

/* After script_join(): sends what there is. What failed is not rolled back. */
enum db_result script_end(struct script *script)
    __attribute__((warn_unused_result));

/* Gives up; nothing is left of it. */
void script_rollback(struct script *script);
void script_free(struct script *script);

#endif /* SCRIPT_H */
