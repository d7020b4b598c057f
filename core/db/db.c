/*
 * db.c - one connection and its transactions.
 */
#include "db_impl.h"

#include "alloc.h"
#include "clock.h"

#include <assert.h>
#include <errmsg.h>
#include <errno.h>
#include <stdlib.h>
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

enum db_result
db_ensure_connected(struct db *db)
{
    if (db->mysql != NULL && has_gone_stale(db))
        db_disconnect(db);
    return db_connect(db);
}

bool
db_lost_in_transaction(struct db *db)
{
    if (!db->in_transaction || db->mysql != NULL)
        return false;
    db_error_set(db, CR_SERVER_LOST,
                 "the connection was lost inside the transaction");
    return true;
}

enum db_result
db_begin(struct db *db)
{
    enum db_result result;
    int tries;

    db_rollback(db); /* a BEGIN would commit what is open */
    for (tries = 0; tries < 2; tries++) {
        result = db_ensure_connected(db);
        if (result != DB_OK)
            return result;
        if (db_send(db, SLICE("BEGIN"))) {
            db->in_transaction = true;
            return DB_OK;
        }
        if (!db_error_is_loss(db->error_number))
            break;
    }
    return db_classify(db->error_number);
}

enum db_result
db_commit_failed(struct db *db)
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
    if (db_lost_in_transaction(db)) {
        db->in_transaction = false;
        return DB_AGAIN;
    }
    db->in_transaction = false;
    if (db_send(db, SLICE("COMMIT")))
        return DB_OK;
    return db_commit_failed(db);
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
