/*
 * insert.h - one INSERT of many rows, sent in pieces that fit a packet.
 *
 * Rows are written with sql.h into insert->sql between insert_row() and
 * insert_row_end(). The first error stops all sending; insert_finish() reports
 * it. Use it inside a transaction: earlier pieces may have been sent.
 */
#ifndef INSERT_H
#define INSERT_H

#include "buf.h"
#include "db.h"

#include <stddef.h>
#include <stdint.h>

struct insert {
    struct buf sql; /* the statement being written */
    struct db *db;
    const char *head; /* "INSERT INTO t (a,b) VALUES " */
    const char *tail; /* " ON DUPLICATE KEY UPDATE ...", or "" */
    size_t packet;    /* bytes a statement may have */
    uint64_t rows;    /* written so far */
    enum db_result result;
};

void insert_begin(struct insert *insert, struct db *db, const char *head,
                  const char *tail);

/* Starts a row that holds about `bytes` of values from outside. */
void insert_row(struct insert *insert, size_t bytes);
void insert_row_end(struct insert *insert);

/* Sends what is left and frees the memory. DB_OK also for no rows at all. */
enum db_result insert_finish(struct insert *insert)
    __attribute__((warn_unused_result));

#endif /* INSERT_H */
