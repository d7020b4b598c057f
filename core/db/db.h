/*
 * db.h - one connection to MariaDB, and what its errors mean.
 *
 * A struct db is used by one thread at a time. It connects when first used,
 * sets up its session (strict sql_mode, UTC, READ COMMITTED, utf8mb4, lock and
 * statement time-outs), and after a lost connection connects again at the next
 * db_begin() or statement outside a transaction. Inside a transaction nothing
 * reconnects: the transaction is over.
 *
 * Statements are text, built with sql.h; values arrive as slices of the result
 * set (text protocol).
 */
#ifndef DB_H
#define DB_H

#include "settings.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the caller has to decide between. */
enum db_result {
    DB_OK,
    DB_NONE,      /* asked, and it is not there */
    DB_DUPLICATE, /* a unique key is taken (1062) */
    DB_AGAIN,     /* the transaction was rolled back or never ran: repeat it
                     (1213, 1205, 1020, lost connection before COMMIT) */
    DB_AWAY,      /* no connection to be had now: 503, or wait (2002, 2003,
                     1040, 1203, 1226, 1053, 1047, read-only server) */
    DB_UNKNOWN,   /* lost during COMMIT: it may have happened */
    DB_BROKEN     /* the statement or its data is wrong, or the schema is */
};

struct db; /* opaque */

/* Does not connect yet. settings must outlive the db. */
struct db *db_new(const struct settings *settings);
void db_free(struct db *db);

/* Connects now if it is not connected. DB_OK, DB_AWAY or DB_BROKEN (wrong
   password, unknown database, TLS refused): then db_error_text() says what to
   do. */
enum db_result db_connect(struct db *db) __attribute__((warn_unused_result));
void db_disconnect(struct db *db);
bool db_connected(const struct db *db);
const char *db_name(const struct db *db); /* the database in the settings */

/* What went wrong last, for a log line or a person: never a statement's
   values. Valid until the next call with this db. */
const char *db_error_text(const struct db *db);
unsigned db_error_number(const struct db *db); /* MariaDB errno, 0 = none */

/* The class of a MariaDB error number: the only place that knows them. Outside
   a transaction the class of a lost connection is not the whole answer, see
   db_exec(). */
enum db_result db_classify(unsigned error_number);
const char *db_result_name(enum db_result result);

/* After DB_BROKEN: true if the fault is a value that does not fit its column,
   or a statement larger than max_allowed_packet, so that other rows may do. */
bool db_error_is_of_value(const struct db *db);

enum db_result db_begin(struct db *db) __attribute__((warn_unused_result));
/* DB_OK, DB_AGAIN (it certainly did not happen) or DB_UNKNOWN. */
enum db_result db_commit(struct db *db) __attribute__((warn_unused_result));
void db_rollback(struct db *db); /* harmless outside a transaction */

/* A statement without result rows. affected may be NULL; it counts matched
   rows (CLIENT_FOUND_ROWS is on), also where an UPDATE changed nothing. Outside
   a transaction a connection lost under way gives DB_UNKNOWN: the statement
   commits by itself, and may have done so. */
enum db_result db_exec(struct db *db, struct slice sql, uint64_t *affected)
    __attribute__((warn_unused_result));
uint64_t db_insert_id(const struct db *db);

/*
 * Several statements in one packet: one round trip instead of one for each.
 * They stop at the first that fails; the transaction is then still open (call
 * db_rollback()) and nothing after it has run. Only for a db whose statements
 * are all of our own making: from then on its connection takes several
 * statements in any packet.
 */
struct db_many {
    struct slice sql;      /* separated by ';', without one at the end */
    unsigned count;        /* how many they are */
    bool begins;           /* the first is BEGIN; if not, one is open already */
    bool commits;          /* the last is COMMIT */
    struct db_rows **rows; /* out: what the last statement selects, or NULL */
    unsigned failed;       /* out: index of the one that failed */
};

/* DB_OK; DB_UNKNOWN if the connection was lost and COMMIT may have run; else
   the class of the failed statement's error, with no COMMIT run. */
enum db_result db_exec_many(struct db *db, struct db_many *many)
    __attribute__((warn_unused_result));

/* A statement with result rows, all of them read into memory at once. A SELECT
   outside a transaction is repeated once if the connection is lost. */
struct db_rows;
enum db_result db_query(struct db *db, struct slice sql, struct db_rows **rows)
    __attribute__((warn_unused_result));
/* The first row of the answer. DB_NONE: it has none. *rows is to be freed after
   DB_OK only. */
enum db_result db_query_row(struct db *db, struct slice sql,
                            struct db_rows **rows, const struct slice **row)
    __attribute__((warn_unused_result));
size_t db_rows_count(const struct db_rows *rows);

/* The next row, or NULL. Rows and cells are valid until db_rows_free(); SQL
   NULL has ptr NULL, other cells end with a NUL that len does not count. */
const struct slice *db_rows_next(struct db_rows *rows);
void db_rows_free(struct db_rows *rows);

/* Cells as numbers; NULL or anything else is `fallback`. */
uint64_t db_u64(struct slice cell, uint64_t fallback);
int64_t db_i64(struct slice cell, int64_t fallback);
/* TIMESTAMP/DATETIME text as microseconds UTC, 0 for NULL. */
int64_t db_time_us(struct slice cell);

/* The database's clock, from the difference measured when the connection was
   made; our own clock before that. */
int64_t db_now_us(const struct db *db);

/* For migrations: statements may run as long as they need. Takes effect with
   the next connection, so it closes the present one. */
void db_set_patient(struct db *db, bool patient);

/* max_allowed_packet of this connection, bytes (16 MiB before it connects). */
size_t db_max_packet(const struct db *db);

/* Statements sent since db_new(), for measurements. */
uint64_t db_statements(const struct db *db);

/*
 * A bounded pool of connections for request threads. db_pool_take() waits for
 * a free one (bounded by db_timeout_s, then NULL); unused ones are closed
 * after settings->db_idle_s by db_pool_reap().
 */
struct db_pool;
struct db_pool *db_pool_new(const struct settings *settings, unsigned size);
void db_pool_free(struct db_pool *pool);
struct db *db_pool_take(struct db_pool *pool);
void db_pool_give(struct db_pool *pool, struct db *db);
void db_pool_reap(struct db_pool *pool);

#endif /* DB_H */
