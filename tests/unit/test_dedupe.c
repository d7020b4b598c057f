/*
 * test_dedupe.c - unit tests for core/db/dedupe.c
 */
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "dedupe.h"

#define DAY CLOCK_US_PER_DAY

static void
test_dedupe_slots(void)
{
    const int64_t minute_us = 60 * CLOCK_US_PER_S;
    static const struct {
        const char *claim;
        int64_t day, minute;
        size_t count;
        unsigned first, second, yesterday, oldest;
    } rows[] = {
        {"noon of a day 0", 30, 720, 1, 0, 0, 9, 2},
        {"noon of a day 1", 31, 720, 1, 1, 0, 0, 3},
        {"noon of a day 9", 39, 720, 1, 9, 0, 8, 1},
        {"a minute before midnight tomorrow counts too", 31, 1439, 2, 1, 2, 0,
         3},
        {"slots are written in ascending order", 39, 1439, 2, 0, 9, 8, 1},
        {"two minutes before midnight not yet", 39, 1438, 1, 9, 0, 8, 1},
        {"after midnight no longer", 40, 0, 1, 0, 0, 9, 2},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dedupe_slots got =
            dedupe_slots_at(rows[i].day * DAY + rows[i].minute * minute_us);
        bool ok = got.write_count == rows[i].count &&
                  got.write[0] == rows[i].first &&
                  (got.write_count == 1 || got.write[1] == rows[i].second) &&
                  got.earlier[0] == rows[i].yesterday &&
                  got.earlier[DEDUPE_DAYS - 1] == rows[i].oldest;

        if (!ok)
            fprintf(stderr, "\n%s: got %zu slots, %u, %u, before %u, %u\n",
                    rows[i].claim, got.write_count, got.write[0], got.write[1],
                    got.earlier[0], got.earlier[DEDUPE_DAYS - 1]);
        CU_ASSERT(ok);
    }
}

/* The slots that are read, and what is in them; the one that is left over is
   emptied. */
static void
test_dedupe_age(void)
{
    struct dedupe_slots slots = dedupe_slots_at(34 * DAY + DAY / 2);
    unsigned slot, read = 0;

    for (slot = 0; slot < DEDUPE_SLOTS; slot++)
        read += dedupe_age(&slots, slot) > 0;
    CU_ASSERT_EQUAL(read, DEDUPE_DAYS);
    CU_ASSERT_EQUAL(dedupe_age(&slots, 4), 0); /* today */
    CU_ASSERT_EQUAL(dedupe_age(&slots, 3), 1);
    CU_ASSERT_EQUAL(dedupe_age(&slots, 0), 4);
    CU_ASSERT_EQUAL(dedupe_age(&slots, 9), 5);
    CU_ASSERT_EQUAL(dedupe_age(&slots, 6), 8);
    CU_ASSERT_EQUAL(dedupe_age(&slots, 5), 0); /* tomorrow */
}

static void
test_dedupe_rotation(void)
{
    const int64_t day = 21000; /* slots: today 0, tomorrow 1, yesterday 9 */
    const int64_t noon_us = day * DAY + DAY / 2;
    struct db *db = db_new(&testdb_settings);

    testdb_exec(db, "INSERT INTO dedupe (slot, hash, event_id) VALUES "
                    "(0, 'a', 1), (1, 'a', 2), (2, 'a', 3), (9, 'a', 4)");
    /* Not close to midnight. */
    CU_ASSERT_EQUAL(dedupe_rotate(db, day * DAY + CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(dedupe_rotate(db, (day + 1) * DAY - CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 4);

    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 3);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 1"), 0);

    /* Once a day only: what is in there since belongs to tomorrow. */
    testdb_exec(db, "INSERT INTO dedupe (slot, hash, event_id) "
                    "VALUES (1, 'b', 4)");
    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us + CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 1"), 1);

    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us + DAY), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 2"), 0);
    testdb_exec(db, "DELETE FROM dedupe");
    testdb_exec(db, "DELETE FROM housekeeping");
    db_free(db);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"keys have slots by day", test_dedupe_slots},
        {"keys have an age", test_dedupe_age},
        {"tomorrow's slot is emptied once", test_dedupe_rotation},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    rc = testdb_migrate() ? unit_run("dedupe", tests) : EXIT_FAILURE;
    testdb_stop();
    return rc;
}
