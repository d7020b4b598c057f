/*
 * test_store_idempotency.c - tests for core/store/configuration/store_idempotency.c against a real
 * database.
 */
#include "store_idempotency.h"

#include "testdb.h"
#include "unit.h"

static struct db *db;

static struct idempotency_key
key_of(uint32_t application_id, char key, char body)
{
    struct idempotency_key made = {.application_id = application_id};

    memset(made.key_hash, key, sizeof(made.key_hash));
    memset(made.body_hash, body, sizeof(made.body_hash));
    return made;
}

static void
empty(void)
{
    testdb_exec(db, "DELETE FROM idempotency");
}

/* Claims; for DB_DUPLICATE also what stands there. */
static void
assert_claim(const char *claim, const struct idempotency_key *key,
             enum db_result want, bool want_same_body, int want_status,
             const char *want_answer)
{
    struct idempotency_found found;
    enum db_result got = store_idempotency_claim(db, key, &found);

    if (got != want)
        fprintf(stderr, "\n%s: got %s, want %s\n", claim, db_result_name(got),
                db_result_name(want));
    CU_ASSERT_EQUAL_FATAL(got, want);
    if (got != DB_DUPLICATE)
        return;
    CU_ASSERT_EQUAL(found.same_body, want_same_body);
    CU_ASSERT_EQUAL(found.status, want_status);
    CU_ASSERT(slice_is(buf_slice(&found.sealed), want_answer));
    buf_free(&found.sealed);
}

static void
test_first_and_repeats(void)
{
    struct idempotency_key first = key_of(1, 'k', 'b');
    struct idempotency_key other_body = key_of(1, 'k', 'c');
    struct idempotency_key other_application = key_of(2, 'k', 'b');
    struct idempotency_key other_key = key_of(1, 'l', 'b');

    empty();
    assert_claim("the first gets the key", &first, DB_OK, false, 0, "");
    assert_claim("a repeat meanwhile finds it under way", &first, DB_DUPLICATE,
                 true, 0, "");
    CU_ASSERT_EQUAL(
        store_idempotency_keep(db, &first, 201, SLICE("sealed\0'\\")), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT response = CONCAT('sealed',"
                                   " X'00275c') FROM idempotency"),
                    1);
    testdb_exec(db, "UPDATE idempotency SET response = 'answer'");
    assert_claim("a later repeat finds the answer", &first, DB_DUPLICATE, true,
                 201, "answer");
    assert_claim("another body is told", &other_body, DB_DUPLICATE, false, 201,
                 "answer");
    assert_claim("another application has keys of its own", &other_application,
                 DB_OK, false, 0, "");
    assert_claim("another key is another key", &other_key, DB_OK, false, 0, "");
}

static void
test_drop(void)
{
    struct idempotency_key key = key_of(1, 'k', 'b');

    empty();
    assert_claim("first", &key, DB_OK, false, 0, "");
    CU_ASSERT_EQUAL(store_idempotency_drop(db, &key), DB_OK);
    assert_claim("a key given back is free again", &key, DB_OK, false, 0, "");
}

/* Who was too slow does not overwrite what his successor has stored. */
static void
test_keep_only_once(void)
{
    struct idempotency_key key = key_of(1, 'k', 'b');

    empty();
    assert_claim("first", &key, DB_OK, false, 0, "");
    CU_ASSERT_EQUAL(store_idempotency_keep(db, &key, 202, SLICE("one")), DB_OK);
    CU_ASSERT_EQUAL(store_idempotency_keep(db, &key, 202, SLICE("two")), DB_OK);
    assert_claim("the first answer stays", &key, DB_DUPLICATE, true, 202,
                 "one");
}

static void
test_ages(void)
{
    static const struct {
        const char *claim;
        const char *change;
        bool gone;
    } rows[] = {
        {"under way for half a minute: still his",
         "UPDATE idempotency SET status = 0,"
         " created_at = UTC_TIMESTAMP(6) - INTERVAL 30 SECOND",
         false},
        {"under way for two minutes: he has died",
         "UPDATE idempotency SET status = 0,"
         " created_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE",
         true},
        {"answered 23 hours ago: kept",
         "UPDATE idempotency SET status = 200, response = '',"
         " created_at = UTC_TIMESTAMP(6) - INTERVAL 23 HOUR",
         false},
        {"answered 25 hours ago: forgotten",
         "UPDATE idempotency SET status = 200, response = '',"
         " created_at = UTC_TIMESTAMP(6) - INTERVAL 25 HOUR",
         true},
    };
    struct idempotency_key key = key_of(1, 'k', 'b');
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        empty();
        assert_claim("first", &key, DB_OK, false, 0, "");
        testdb_exec(db, rows[i].change);
        assert_claim(rows[i].claim, &key, rows[i].gone ? DB_OK : DB_DUPLICATE,
                     true, i == 0 ? 0 : 200, "");
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM idempotency"), 1);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"first and repeats", test_first_and_repeats},
        {"drop", test_drop},
        {"keep only once", test_keep_only_once},
        {"ages", test_ages},
        CU_TEST_INFO_NULL,
    };
    int end = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        end = unit_run("store_idempotency", tests);
        db_free(db);
    }
    testdb_stop();
    return end;
}
