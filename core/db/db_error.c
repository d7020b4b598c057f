/*
 * db_error.c - what MariaDB's error numbers mean, and their text without the
 * values it quotes.
 */
#include "db_impl.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

/* Numbers that the headers of the client library do not name. */
enum {
    ERROR_WRITING_FILE = 3,
    ERROR_RECORD_CHANGED = 1020,
    ERROR_STATEMENT_TIMEOUT = 1969,
    ERROR_MASTER_READ_ONLY = 1836,
    ERROR_READ_ONLY_TRANSACTION = 1792,
    ERROR_CONNECTION_KILLED = 1927
};

/* Everything that is not here is DB_BROKEN. */
static const struct {
    unsigned number;
    enum db_result class;
    bool loss; /* the connection is of no more use */
} classes[] = {
    {ER_DUP_ENTRY, DB_DUPLICATE, false},
    {ER_DUP_KEY, DB_DUPLICATE, false},
    {ER_DUP_ENTRY_WITH_KEY_NAME, DB_DUPLICATE, false},

    {ER_LOCK_DEADLOCK, DB_AGAIN, false},
    {ER_LOCK_WAIT_TIMEOUT, DB_AGAIN, false},
    {ERROR_RECORD_CHANGED, DB_AGAIN, false},
    {ERROR_STATEMENT_TIMEOUT, DB_AGAIN, false},
    {ER_QUERY_INTERRUPTED, DB_AGAIN, false},
    {ER_LOCK_TABLE_FULL, DB_AGAIN, false},
    {ER_TABLE_DEF_CHANGED, DB_AGAIN, false},
    {ER_TOO_MANY_CONCURRENT_TRXS, DB_AGAIN, false},
    {ER_NET_READ_ERROR, DB_AGAIN, true},
    {ER_NET_READ_INTERRUPTED, DB_AGAIN, true},
    {ER_NET_ERROR_ON_WRITE, DB_AGAIN, true},
    {ER_NET_WRITE_INTERRUPTED, DB_AGAIN, true},
    {ERROR_CONNECTION_KILLED, DB_AGAIN, true},
    {CR_SERVER_GONE_ERROR, DB_AGAIN, true},
    {CR_SERVER_LOST, DB_AGAIN, true},
    {CR_SERVER_LOST_EXTENDED, DB_AGAIN, true},
    {CR_ERR_NET_READ, DB_AGAIN, true},
    {CR_ERR_NET_WRITE, DB_AGAIN, true},

    {CR_SOCKET_CREATE_ERROR, DB_AWAY, true},
    {CR_CONNECTION_ERROR, DB_AWAY, true},
    {CR_CONN_HOST_ERROR, DB_AWAY, true},
    {CR_UNKNOWN_HOST, DB_AWAY, true},
    {CR_SERVER_HANDSHAKE_ERR, DB_AWAY, true},
    {ER_CON_COUNT_ERROR, DB_AWAY, true},
    {ER_TOO_MANY_USER_CONNECTIONS, DB_AWAY, true},
    {ER_USER_LIMIT_REACHED, DB_AWAY, true},
    {ER_HOST_IS_BLOCKED, DB_AWAY, true},
    {ER_CANT_CREATE_THREAD, DB_AWAY, true},
    {ER_SERVER_SHUTDOWN, DB_AWAY, true},
    {ER_ABORTING_CONNECTION, DB_AWAY, true},
    {ER_UNKNOWN_COM_ERROR, DB_AWAY, true},          /* Galera: node not ready */
    {ER_OPTION_PREVENTS_STATEMENT, DB_AWAY, false}, /* --read-only */
    {ERROR_READ_ONLY_TRANSACTION, DB_AWAY, false},
    {ERROR_MASTER_READ_ONLY, DB_AWAY, false},
    {ER_OUT_OF_RESOURCES, DB_AWAY, false},
    {ER_DISK_FULL, DB_AWAY, false},
    {ER_RECORD_FILE_FULL, DB_AWAY, false},
    {ER_ERROR_ON_WRITE, DB_AWAY, false},
    {ERROR_WRITING_FILE, DB_AWAY, false},
};

enum db_result
db_classify(unsigned error_number)
{
    size_t i;

    if (error_number == 0)
        return DB_OK;
    for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (classes[i].number == error_number)
            return classes[i].class;
    return DB_BROKEN;
}

bool
db_error_is_loss(unsigned number)
{
    size_t i;

    for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (classes[i].number == number)
            return classes[i].loss;
    return false;
}

bool
db_error_is_of_value(const struct db *db)
{
    static const unsigned numbers[] = {
        ER_DATA_TOO_LONG,         ER_WARN_DATA_OUT_OF_RANGE,
        ER_TRUNCATED_WRONG_VALUE, ER_TRUNCATED_WRONG_VALUE_FOR_FIELD,
        ER_BAD_NULL_ERROR,        ER_TOO_BIG_ROWSIZE,
        ER_NET_PACKET_TOO_LARGE,  ER_CONSTRAINT_FAILED,
    };
    size_t i;

    /* Our own word for a packet that was not even sent has no number. */
    if (db->error_number == 0)
        return db_connected(db);
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i] == db->error_number)
            return true;
    return false;
}

bool
db_error_is_rollback(unsigned number)
{
    return number == ER_LOCK_DEADLOCK || number == ER_LOCK_WAIT_TIMEOUT ||
           number == ERROR_RECORD_CHANGED;
}

const char *
db_result_name(enum db_result result)
{
    static const char *const names[] = {
        [DB_OK] = "ok",
        [DB_NONE] = "none",
        [DB_DUPLICATE] = "duplicate",
        [DB_AGAIN] = "again",
        [DB_AWAY] = "away",
        [DB_UNKNOWN] = "unknown",
        [DB_BROKEN] = "broken",
    };

    return names[result];
}

/* Errors of the server whose text quotes names only, never a value. */
static bool
text_is_harmless(unsigned number)
{
    static const unsigned harmless[] = {
        ER_DBACCESS_DENIED_ERROR,
        ER_ACCESS_DENIED_ERROR,
        ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
        ER_BAD_DB_ERROR,
        ER_BAD_NULL_ERROR,
        ER_BAD_FIELD_ERROR,
        ER_NO_SUCH_TABLE,
        ER_TABLE_EXISTS_ERROR,
        ER_TABLEACCESS_DENIED_ERROR,
        ER_COLUMNACCESS_DENIED_ERROR,
        ER_SPECIFIC_ACCESS_DENIED_ERROR,
        ER_USER_LIMIT_REACHED,
        ER_NO_DEFAULT_FOR_FIELD,
        ER_WARN_DATA_OUT_OF_RANGE,
        ER_DATA_TOO_LONG,
        ER_UNKNOWN_SYSTEM_VARIABLE,
        ER_OPTION_PREVENTS_STATEMENT,
    };
    size_t i;

    for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (harmless[i] == number)
            return true;
    return number >= CR_MIN_ERROR;
}

void
db_error_set(struct db *db, unsigned number, const char *text)
{
    const char *first = strchr(text, '\'');
    const char *last = strrchr(text, '\'');

    db->error_number = number;
    if (number == 0 || text_is_harmless(number) || first == last)
        snprintf(db->error_text, sizeof(db->error_text), "%s", text);
    else /* a value may hold quotes itself: everything between them goes */
        snprintf(db->error_text, sizeof(db->error_text), "%.*s'...'%s",
                 (int)(first - text), text, last + 1);
}

void
db_error_take(struct db *db, MYSQL *mysql)
{
    db_error_set(db, mysql_errno(mysql), mysql_error(mysql));
}

void
db_error_clear(struct db *db)
{
    db->error_number = 0;
    db->error_text[0] = '\0';
}
