/*
 * db.c - statements and transactions on one connection.
 */
#include "db_impl.h"

#include "alloc.h"
#include "clock.h"

#include <assert.h>
#include <errmsg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_MAX_PACKET ((size_t)16 << 20)

struct db *
db_new(const struct settings *settings)
{
    struct db *db = xcalloc(1, sizeof(*db));

    db->settings = settings;
    db->max_packet = DEFAULT_MAX_PACKET;
    return db;
}

void
db_free(struct db *db)
{
    if (db == NULL)
        return;
    db_disconnect(db);
    free(db);
}

enum db_result
db_connect(struct db *db)
{
    if (db->mysql != NULL)
        return DB_OK;
    db->takes_many = false;
    return db_session_open(db);
}

void
db_disconnect(struct db *db)
{
    if (db->mysql != NULL)
        mysql_close(db->mysql);
    db->mysql = NULL;
}

bool
db_connected(const struct db *db)
{
    return db->mysql != NULL;
}

const char *
db_name(const struct db *db)
{
    return db->settings->db_name;
}

const char *
db_error_text(const struct db *db)
{
    return db->error_text;
}

unsigned
db_error_number(const struct db *db)
{
    return db->error_number;
}

/*
 * Has the server closed a connection that we did not use for a while? Then
 * there is something to read (the end, or its last words). With TLS there may
 * always be something to read, so there it shows at the next statement only.
 */
static bool
has_gone_stale(struct db *db)
{
    char byte;
    ssize_t got;

    if (mysql_get_ssl_cipher(db->mysql) != NULL)
        return false;
    got = recv(mysql_get_socket(db->mysql), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* For use outside a transaction. */
static enum db_result
ensure_connected(struct db *db)
{
    if (db->mysql != NULL && has_gone_stale(db))
        db_disconnect(db);
    return db_connect(db);
}

static bool
lost_in_transaction(struct db *db)
{
    if (!db->in_transaction || db->mysql != NULL)
        return false;
    db_error_set(db, CR_SERVER_LOST,
                 "the connection was lost inside the transaction");
    return true;
}

/* After a call of the library has failed: keeps the error, gives up a
   connection that is of no more use. */
static void
take_error(struct db *db)
{
    db_error_take(db, db->mysql);
    if (db_error_is_loss(db->error_number))
        db_disconnect(db);
}

static bool
send_text(struct db *db, struct slice sql)
{
    db->statements++;
    db_error_clear(db);
    if (mysql_real_query(db->mysql, sql.ptr, (unsigned long)sql.len) == 0)
        return true;
    take_error(db);
    return false;
}

enum db_result
db_begin(struct db *db)
{
    enum db_result result;
    int tries;

    db_rollback(db); /* a BEGIN would commit what is open */
    for (tries = 0; tries < 2; tries++) {
        result = ensure_connected(db);
        if (result != DB_OK)
            return result;
        if (send_text(db, SLICE("BEGIN"))) {
            db->in_transaction = true;
            return DB_OK;
        }
        if (!db_error_is_loss(db->error_number))
            break;
    }
    return db_classify(db->error_number);
}

/* What a failed COMMIT means. */
static enum db_result
commit_failed(struct db *db)
{
    if (db_error_is_rollback(db->error_number)) {
        db->in_transaction = true;
        db_rollback(db);
        return DB_AGAIN;
    }
    db_disconnect(db);
    return DB_UNKNOWN;
}

enum db_result
db_commit(struct db *db)
{
    assert(db->in_transaction);
    if (lost_in_transaction(db)) {
        db->in_transaction = false;
        return DB_AGAIN;
    }
    db->in_transaction = false;
    if (send_text(db, SLICE("COMMIT")))
        return DB_OK;
    return commit_failed(db);
}

void
db_rollback(struct db *db)
{
    unsigned number = db->error_number;

    if (!db->in_transaction)
        return;
    db->in_transaction = false;
    if (db->mysql == NULL)
        return;
    /* The error that led here is the one to report. */
    db->statements++;
    if (mysql_real_query(db->mysql, "ROLLBACK", 8) != 0)
        db_disconnect(db);
    db->error_number = number;
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

    if (lost_in_transaction(db))
        return DB_AGAIN;
    for (tries = 0; tries < 2; tries++) {
        if (!db->in_transaction) {
            result = ensure_connected(db);
            if (result != DB_OK)
                return result;
        }
        if (send_text(db, sql) && skip_rows(db)) {
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

    if (lost_in_transaction(db))
        return DB_AGAIN;
    for (tries = 0; tries < 2; tries++) {
        if (!db->in_transaction) {
            result = ensure_connected(db);
            if (result != DB_OK)
                return result;
        }
        if (send_text(db, sql) && store_rows(db, rows))
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
        return commit_failed(db);
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
        result = ensure_connected(db);
        if (result != DB_OK)
            return result;
    }
    if (lost_in_transaction(db))
        return DB_AGAIN;
    if (!allow_many(db))
        return db_classify(db->error_number);
    db->in_transaction = true;
    db->statements += many->count - 1;
    if (!send_text(db, many->sql) || !read_answers(db, many, &rows)) {
        db_rows_free(rows);
        return many_failed(db, many);
    }
    if (many->commits)
        db->in_transaction = false;
    if (many->rows != NULL)
        *many->rows = rows;
    return DB_OK;
}

int64_t
db_now_us(const struct db *db)
{
    return clock_wall_us() + db->clock_offset_us;
}

void
db_set_patient(struct db *db, bool patient)
{
    db_rollback(db);
    db_disconnect(db);
    db->patient = patient;
}

size_t
db_max_packet(const struct db *db)
{
    return db->max_packet;
}

uint64_t
db_statements(const struct db *db)
{
    return db->statements;
}
