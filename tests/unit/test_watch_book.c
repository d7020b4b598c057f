/*
 * test_watch_book.c - tests for fcgi/receive/watch_book.c against a real
 * database.
 */
#include "watch_book.h"

#include "testdb.h"
#include "unit.h"

#include <string.h>

#define TASKS "e8d4b0a1c7f24a9e8f2d5c3b1a6e9f4d"
#define NOTES "11111111222233334444555555555555"

static struct db *db;
static struct db_pool *pool;
static char notion[] = "notion";

static struct inbound
page_in(const char *database)
{
    struct inbound in = {
        .action = INBOUND_UPDATE,
        .record_id = "a1b2c3d4e5f67890abcdef1234567890",
        .entity = "page",
        .type = "notion.page.content_updated",
    };

    memcpy(in.table, database, strlen(database));
    return in;
}

static const char *
ask(struct watch_book *book, const char *watched, const char *database)
{
    char entry[64];
    char *list[] = {entry};
    struct source source = {
        .id = 2,
        .name = notion,
        .provider = notion,
        .options = {.watch = {list, watched == NULL ? 0 : 1}},
    };
    struct inbound in = page_in(database);

    snprintf(entry, sizeof(entry), "%s", watched == NULL ? "" : watched);
    return watch_book_ignored(book, &source, &in);
}

static void
test_ids_need_no_names(void)
{
    struct watch_book *book = watch_book_new();

    CU_ASSERT_PTR_NULL(ask(book, NULL, NOTES));
    CU_ASSERT_PTR_NULL(ask(book, TASKS, TASKS));
    CU_ASSERT_PTR_NOT_NULL(ask(book, TASKS, NOTES));
    watch_book_free(book);
}

static void
test_names_that_the_worker_finds(void)
{
    struct watch_book *book = watch_book_new();

    testdb_exec(db, "DELETE FROM source_names");
    /* Nobody knows the name: the event passes. */
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", TASKS));
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", NOTES));
    watch_book_keep(book, pool);
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", NOTES));

    testdb_exec(db,
                "INSERT INTO source_names (source_id, entity_id, name) "
                "VALUES (2, '" TASKS "', 'Tasks'), (2, '" NOTES "', 'Notes')");
    watch_book_keep(book, pool);
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", TASKS));
    CU_ASSERT_PTR_NOT_NULL(ask(book, "Tasks", NOTES));
    CU_ASSERT_PTR_NULL(ask(book, "Notes", NOTES));
    watch_book_free(book);
}

static void
test_a_failure_keeps_what_is_known(void)
{
    struct watch_book *book = watch_book_new();

    testdb_exec(db, "DELETE FROM source_names");
    testdb_exec(db, "INSERT INTO source_names (source_id, entity_id, name) "
                    "VALUES (2, '" NOTES "', 'Notes')");
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", NOTES));
    watch_book_keep(book, pool);
    CU_ASSERT_PTR_NOT_NULL(ask(book, "Tasks", NOTES));
    CU_ASSERT_PTR_NULL(ask(book, "Tasks", TASKS)); /* missed */
    testdb_exec(db, "RENAME TABLE source_names TO hidden");
    watch_book_keep(book, pool);
    testdb_exec(db, "RENAME TABLE hidden TO source_names");
    CU_ASSERT_PTR_NOT_NULL(ask(book, "Tasks", NOTES));
    watch_book_free(book);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"ids need no names", test_ids_need_no_names},
        {"names that the worker finds", test_names_that_the_worker_finds},
        {"a failure keeps what is known", test_a_failure_keeps_what_is_known},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        pool = db_pool_new(&testdb_settings, 2);
        code = unit_run("watch_book", tests);
        db_pool_free(pool);
        db_free(db);
    }
    testdb_stop();
    return code;
}
