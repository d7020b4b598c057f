/*
 * db_impl.h - what the files behind db.h share; nobody else includes it.
 */
#ifndef DB_IMPL_H
#define DB_IMPL_H

#include "db.h"

#include <mysql.h>

#define DB_TEXT_MAX 512

struct db {
    const struct settings *settings;
    MYSQL *mysql;        /* NULL: not connected */
    bool in_transaction; /* also after its connection was lost */
    bool patient;
    bool takes_many; /* this connection accepts several statements at once */
    unsigned error_number;
    char error_text[DB_TEXT_MAX];
    uint64_t statements;
    size_t max_packet;
    int64_t clock_offset_us; /* server's clock minus ours */
    int64_t used_mono_us;    /* when the pool got it back */
};

/* db.c: for use outside a transaction: connects again if the server has closed
   the connection meanwhile. */
enum db_result db_ensure_connected(struct db *db);

/* True, with the error set: the connection went inside the transaction. */
bool db_lost_in_transaction(struct db *db);

/* What a COMMIT that failed means, by the error that was kept: DB_AGAIN, or
   DB_UNKNOWN on a connection that is given up. */
enum db_result db_commit_failed(struct db *db);

/* db_statement.c: sends a statement, whose answer is still to be read. False:
   the error is kept, a connection that is of no more use given up. */
bool db_send(struct db *db, struct slice sql);

/* db_session.c: makes db->mysql, or sets the error. */
enum db_result db_session_open(struct db *db);

/* db_error.c: keeps number and a text that shows no values. */
void db_error_set(struct db *db, unsigned number, const char *text);
void db_error_take(struct db *db, MYSQL *mysql);
void db_error_clear(struct db *db);

/* The connection is gone, or is about to go. */
bool db_error_is_loss(unsigned number);

/* The server itself has ended the transaction, COMMIT included. */
bool db_error_is_rollback(unsigned number);

/* db_rows.c: takes the result over. */
struct db_rows *db_rows_wrap(MYSQL_RES *result);

#endif /* DB_IMPL_H */
