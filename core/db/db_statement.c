/*
 * db_statement.c - statements and what the server answers to them.
 */
#include "db_impl.h"

#include <errmsg.h>
#include <string.h>

/* After a call of the library has failed: keeps the error, gives up a
   connection that is of no more use. */
static void
take_error(struct db *db)
{
    db_error_take(db, db->mysql);
    if (db_error_is_loss(db->error_number))
        db_disconnect(db);
}

bool
db_send(struct db *db, struct slice sql)
{
    db->statements++;
    db_error_clear(db);
    if (mysql_real_query(db->mysql, sql.ptr, (unsigned long)sql.len) == 0)
        return true;
    take_error(db);
    return false;
}

/* Statements of db_exec() have no rows; should one have some, they must be
   read all the same. */
static bool
skip_rows(struct db *db)
{
    MYSQL_RES *result;

    if (mysql_field_count(db->mysql) == 0)
        return true;
    result = mysql_store_result(db->mysql);
    if (result == NULL) {
        take_error(db);
        return false;
    }
    mysql_free_result(result);
    return true;
}

enum db_result
db_exec(struct db *db, struct slice sql, uint64_t *affected)
{
    enum db_result result;
    int tries;

    if (db_lost_in_transaction(db))
        return DB_AGAIN;
    for (tries = 0; tries < 2; tries++) {
        if (!db->in_transaction) {
            result = db_ensure_connected(db);
            if (result != DB_OK)
                return result;
        }
        if (db_send(db, sql) && skip_rows(db)) {
            if (affected != NULL)
                *affected = mysql_affected_rows(db->mysql);
            return DB_OK;
        }
        /* One that could not be sent is sent again. */
        if (db->in_transaction || db->error_number != CR_SERVER_GONE_ERROR)
            break;
    }
    if (!db->in_transaction && db->mysql == NULL &&
        db->error_number != CR_SERVER_GONE_ERROR)
        return DB_UNKNOWN;
    return db_classify(db->error_number);
}

uint64_t
db_insert_id(const struct db *db)
{
    return db->mysql == NULL ? 0 : mysql_insert_id(db->mysql);
}

/* Reads the result of the statement just sent. */
static bool
store_rows(struct db *db, struct db_rows **rows)
{
    MYSQL_RES *result = mysql_store_result(db->mysql);

    if (result != NULL) {
        *rows = db_rows_wrap(result);
        return true;
    }
    if (mysql_errno(db->mysql) != 0)
        take_error(db);
    else
        db_error_set(db, 0, "the statement has no rows to read");
    return false;
}

/* A read may be repeated. */
static bool
is_read(struct slice sql)
{
    return sql.len > 7 && (memcmp(sql.ptr, "SELECT", 6) == 0 ||
                           memcmp(sql.ptr, "(SELECT", 7) == 0);
}

enum db_result
db_query(struct db *db, struct slice sql, struct db_rows **rows)
{
    enum db_result result;
    int tries;

    if (db_lost_in_transaction(db))
        return DB_AGAIN;
    for (tries = 0; tries < 2; tries++) {
        if (!db->in_transaction) {
            result = db_ensure_connected(db);
            if (result != DB_OK)
                return result;
        }
        if (db_send(db, sql) && store_rows(db, rows))
            return DB_OK;
        if (db->mysql != NULL || db->in_transaction || !is_read(sql))
            break;
    }
    return db->error_number == 0 ? DB_BROKEN : db_classify(db->error_number);
}

/* Once for each connection: the server has to be told. */
static bool
allow_many(struct db *db)
{
    if (db->takes_many)
        return true;
    db->statements++;
    if (mysql_set_server_option(db->mysql, MYSQL_OPTION_MULTI_STATEMENTS_ON) !=
        0) {
        take_error(db);
        return false;
    }
    db->takes_many = true;
    return true;
}

/* Reads the answers one by one. False: many->failed says which is an error. */
static bool
read_answers(struct db *db, struct db_many *many, struct db_rows **rows)
{
    for (many->failed = 0; many->failed < many->count; many->failed++) {
        bool last = many->failed == many->count - 1;
        int more;

        if (last && many->rows != NULL) {
            if (!store_rows(db, rows))
                return false;
        } else if (!skip_rows(db)) {
            return false;
        }
        more = mysql_next_result(db->mysql);
        if (more > 0) {
            many->failed++;
            take_error(db);
            return false;
        }
        if ((more < 0) != last) { /* more or fewer than the caller counted */
            db_error_set(db, 0, "wrong number of statements");
            db_disconnect(db);
            return false;
        }
    }
    return true;
}

static enum db_result
many_failed(struct db *db, struct db_many *many)
{
    bool at_commit = many->commits && many->failed >= many->count - 1;

    if (db->error_number == 0) { /* no error of the server but our own */
        db->in_transaction = false;
        return DB_BROKEN;
    }
    if (many->begins && many->failed == 0 && db->mysql != NULL)
        db->in_transaction = false;
    if (at_commit) {
        db->in_transaction = false;
        return db_commit_failed(db);
    }
    /* Without an answer of the server it may have gone on to the COMMIT; a
       packet that could not be sent whole was not even read. */
    if (many->commits && db->mysql == NULL &&
        db->error_number >= CR_MIN_ERROR &&
        db->error_number != CR_SERVER_GONE_ERROR) {
        db->in_transaction = false;
        return DB_UNKNOWN;
    }
    return db_classify(db->error_number);
}

enum db_result
db_exec_many(struct db *db, struct db_many *many)
{
    struct db_rows *rows = NULL;
    enum db_result result;

    many->failed = 0;
    if (many->begins) {
        db_rollback(db);
        result = db_ensure_connected(db);
        if (result != DB_OK)
            return result;
    }
    if (db_lost_in_transaction(db))
        return DB_AGAIN;
    if (!allow_many(db))
        return db_classify(db->error_number);
    db->in_transaction = true;
    db->statements += many->count - 1;
    if (!db_send(db, many->sql) || !read_answers(db, many, &rows)) {
        db_rows_free(rows);
        return many_failed(db, many);
    }
    if (many->commits)
        db->in_transaction = false;
    if (many->rows != NULL)
        *many->rows = rows;
    return DB_OK;
}
