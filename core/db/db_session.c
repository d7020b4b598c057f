/*
 * db_session.c - makes a connection and gives it the session that every
 * statement of Postern counts on.
 */
#include "db_impl.h"

#include "clock.h"
#include "log.h"

#include <mysqld_error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.db"
#define STATEMENT_MAX_S 30
#define CLOCK_WARN_US CLOCK_US_PER_S
#define CLOCK_REFUSE_US (60 * CLOCK_US_PER_S)
#define CLOCK_WARN_EVERY_US (600 * CLOCK_US_PER_S)

/* Without these no statement means what it says. */
#define REQUIRED                                                               \
    "sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"              \
    "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', autocommit = 1, "          \
    "character_set_connection = utf8mb4, character_set_results = utf8mb4, "    \
    "character_set_client = "

/* The server looks at each byte of a literal, and in UTF-8 asks how long its
   character is: 1 to 4 us for a payload of 600 bytes. sql_text() says itself
   what it is written in; the files of migrations do not. What the connection
   has asked for is not what it got where the server has an init_connect or
   skip_character_set_client_handshake. */
#define FAST_LITERALS "latin1"
#define ANY_LITERALS "utf8mb4"

/* Time-outs that keep one stuck statement from holding up the others; a
   server that does not know or allow one is used all the same. */
static const char *const optional[] = {
    "tx_isolation = 'READ-COMMITTED'",
    "transaction_isolation = 'READ-COMMITTED'",
    "innodb_lock_wait_timeout = 5",
    "lock_wait_timeout = 5",
    "idle_transaction_timeout = 10",
};
#define FIRST_FOR_MYSQL 1 /* tx_isolation under its other name */

static void
start_library(void)
{
    mysql_library_init(0, NULL, NULL);
}

static void
set_options(struct db *db, MYSQL *mysql)
{
    const struct settings *settings = db->settings;
    unsigned timeout_s = (unsigned)settings->db_timeout_s;
    unsigned read_s = db->patient ? 0 : timeout_s;
    unsigned off = 0;
    my_bool no = 0, yes = 1;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (*settings->db_tls_ca != '\0') {
        mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->db_tls_ca);
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
}

static const char *
or_null(const char *text)
{
    return *text == '\0' ? NULL : text;
}

static bool
run(struct db *db, const char *sql)
{
    db->statements++;
    if (mysql_query(db->mysql, sql) == 0)
        return true;
    db_error_take(db, db->mysql);
    return false;
}

/* A little less than our own patience, so that the server gives up first and
   says so. */
static int
statement_s(const struct db *db)
{
    int limit_s = db->settings->db_timeout_s - 1;

    if (db->patient)
        return 0;
    if (limit_s < 1)
        return 1;
    return limit_s < STATEMENT_MAX_S ? limit_s : STATEMENT_MAX_S;
}

static const char *
required(const struct db *db)
{
    return db->patient ? "SET SESSION " REQUIRED ANY_LITERALS
                       : "SET SESSION " REQUIRED FAST_LITERALS;
}

/* One statement where all of it is known; else the required part, and of the
   rest what goes. */
static bool
set_up_piecemeal(struct db *db)
{
    char sql[512];
    size_t i;

    if (!run(db, required(db)))
        return false;
    for (i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        snprintf(sql, sizeof(sql), "SET SESSION %s", optional[i]);
        if (!run(db, sql) && db_error_is_loss(db->error_number))
            return false;
    }
    snprintf(sql, sizeof(sql), "SET SESSION max_statement_time = %d",
             statement_s(db));
    return run(db, sql) || !db_error_is_loss(db->error_number);
}

static bool
set_up(struct db *db)
{
    char sql[1024];
    size_t i, len;

    len = (size_t)snprintf(sql, sizeof(sql), "%s, max_statement_time = %d",
                           required(db), statement_s(db));
    for (i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
        if (i != FIRST_FOR_MYSQL)
            len += (size_t)snprintf(sql + len, sizeof(sql) - len, ", %s",
                                    optional[i]);
    if (run(db, sql))
        return true;
    return !db_error_is_loss(db->error_number) && set_up_piecemeal(db);
}

/* "Now" is the server's clock, so it must not be far from ours. */
static bool
check_clock(struct db *db)
{
    static _Atomic int64_t warned_us = -CLOCK_WARN_EVERY_US;
    int64_t offset_us = db->clock_offset_us;
    int64_t now_us = clock_mono_us();
    long long offset_s =
        (long long)((llabs(offset_us) + CLOCK_US_PER_S / 2) / CLOCK_US_PER_S);
    const char *side = offset_us > 0 ? "ahead of" : "behind";

    if (llabs(offset_us) > CLOCK_REFUSE_US) {
        char text[DB_TEXT_MAX];

        snprintf(text, sizeof(text),
                 "the database server's clock is %lld s %s this machine's: "
                 "set both right (NTP)",
                 offset_s, side);
        db_error_set(db, 0, text);
        return false;
    }
    if (llabs(offset_us) > CLOCK_WARN_US &&
        now_us - atomic_load(&warned_us) > CLOCK_WARN_EVERY_US) {
        atomic_store(&warned_us, now_us);
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("offset_ms", offset_us / CLOCK_US_PER_MS)),
            "The database server's clock is %lld s %s this machine's; "
            "set both right (NTP)",
            offset_s, side);
    }
    return true;
}

/* Reads what the server has to say about itself. */
static bool
get_to_know(struct db *db)
{
    int64_t before_us = clock_wall_us(), after_us;
    const struct slice *row;
    struct db_rows *rows;
    MYSQL_RES *result;
    bool ok = false;

    if (!run(db, "SELECT @@max_allowed_packet, UTC_TIMESTAMP(6)"))
        return false;
    result = mysql_store_result(db->mysql);
    if (result == NULL) {
        db_error_take(db, db->mysql);
        return false;
    }
    after_us = clock_wall_us();
    rows = db_rows_wrap(result);
    row = db_rows_next(rows);
    if (row != NULL) {
        db->max_packet = (size_t)db_u64(row[0], db->max_packet);
        db->clock_offset_us =
            db_time_us(row[1]) - (before_us + (after_us - before_us) / 2);
        ok = check_clock(db);
    }
    db_rows_free(rows);
    return ok;
}

static bool
tls_is_on(struct db *db)
{
    if (*db->settings->db_tls_ca == '\0' ||
        mysql_get_ssl_cipher(db->mysql) != NULL)
        return true;
    db_error_set(db, 0,
                 "db_tls_ca is set, but the database server does not speak "
                 "TLS: the connection was refused");
    return false;
}

/* Who is not let in hears what to look at. */
static void
take_refusal(struct db *db)
{
    static const unsigned refusals[] = {
        ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
        ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR};
    size_t i, len;

    db_error_take(db, db->mysql);
    len = strlen(db->error_text);
    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (refusals[i] == db->error_number)
            snprintf(db->error_text + len, sizeof(db->error_text) - len,
                     "; check db_name, db_user and db_password (`postern "
                     "config show`)");
}

enum db_result
db_session_open(struct db *db)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct settings *settings = db->settings;
    enum db_result result;

    pthread_once(&once, start_library);
    db->mysql = mysql_init(NULL);
    if (db->mysql == NULL) {
        db_error_set(db, 0, "no memory for a connection");
        return DB_AWAY;
    }
    set_options(db, db->mysql);
    db_error_clear(db);
    if (mysql_real_connect(
            db->mysql, or_null(settings->db_host), settings->db_user,
            settings->db_password, or_null(settings->db_name),
            (unsigned)settings->db_port, or_null(settings->db_socket),
            CLIENT_FOUND_ROWS) == NULL)
        take_refusal(db);
    else if (tls_is_on(db) && set_up(db) && get_to_know(db)) {
        db_error_clear(db);
        return DB_OK;
    }
    mysql_close(db->mysql);
    db->mysql = NULL;
    result = db_classify(db->error_number);
    return result == DB_AGAIN || result == DB_AWAY ? DB_AWAY : DB_BROKEN;
}
