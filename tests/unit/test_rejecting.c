/*
 * test_rejecting.c - tests for fcgi/receive/rejecting.c against a real
 * database.
 */
#include "rejecting.h"

#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;
static struct db_pool *pool;
static struct id_source ids;

static void
note(struct rejecting *rejecting, const char *reason, struct slice detail)
{
    const struct refusal refusal = {
        .source_id = 7,
        .status = 401,
        .reason = reason,
        .detail = detail,
        .remote_address = SLICE("192.0.2.1"),
    };

    rejecting_note(rejecting, &ids, &refusal);
}

static uint64_t
count_rows(const char *where)
{
    char sql[256];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM rejections WHERE %s",
             where);
    return testdb_u64(db, sql);
}

static struct rejecting *
begin(void)
{
    testdb_exec(db, "DELETE FROM rejections");
    return rejecting_new();
}

static void
test_a_row_says_everything(void)
{
    struct rejecting *rejecting = begin();

    note(rejecting, "missing_signature", SLICE("There is none"));
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), 1);
    CU_ASSERT_EQUAL(count_rows("TRUE"), 0);
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), 0);
    CU_ASSERT_EQUAL(count_rows("source_id = 7 AND status = 401 AND reason = "
                               "'missing_signature' AND detail = 'There is "
                               "none' AND remote_address = '192.0.2.1' AND "
                               "day = UTC_DATE() AND id > 0"),
                    1);
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("TRUE"), 1);
    rejecting_free(rejecting);
}

static void
test_details_from_outside(void)
{
    static char long_text[1000], long_emoji[1000];
    static const struct {
        const char *claim;
        struct slice detail;
        const char *want; /* SQL */
    } rows[] = {
        {"no detail", {NULL, 0}, "detail = ''"},
        {"quotes and backslashes", {"a'b\"c\\", 6}, "detail = 'a\\'b\"c\\\\'"},
        {"bytes that are no text", {"a\xff\xc3z", 4}, "detail = 'a??z'"},
        {"control characters", {"a\n\tb\0c", 6}, "detail = 'a??b?c'"},
        {"more than fits is cut",
         {long_text, sizeof(long_text)},
         "LENGTH(detail) = 240"},
        {"between characters",
         {long_emoji, sizeof(long_emoji)},
         "detail = CONCAT('a', REPEAT(_utf8mb4 0xF09F9880, 59))"},
    };
    struct rejecting *rejecting;
    size_t i;

    memset(long_text, 'x', sizeof(long_text));
    long_emoji[0] = 'a';
    for (i = 1; i + 4 <= sizeof(long_emoji); i += 4)
        memcpy(long_emoji + i, "\xf0\x9f\x98\x80", 4);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rejecting = begin();
        note(rejecting, "r", rows[i].detail);
        rejecting_flush(rejecting, pool, &ids);
        if (count_rows(rows[i].want) != 1)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(count_rows(rows[i].want), 1);
        rejecting_free(rejecting);
    }
}

static void
test_addresses(void)
{
    static const struct {
        const char *claim;
        struct slice address;
        const char *want;
    } rows[] = {
        {"an IPv6 address",
         {"2001:db8::1", 11},
         "remote_address = '2001:db8::1'"},
        {"no address", {NULL, 0}, "remote_address IS NULL"},
        {"longer than any address",
         {"x123456789x123456789x123456789x123456789x12345", 46},
         "remote_address IS NULL"},
        {"bytes beyond ASCII", {"\xc3\xa4", 2}, "remote_address IS NULL"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rejecting *rejecting = begin();
        const struct refusal refusal = {.source_id = 1,
                                        .status = 403,
                                        .reason = "r",
                                        .remote_address = rows[i].address};

        rejecting_note(rejecting, &ids, &refusal);
        rejecting_flush(rejecting, pool, &ids);
        if (count_rows(rows[i].want) != 1)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(count_rows(rows[i].want), 1);
        rejecting_free(rejecting);
    }
}

static void
test_a_flood_is_counted(void)
{
    struct rejecting *rejecting = begin();
    size_t i;

    for (i = 0; i < REJECTING_MAX + 234; i++)
        note(rejecting, "signature_mismatch", SLICE("forged"));
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), REJECTING_MAX);
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("reason = 'signature_mismatch'"), REJECTING_MAX);
    CU_ASSERT_EQUAL(count_rows("reason = 'dropped' AND source_id = 0 AND "
                               "detail = '234 more requests were refused'"),
                    1);

    /* And there is room again. */
    note(rejecting, "rate_limited", SLICE("one more"));
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("reason = 'rate_limited'"), 1);
    CU_ASSERT_EQUAL(count_rows("reason = 'dropped'"), 1);
    rejecting_free(rejecting);
}

static void
note_repeat(struct rejecting *rejecting)
{
    const struct refusal refusal = {.source_id = 7,
                                    .status = 200,
                                    .reason = "duplicate",
                                    .detail = SLICE("again"),
                                    .repeat = true};

    rejecting_note(rejecting, &ids, &refusal);
}

/* Repeats have a part of the room, and leave the rest to what is refused. */
static void
test_repeats_hide_nothing(void)
{
    struct rejecting *rejecting = begin();
    size_t i;

    for (i = 0; i < REJECTING_MAX; i++)
        note_repeat(rejecting);
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), REJECTING_REPEATS_MAX);
    note(rejecting, "signature_mismatch", SLICE("forged"));
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("reason = 'signature_mismatch'"), 1);
    CU_ASSERT_EQUAL(count_rows("reason = 'duplicate' AND status = 200"),
                    REJECTING_REPEATS_MAX);
    CU_ASSERT_EQUAL(count_rows("reason = 'dropped'"), 1);
    CU_ASSERT_EQUAL(count_rows("reason = 'dropped' AND detail = '900 more "
                               "requests were received before'"),
                    1);

    /* And there is room again. */
    note_repeat(rejecting);
    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("reason = 'duplicate'"),
                    REJECTING_REPEATS_MAX + 1);
    rejecting_free(rejecting);
}

/* A database that is not there: what was noted waits, up to the bound. */
static void
test_without_a_database(void)
{
    struct rejecting *rejecting = begin();
    struct settings away = testdb_settings;
    struct db_pool *nowhere;
    size_t i;

    away.db_socket = "/nonexistent/socket";
    nowhere = db_pool_new(&away, 1);
    note(rejecting, "first", SLICE_NONE);
    rejecting_flush(rejecting, nowhere, &ids);
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), 1);

    for (i = 0; i < REJECTING_MAX; i++)
        note(rejecting, "later", SLICE_NONE);
    rejecting_flush(rejecting, nowhere, &ids);
    CU_ASSERT_EQUAL(rejecting_waiting(rejecting), REJECTING_MAX);

    rejecting_flush(rejecting, pool, &ids);
    CU_ASSERT_EQUAL(count_rows("reason = 'first'"), 1);
    CU_ASSERT_EQUAL(count_rows("reason = 'later'"), REJECTING_MAX - 1);
    CU_ASSERT_EQUAL(count_rows("reason = 'dropped' AND detail LIKE '1 more%'"),
                    1);
    db_pool_free(nowhere);
    rejecting_free(rejecting);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a row says everything", test_a_row_says_everything},
        {"details from outside", test_details_from_outside},
        {"addresses", test_addresses},
        {"a flood is counted", test_a_flood_is_counted},
        {"repeats hide nothing", test_repeats_hide_nothing},
        {"without a database", test_without_a_database},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    id_source_init(&ids, 5);
    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        pool = db_pool_new(&testdb_settings, 2);
        code = unit_run("rejecting", tests);
        db_pool_free(pool);
        db_free(db);
    }
    testdb_stop();
    return code;
}
