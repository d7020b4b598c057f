/*
 * schema.h - the numbered migrations, and whether this database has them.
 *
 * sql/NNNN_name.sql are compiled into the programs. Table schema_migrations
 * (version, name, checksum, applied_at, duration_ms) says what was applied;
 * forward only; a changed checksum of an applied file is an error; every
 * statement can be repeated, because MariaDB commits DDL by itself.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "buf.h"
#include "db.h"

#include <stddef.h>
#include <stdint.h>

struct migration {
    uint32_t version;
    const char *name; /* "configuration" */
    const char *sql;
    size_t sql_len;
};

extern const struct migration schema_migrations[]; /* ascending */
extern const size_t schema_migration_count;

struct schema_status {
    uint32_t applied; /* highest version in the database, 0 = empty */
    uint32_t known;   /* highest version of this program */
    uint32_t changed; /* first applied version whose checksum differs, or 0 */
};

enum db_result schema_read_status(struct db *db, struct schema_status *status)
    __attribute__((warn_unused_result));

/*
 * For responders and workers at start: DB_OK when the database has every
 * migration this program needs (one newer is fine). DB_BROKEN: *why is one
 * clear line ("database postern has schema 3, this program needs 5: run
 * `postern migrate up`"). DB_AWAY: could not ask.
 */
enum db_result schema_check(struct db *db, struct buf *why)
    __attribute__((warn_unused_result));

/* Calls `told` before each migration it applies. DB_AGAIN: another one is at
   work. Any failure has *why say so in one line. */
enum db_result
schema_migrate(struct db *db,
               void (*told)(void *arg, const struct migration *step), void *arg,
               struct buf *why) __attribute__((warn_unused_result));

/* Splits a migration into statements: the next one from *at, comments and the
   final ';' removed; false at the end. */
bool schema_next_statement(const struct migration *migration, size_t *at,
                           struct slice *statement);

/* All the steps of upkeep.h but the cleanup in one go. Safe to call often (once a minute) and
   by several at once; a table that is busy is left for the next call, which is
   no error. */
enum db_result schema_keep_partitions(struct db *db,
                                      const struct settings *settings)
    __attribute__((warn_unused_result));

#endif /* SCHEMA_H */
