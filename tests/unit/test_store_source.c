/*
 * test_store_source.c - tests for core/store/store_source.c against a real database.
 */
#include "store_source.h"

#include "testdb.h"
#include "unit.h"

static const uint8_t key[32] = {1}, other_key[32] = {2};
static struct sealer *sealer, *other_sealer;
static struct db *db;

static enum db_result
change(struct slice name, struct source_change wanted)
{
    return store_source_change(db, sealer, name, &wanted);
}

static void
test_names(void)
{
    static const struct {
        const char *claim;
        struct slice name;
        enum db_result want;
    } rows[] = {
        {"a source is found by its name", {"notion", 6}, DB_OK},
        {"one that is not there is not", {"nobody", 6}, DB_NONE},
        {"letter case matters", {"Notion", 6}, DB_NONE},
        {"a name beyond ASCII is just another name", {"\xc3\xa4", 2}, DB_NONE},
        {"and so is what is no text", {"\xff", 1}, DB_NONE},
    };
    struct source_row row;
    enum db_result got;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        got = store_source_get(db, sealer, rows[i].name, &row);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    db_result_name(got));
        CU_ASSERT_EQUAL(got, rows[i].want);
        got = change(rows[i].name, (struct source_change){.max_attempts = 5});
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_secrets(void)
{
    const struct slice name = SLICE("supabase");
    struct source_row row;

    CU_ASSERT_EQUAL(
        change(name, (struct source_change){.secret = SLICE("first secret")}),
        DB_OK);
    CU_ASSERT_EQUAL(
        change(name, (struct source_change){.secret = SLICE("second \"one\""),
                                            .keep_others = true}),
        DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_source_get(db, sealer, name, &row), DB_OK);
    CU_ASSERT_EQUAL(row.secrets, 2);
    CU_ASSERT_FALSE(row.unreadable);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM sources WHERE "
                                   "INSTR(secrets, 'secret') > 0"),
                    0);

    /* With another key they are there, and closed. */
    CU_ASSERT_EQUAL_FATAL(store_source_get(db, other_sealer, name, &row),
                          DB_OK);
    CU_ASSERT(row.unreadable);
    CU_ASSERT_EQUAL(store_source_change(
                        db, other_sealer, name,
                        &(struct source_change){.secret = SLICE("third secret"),
                                                .keep_others = true}),
                    DB_BROKEN);

    CU_ASSERT_EQUAL(change(name, (struct source_change){.clear_secrets = true}),
                    DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_source_get(db, sealer, name, &row), DB_OK);
    CU_ASSERT_EQUAL(row.secrets, 0);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"names", test_names},
        {"secrets", test_secrets},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    sealer = seal_from_key(key);
    other_sealer = seal_from_key(other_key);
    db = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("store_source", tests);
    db_free(db);
    seal_close(sealer);
    seal_close(other_sealer);
    testdb_stop();
    return rc;
}
