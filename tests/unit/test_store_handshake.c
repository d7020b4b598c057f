/*
 * test_store_handshake.c - tests for core/store/sources/store_handshake.c against a
 * real database.
 */
#include "store_handshake.h"

#include "sign.h"
#include "testdb.h"
#include "unit.h"

#define APPLICATION 1

static const uint8_t key[32] = {1};
static struct sealer *sealer;
static struct db *db;

static void
set_handshake(const char *state)
{
    char sql[128];

    snprintf(sql, sizeof(sql),
             "UPDATE sources SET handshake = '%s', captured_token = NULL "
             "WHERE name = 'notion'",
             state);
    testdb_exec(db, sql);
}

static uint32_t
source_id(void)
{
    return (uint32_t)testdb_u64(db,
                                "SELECT id FROM sources WHERE name = 'notion'");
}

static enum db_result
capture(struct slice token)
{
    return store_handshake_capture(db, sealer, APPLICATION, source_id(), token);
}

/* What waits for being confirmed; the caller frees it. */
static struct buf
captured(void)
{
    struct seal_place place = {"sources", "captured_token", APPLICATION,
                               source_id()};
    struct buf text = BUF_INIT(1024);
    struct db_rows *rows = NULL;
    const struct slice *row;

    CU_ASSERT_EQUAL_FATAL(
        db_query_row(db,
                     SLICE("SELECT captured_token FROM sources WHERE name = "
                           "'notion'"),
                     &rows, &row),
        DB_OK);
    CU_ASSERT_EQUAL(seal_reveal(sealer, place, row[0], &text), SEAL_OK);
    db_rows_free(rows);
    return text;
}

static uint64_t
version(void)
{
    return testdb_u64(db, "SELECT version FROM config_version WHERE id = 1");
}

static void
test_one_is_kept(void)
{
    uint64_t before = version();
    struct buf text;

    set_handshake("awaiting");
    CU_ASSERT_EQUAL(capture(SLICE("secret_first")), DB_OK);
    text = captured();
    CU_ASSERT(slice_is(buf_slice(&text), "secret_first"));
    buf_wipe(&text);
    /* Everybody gets to know it. */
    CU_ASSERT(version() > before);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT config_version FROM sources WHERE "
                                   "name = 'notion'"),
                    version());
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT handshake = 'captured' FROM sources "
                                   "WHERE name = 'notion'"),
                    1);
}

static void
test_nothing_is_overwritten(void)
{
    static const char *const states[] = {"none", "captured"};
    uint64_t before;
    struct buf text;
    size_t i;

    set_handshake("awaiting");
    CU_ASSERT_EQUAL(capture(SLICE("secret_first")), DB_OK);
    before = version();
    CU_ASSERT_EQUAL(capture(SLICE("secret_second")), DB_NONE);
    text = captured();
    CU_ASSERT(slice_is(buf_slice(&text), "secret_first"));
    buf_wipe(&text);
    CU_ASSERT_EQUAL(version(), before);
    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        set_handshake(states[i]);
        CU_ASSERT_EQUAL(capture(SLICE("secret_third")), DB_NONE);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT captured_token IS NULL FROM "
                                       "sources WHERE name = 'notion'"),
                        1);
    }
}

static void
test_a_deleted_source_keeps_nothing(void)
{
    set_handshake("awaiting");
    testdb_exec(db, "UPDATE sources SET deleted_at = UTC_TIMESTAMP(6) WHERE "
                    "name = 'notion'");
    CU_ASSERT_EQUAL(capture(SLICE("secret_late")), DB_NONE);
    testdb_exec(db,
                "UPDATE sources SET deleted_at = NULL WHERE name = 'notion'");
    CU_ASSERT_EQUAL(store_handshake_capture(db, sealer, APPLICATION, 999999,
                                            SLICE("secret_nobody")),
                    DB_NONE);
}

static void
test_lengths(void)
{
    static char longest[SIGN_SECRET_MAX + 1];
    struct buf text;

    memset(longest, 'x', sizeof(longest));
    set_handshake("awaiting");
    CU_ASSERT_EQUAL(capture(SLICE("")), DB_BROKEN);
    CU_ASSERT_EQUAL(capture(slice_make(longest, sizeof(longest))), DB_BROKEN);
    CU_ASSERT_EQUAL(capture(slice_make(longest, SIGN_SECRET_MAX)), DB_OK);
    text = captured();
    CU_ASSERT_EQUAL(text.len, SIGN_SECRET_MAX);
    buf_wipe(&text);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"one is kept", test_one_is_kept},
        {"nothing is overwritten", test_nothing_is_overwritten},
        {"a deleted source keeps nothing", test_a_deleted_source_keeps_nothing},
        {"lengths", test_lengths},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        sealer = seal_from_key(key);
        db = db_new(&testdb_settings);
        code = unit_run("store_handshake", tests);
        db_free(db);
        seal_close(sealer);
    }
    testdb_stop();
    return code;
}
