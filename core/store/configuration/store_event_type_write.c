/*
 * store_event_type_write.c - changes of registered event types; each is a new
 * version of the configuration.
 */
#include "store_event_type.h"

#include "sql.h"
#include "transact.h"

#define SQL_MAX ((size_t)4 * 1024 * 1024)

struct write {
    struct slice name;
    const struct event_type_change *change;
};

static void
add_json(struct buf *sql, const char *assignment, struct slice json)
{
    sql_raw(sql, assignment);
    sql_text(sql, json);
}

static void
add_flag(struct buf *sql, const char *assignment, bool value)
{
    sql_raw(sql, assignment);
    sql_bool(sql, value);
}

static void
add_changes(struct buf *sql, const struct event_type_change *change)
{
    if (change->category.ptr != NULL)
        add_json(sql, ", category = ", change->category);
    if (change->description.ptr != NULL)
        add_json(sql, ", description = ", change->description);
    if (change->sets_example)
        add_json(sql, ", example = ", change->example);
    if (change->sets_schema)
        add_json(sql, ", json_schema = ", change->schema);
    if (change->sets_schema || change->sets_versions)
        add_json(sql, ", schema_versions = ", change->versions);
    if (change->sets_flags)
        add_json(sql, ", feature_flags = ", change->flags);
    if (change->sets_validate)
        add_flag(sql, ", validate = ", change->validate);
    if (change->sets_archived)
        add_flag(sql, ", archived = ", change->archived);
    if (change->sets_deprecated)
        add_flag(sql, ", deprecated = ", change->deprecated);
}

static void
add_version(struct buf *sql, uint64_t version)
{
    sql_raw(sql, ", updated_at = UTC_TIMESTAMP(6), config_version = ");
    sql_u64(sql, version);
}

/* Frees the statement. DB_NONE: no row was met. */
static enum db_result
run(struct db *db, struct buf *sql)
{
    uint64_t affected = 0;
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), &affected) : DB_BROKEN;

    buf_free(sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

/* One that was removed begins anew, with the id that others know. */
static enum db_result
revive(struct db *db, const struct write *write, uint64_t version)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql,
            "UPDATE event_types SET deleted_at = NULL, position = 4294967295, "
            "category = '" EVENT_TYPE_NO_CATEGORY "', description = '', "
            "example = NULL, json_schema = NULL, schema_versions = NULL, "
            "feature_flags = NULL, validate = 0, archived = 0, deprecated = 0, "
            "created_at = UTC_TIMESTAMP(6)");
    add_version(&sql, version);
    add_changes(&sql, write->change);
    sql_raw(&sql, " WHERE deleted_at IS NOT NULL AND name = ");
    sql_text(&sql, write->name);
    return run(db, &sql);
}

static enum db_result
insert(struct db *db, void *arg)
{
    const struct write *write = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version = 0;
    enum db_result result = transact_config_version(db, &version);

    if (result == DB_OK)
        result = revive(db, write, version);
    if (result != DB_NONE)
        return result;
    /* Behind those of the catalogue. */
    sql_raw(&sql, "INSERT INTO event_types SET position = 4294967295, "
                  "created_at = UTC_TIMESTAMP(6), name = ");
    sql_text(&sql, write->name);
    if (write->change->category.ptr == NULL)
        sql_raw(&sql, ", category = '" EVENT_TYPE_NO_CATEGORY "'");
    add_version(&sql, version);
    add_changes(&sql, write->change);
    return run(db, &sql);
}

enum db_result
store_event_type_insert(struct db *db, struct slice name,
                        const struct event_type_change *change)
{
    struct write write = {name, change};

    return transact(db, insert, &write);
}

static enum db_result
update(struct db *db, void *arg)
{
    const struct write *write = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version = 0;
    enum db_result result = transact_config_version(db, &version);

    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE event_types SET deleted_at = NULL");
    add_version(&sql, version);
    add_changes(&sql, write->change);
    sql_raw(&sql, " WHERE deleted_at IS NULL AND name = ");
    sql_text(&sql, write->name);
    return run(db, &sql);
}

enum db_result
store_event_type_update(struct db *db, struct slice name,
                        const struct event_type_change *change)
{
    struct write write = {name, change};

    return transact(db, update, &write);
}

static enum db_result
remove_one(struct db *db, void *arg)
{
    const struct write *write = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version = 0;
    enum db_result result = transact_config_version(db, &version);

    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE event_types SET deleted_at = UTC_TIMESTAMP(6), "
                  "json_schema = NULL, schema_versions = NULL, example = NULL");
    add_version(&sql, version);
    sql_raw(&sql, " WHERE deleted_at IS NULL AND name = ");
    sql_text(&sql, write->name);
    return run(db, &sql);
}

enum db_result
store_event_type_delete(struct db *db, struct slice name)
{
    struct write write = {name, NULL};

    return transact(db, remove_one, &write);
}
