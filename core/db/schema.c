/*
 * schema.c - applies migrations and knows which ones are there.
 */
#include "schema.h"

#include "alloc.h"
#include "clock.h"
#include "encode.h"
#include "partitions.h"
#include "sql.h"
#include "upkeep.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define NO_SUCH_TABLE 1146
#define LOCK_WAIT_S "30"
#define LOCK_NAME "CONCAT('postern.', MD5(DATABASE()))"
#define EXCERPT 60 /* bytes of a statement that an error shows */
#define STATEMENT_MAX 4096
#define CHECKSUM_MAX (2 * SHA256_DIGEST_LENGTH + 1)

struct applied {
    uint32_t version;
    char checksum[CHECKSUM_MAX];
};

struct applied_list {
    struct applied *list; /* ascending */
    size_t count;
};

static void
checksum_of(const struct migration *migration, char out[CHECKSUM_MAX])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256((const uint8_t *)migration->sql, migration->sql_len, digest);
    encode_hex(digest, sizeof(digest), out);
}

static enum db_result
read_applied(struct db *db, struct applied_list *applied)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;
    size_t i;

    result = db_query(db,
                      SLICE("SELECT version, checksum FROM schema_migrations "
                            "ORDER BY version"),
                      &rows);
    *applied = (struct applied_list){NULL, 0};
    if (result == DB_BROKEN && db_error_number(db) == NO_SUCH_TABLE)
        return DB_OK; /* an empty database */
    if (result != DB_OK)
        return result;
    applied->list = xcalloc(db_rows_count(rows), sizeof(*applied->list));
    for (i = 0; (row = db_rows_next(rows)) != NULL; i++) {
        struct applied *one = &applied->list[i];

        one->version = (uint32_t)db_u64(row[0], 0);
        if (row[1].ptr != NULL && row[1].len < sizeof(one->checksum))
            memcpy(one->checksum, row[1].ptr, row[1].len);
    }
    applied->count = i;
    db_rows_free(rows);
    return DB_OK;
}

static const struct applied *
find_applied(const struct applied_list *applied, uint32_t version)
{
    size_t i;

    for (i = 0; i < applied->count; i++)
        if (applied->list[i].version == version)
            return &applied->list[i];
    return NULL;
}

/* The first migration that was applied in another form, or NULL. */
static const struct migration *
find_changed(const struct applied_list *applied)
{
    char checksum[CHECKSUM_MAX];
    size_t i;

    for (i = 0; i < schema_migration_count; i++) {
        const struct applied *one =
            find_applied(applied, schema_migrations[i].version);

        if (one == NULL)
            continue;
        checksum_of(&schema_migrations[i], checksum);
        if (strcmp(checksum, one->checksum) != 0)
            return &schema_migrations[i];
    }
    return NULL;
}

/* The first migration that is not there yet, or NULL. */
static const struct migration *
find_missing(const struct applied_list *applied)
{
    size_t i;

    for (i = 0; i < schema_migration_count; i++)
        if (find_applied(applied, schema_migrations[i].version) == NULL)
            return &schema_migrations[i];
    return NULL;
}

static uint32_t
known_version(void)
{
    return schema_migrations[schema_migration_count - 1].version;
}

static uint32_t
applied_version(const struct applied_list *applied)
{
    return applied->count == 0 ? 0 : applied->list[applied->count - 1].version;
}

enum db_result
schema_read_status(struct db *db, struct schema_status *status)
{
    const struct migration *changed;
    struct applied_list applied;
    enum db_result result = read_applied(db, &applied);

    if (result != DB_OK)
        return result;
    changed = find_changed(&applied);
    *status = (struct schema_status){
        .applied = applied_version(&applied),
        .known = known_version(),
        .changed = changed == NULL ? 0 : changed->version,
    };
    free(applied.list);
    return DB_OK;
}

static void
say_changed(struct db *db, const struct migration *changed, struct buf *why)
{
    buf_addf(why,
             "database %s got another form of migration %04u_%s than this "
             "program has: program and database are not of the same release",
             db_name(db), (unsigned)changed->version, changed->name);
}

enum db_result
schema_check(struct db *db, struct buf *why)
{
    const struct migration *changed, *missing;
    struct applied_list applied;
    enum db_result result = read_applied(db, &applied);

    if (result != DB_OK) {
        buf_addf(why, "cannot read the schema of database %s: %s", db_name(db),
                 db_error_text(db));
        return result == DB_BROKEN ? DB_BROKEN : DB_AWAY;
    }
    changed = find_changed(&applied);
    missing = find_missing(&applied);
    if (applied.count == 0) {
        result = DB_BROKEN;
        buf_addf(why,
                 "database %s has no tables of Postern yet: run `postern "
                 "migrate up`",
                 db_name(db));
    } else if (changed != NULL) {
        result = DB_BROKEN;
        say_changed(db, changed, why);
    } else if (missing != NULL) {
        result = DB_BROKEN;
        buf_addf(why,
                 "database %s has schema %u, this program needs %u: run "
                 "`postern migrate up`",
                 db_name(db), (unsigned)(missing->version - 1),
                 (unsigned)known_version());
    }
    free(applied.list);
    return result;
}

/* The start of a statement on one line. */
static void
add_excerpt(struct buf *out, struct slice statement)
{
    size_t i, len = statement.len < EXCERPT ? statement.len : EXCERPT;

    for (i = 0; i < len; i++)
        buf_add_char(out, isspace((unsigned char)statement.ptr[i])
                              ? ' '
                              : statement.ptr[i]);
    if (len < statement.len)
        buf_add_text(out, "...");
}

static enum db_result
run_statements(struct db *db, const struct migration *migration,
               struct buf *why)
{
    enum db_result result = DB_OK;
    struct slice statement;
    size_t at = 0;

    while (result == DB_OK &&
           schema_next_statement(migration, &at, &statement)) {
        result = db_exec(db, statement, NULL);
        if (result == DB_OK)
            continue;
        buf_addf(why, "migration %04u_%s: ", (unsigned)migration->version,
                 migration->name);
        add_excerpt(why, statement);
        buf_addf(why, ": %s", db_error_text(db));
    }
    return result;
}

static enum db_result
record(struct db *db, const struct migration *migration, int64_t took_us)
{
    struct buf sql = BUF_INIT(STATEMENT_MAX);
    char checksum[CHECKSUM_MAX];
    enum db_result result;

    checksum_of(migration, checksum);
    sql_raw(&sql, "INSERT INTO schema_migrations "
                  "(version, name, checksum, duration_ms) VALUES (");
    sql_u64(&sql, migration->version);
    sql_raw(&sql, ", ");
    sql_text(&sql, slice_of(migration->name));
    sql_raw(&sql, ", ");
    sql_text(&sql, slice_of(checksum));
    sql_raw(&sql, ", ");
    sql_i64(&sql, took_us / CLOCK_US_PER_MS);
    sql_raw(&sql, ")");
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

static enum db_result
apply(struct db *db, const struct migration *migration, struct buf *why)
{
    int64_t start_us = clock_mono_us();
    enum db_result result = run_statements(db, migration, why);

    if (result == DB_OK) {
        result = record(db, migration, clock_mono_us() - start_us);
        if (result != DB_OK)
            buf_addf(why, "migration %04u_%s: %s", (unsigned)migration->version,
                     migration->name, db_error_text(db));
    }
    return result;
}

/* A named lock of the server; it goes with the connection. Galera does not
   know such locks across nodes: migrations are started by hand, once. */
static enum db_result
lock(struct db *db, struct buf *why)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;

    result = db_query(
        db, SLICE("SELECT GET_LOCK(" LOCK_NAME ", " LOCK_WAIT_S ")"), &rows);
    if (result != DB_OK) {
        buf_addf(why, "database %s: %s", db_name(db), db_error_text(db));
        return result;
    }
    row = db_rows_next(rows);
    if (row == NULL || !slice_is(row[0], "1")) {
        buf_addf(why, "another `postern migrate` is at work in database %s",
                 db_name(db));
        result = DB_AGAIN;
    }
    db_rows_free(rows);
    return result;
}

static enum db_result
create_table(struct db *db, struct buf *why)
{
    enum db_result result =
        db_exec(db,
                SLICE("CREATE TABLE IF NOT EXISTS schema_migrations ("
                      "version INT UNSIGNED NOT NULL PRIMARY KEY, "
                      "name VARCHAR(100) CHARACTER SET ascii NOT NULL, "
                      "checksum CHAR(64) CHARACTER SET ascii NOT NULL "
                      "COMMENT 'SHA-256 of the file', "
                      "applied_at TIMESTAMP(6) NOT NULL "
                      "DEFAULT CURRENT_TIMESTAMP(6), "
                      "duration_ms INT UNSIGNED NOT NULL) ENGINE=InnoDB"),
                NULL);

    if (result != DB_OK)
        buf_addf(why, "database %s: %s", db_name(db), db_error_text(db));
    return result;
}

static enum db_result
migrate_locked(struct db *db,
               void (*told)(void *arg, const struct migration *step), void *arg,
               struct buf *why)
{
    const struct migration *changed;
    struct applied_list applied = {NULL, 0};
    enum db_result result = create_table(db, why);
    size_t i;

    if (result != DB_OK)
        return result;
    result = read_applied(db, &applied);
    if (result != DB_OK) {
        buf_addf(why, "database %s: %s", db_name(db), db_error_text(db));
        return result;
    }
    changed = find_changed(&applied);
    if (changed != NULL) {
        say_changed(db, changed, why);
        result = DB_BROKEN;
    }
    for (i = 0; result == DB_OK && i < schema_migration_count; i++) {
        const struct migration *step = &schema_migrations[i];

        if (find_applied(&applied, step->version) != NULL)
            continue;
        if (told != NULL)
            told(arg, step);
        result = apply(db, step, why);
    }
    free(applied.list);
    return result;
}

enum db_result
schema_migrate(struct db *db,
               void (*told)(void *arg, const struct migration *step), void *arg,
               struct buf *why)
{
    enum db_result result;
    bool locked;

    db_set_patient(db, true);
    result = lock(db, why);
    locked = result == DB_OK;
    if (result == DB_OK)
        result = migrate_locked(db, told, arg, why);
    if (result == DB_OK) {
        result = partitions_make(db, db_now_us(db));
        if (result != DB_OK)
            buf_addf(why, "cannot make the partitions of the coming days: %s",
                     db_error_text(db));
    }
    if (locked &&
        db_exec(db, SLICE("DO RELEASE_LOCK(" LOCK_NAME ")"), NULL) != DB_OK)
        db_disconnect(db); /* the lock goes with it */
    db_set_patient(db, false);
    return result;
}

enum db_result
schema_keep_partitions(struct db *db, const struct settings *settings)
{
    struct upkeep upkeep = {.settings = NULL};
    enum db_result result;
    bool done;

    upkeep_begin(&upkeep, settings, UPKEEP_CLEANUP_NEVER);
    do
        result = upkeep_step(&upkeep, db, &done);
    while (!done);
    return result == DB_AGAIN ? DB_OK : result; /* the next call repeats it */
}
