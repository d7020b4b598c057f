/*
 * test_expiry.c - unit tests for core/db/expiry.c and core/db/cleanup.c: what
 * goes, what stays, and in how small pieces.
 */
#include "old_days.h"
#include "testdb.h"
#include "unit.h"

#include "cleanup.h"
#include "upkeep.h"

#include <stdarg.h>

#define OLDEST 47 /* days that the tables go back, at first */
#define DAY OLD_DAYS_DAY

static struct db *db;
static struct settings settings;
static int64_t today;

static uint64_t number(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static uint64_t
number(const char *format, ...)
{
    struct buf sql = BUF_INIT(4096);
    va_list args;
    uint64_t value;

    va_start(args, format);
    buf_vaddf(&sql, format, args);
    va_end(args);
    value = testdb_u64(db, sql.data);
    buf_free(&sql);
    return value;
}

/* The n-th id of the noon so many days ago. */
static unsigned long long
id_ago(int days, unsigned n)
{
    return (unsigned long long)id_floor((today - days) * DAY + DAY / 2) + n;
}

/* Applications 1..3 with subscription and source of the same number. */
static void
start_anew(void)
{
    static const char *const tables[] = {
        "events",        "events_kept", "deliveries",      "attempts",
        "rejections",    "jobs",        "retention_marks", "housekeeping",
        "subscriptions", "sources",     "applications"};
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        testdb_execf(db, "DELETE FROM %s", tables[i]);
    testdb_execf(
        db, "INSERT INTO applications (id, name, created_at) SELECT seq, seq, "
            "UTC_TIMESTAMP(6) - INTERVAL 400 DAY FROM seq_1_to_3");
    testdb_execf(db,
                 "INSERT INTO subscriptions (id, application_id, url, secret, "
                 "config_version) SELECT seq, seq, 'u', '', 1 FROM seq_1_to_3");
    testdb_execf(
        db, "INSERT INTO sources (id, application_id, name, provider, "
            "config_version) SELECT seq, seq, seq, 'hmac', 1 FROM seq_1_to_3");
    settings = testdb_settings;
    settings.events_days = settings.deliveries_days = 30;
}

/* One row of each table for each of `count` in a row. */
static void
add_rows(int application, int days, unsigned count)
{
    char day[CLOCK_TEXT_MAX];
    unsigned long long id = id_ago(days, (unsigned)application * 100000);

    old_days_text(today - days, day);
    testdb_execf(
        db,
        "INSERT INTO events (id, application_id, type, verified, payload) "
        "SELECT %llu + seq, %d, 'a.b', 1, '{}' FROM seq_1_to_%u",
        id, application, count);
    testdb_execf(
        db,
        "INSERT INTO deliveries (id, done_day, kind, application_id, "
        "owner_id, event_id, event_type, status, attempts, duration_ms, "
        "completed_at) SELECT %llu + seq, '%s', 1, %d, %d, %llu + seq, 'a.b', "
        "'success', 2, 1, '%s' FROM seq_1_to_%u",
        id, day, application, application, id, day, count);
    testdb_execf(
        db,
        "INSERT INTO attempts (delivery_id, attempt, day, owner_id, event_id, "
        "kind, duration_ms, attempted_at) SELECT %llu + seq, 1, '%s', %d, "
        "%llu + seq, 1, 1, '%s' FROM seq_1_to_%u",
        id, day, application, id, day, count);
    testdb_execf(db,
                 "INSERT INTO rejections (id, day, source_id, status, reason) "
                 "SELECT %llu + seq, '%s', %d, 401, 'invalid_signature' "
                 "FROM seq_1_to_%u",
                 id, day, application, count);
}

static void
add_days(int application, const int *days, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        add_rows(application, days[i], 1);
}

static void
check_stays(const char *claim, int application, int days, bool want)
{
    static const char *const ids[] = {"id", "id", "delivery_id", "id"};
    unsigned long long id = id_ago(days, (unsigned)application * 100000) + 1;
    size_t i;

    for (i = 0; i < PARTITIONS_TABLES; i++) {
        uint64_t got = number("SELECT COUNT(*) FROM %s WHERE %s = %llu",
                              partitions_name(i), ids[i], id);

        if (got != want)
            fprintf(stderr, "\n%s: application %d, %d days old, in %s: %s\n",
                    claim, application, days, partitions_name(i),
                    want ? "is gone" : "is still there");
        CU_ASSERT_EQUAL(got, want);
    }
}

/* Everything that is due; the counts of what it came to. */
static struct cleanup
clean_up(enum upkeep_cleanup when)
{
    struct upkeep upkeep = {.settings = NULL};
    bool done = false;

    upkeep_begin(&upkeep, &settings, when);
    while (!done)
        CU_ASSERT_EQUAL_FATAL(upkeep_step(&upkeep, db, &done), DB_OK);
    return upkeep.cleanup;
}

static void
test_shorter(void)
{
    static const int days[] = {3, 7, 8, 20, 29};
    struct cleanup done;

    start_anew();
    testdb_execf(db, "UPDATE applications SET retention_days = 7 WHERE id = 2");
    add_days(1, days, 5);
    add_days(2, days, 5);
    done = clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("within a week", 2, 3, true);
    check_stays("seven whole days", 2, 7, true);
    check_stays("older than a week", 2, 8, false);
    check_stays("older than a week", 2, 20, false);
    check_stays("older than a week", 2, 29, false);
    check_stays("of an application without a wish", 1, 8, true);
    check_stays("of an application without a wish", 1, 29, true);
    CU_ASSERT_EQUAL(done.expiry.removed[0], 3);
    CU_ASSERT_EQUAL(done.expiry.removed[1], 3);
    CU_ASSERT_EQUAL(done.expiry.removed[2], 3);
    CU_ASSERT_EQUAL(done.expiry.removed[3], 3);
    CU_ASSERT_FALSE(done.busy);
}

/* Partitions live as long as the longest; the rows of the others do not. */
static void
test_longer(void)
{
    static const int days[] = {20, 30, 31, 35, 44, 46};

    old_days_make(db, today - OLDEST);
    start_anew();
    testdb_execf(db,
                 "UPDATE applications SET retention_days = 45 WHERE id = 3");
    add_days(1, days, 6);
    add_days(3, days, 6);
    testdb_execf(db,
                 "INSERT INTO rejections (id, day, status, reason) VALUES "
                 "(%llu, UTC_DATE() - INTERVAL 33 DAY, 422, 'outbox')",
                 id_ago(33, 1));
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("within what is usual", 1, 20, true);
    check_stays("within what is usual", 1, 30, true);
    check_stays("past what is usual", 1, 31, false);
    check_stays("past what is usual", 1, 44, false);
    check_stays("within its own retention", 3, 31, true);
    check_stays("within its own retention", 3, 44, true);
    check_stays("past the longest", 1, 46, false);
    check_stays("past the longest", 3, 46, false);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM rejections WHERE id = %llu",
                           id_ago(33, 1)),
                    0);

    /* The application goes: from then on what is usual holds. */
    testdb_execf(
        db,
        "UPDATE applications SET deleted_at = UTC_TIMESTAMP(6) WHERE id = 3");
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("of a deleted application", 3, 31, false);
    check_stays("of a deleted application", 3, 30, true);
}

static void
test_jobs_keep_their_events(void)
{
    static const int days[] = {9, 10};

    start_anew();
    testdb_execf(db, "UPDATE applications SET retention_days = 7 WHERE id = 2");
    add_days(2, days, 2);
    testdb_execf(db,
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
                 "(%llu, 1, 0, 2 << 32, %llu)",
                 id_ago(1, 1), id_ago(9, 200001));
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("its row went", 2, 9, false);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM events_kept WHERE id = %llu "
                           "AND application_id = 2",
                           id_ago(9, 200001)),
                    1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"), 1);
}

static uint64_t
rows_read(void)
{
    return testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                          "information_schema.SESSION_STATUS WHERE "
                          "VARIABLE_NAME LIKE 'Handler\\_read\\_%'");
}

/* A day is read once; a wish that changes later is made up for. */
static void
test_marks(void)
{
    static const int days[] = {4, 6, 12, 25};
    struct cleanup done;

    start_anew();
    testdb_execf(db,
                 "UPDATE applications SET retention_days = 10 WHERE id = 2");
    add_rows(1, 15, 20000);
    add_days(2, days, 4);
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("past ten days", 2, 12, false);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM retention_marks "
                                   "WHERE application_id = 2"),
                    PARTITIONS_TABLES);

    testdb_exec(db, "FLUSH STATUS");
    done = clean_up(UPKEEP_CLEANUP_NOW);
    CU_ASSERT(rows_read() < 10000); /* mostly names of partitions */
    CU_ASSERT_EQUAL(done.expiry.removed[0], 0);

    testdb_execf(
        db, "UPDATE applications SET retention_days = 5 WHERE id IN (1, 2)");
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("a shorter wish", 2, 6, false);
    check_stays("a shorter wish", 2, 4, true);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events WHERE "
                                   "application_id = 1"),
                    0);

    testdb_execf(db,
                 "UPDATE applications SET retention_days = 20 WHERE id = 2");
    add_rows(2, 15, 1);
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("a longer wish", 2, 15, true);
}

static void
test_small_steps(void)
{
    struct expiry expiry = {.settings = NULL};
    uint64_t most_read = 0, most_removed = 0, before = 0, i;
    bool done = false;

    start_anew();
    testdb_execf(db, "UPDATE applications SET retention_days = 7 WHERE id = 2");
    add_rows(1, 9, 12000);
    add_rows(2, 9, 7000);
    expiry_begin(&expiry, &settings);
    while (!done) {
        uint64_t removed = 0, read;

        testdb_exec(db, "FLUSH STATUS");
        CU_ASSERT_EQUAL_FATAL(expiry_step(&expiry, db, &done), DB_OK);
        read = rows_read();
        for (i = 0; i < PARTITIONS_TABLES; i++)
            removed += expiry.removed[i];
        if (removed - before > most_removed)
            most_removed = removed - before;
        if (read > most_read)
            most_read = read;
        before = removed;
    }
    expiry_end(&expiry);
    CU_ASSERT_EQUAL(before, 4 * 7000);
    CU_ASSERT_EQUAL(most_removed, 500);
    CU_ASSERT(most_read < 12000);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 12000);
}

static int64_t
at(int64_t day, int hour, int minute)
{
    return day * DAY + (hour * 60 + minute) * 60 * CLOCK_US_PER_S;
}

static void
test_when_it_is_due(void)
{
    struct settings s = {.cleanup_minute = 2 * 60 + 30};

    CU_ASSERT_EQUAL(cleanup_due_us(&s, at(100, 2, 29)), at(99, 2, 30));
    CU_ASSERT_EQUAL(cleanup_due_us(&s, at(100, 2, 30)), at(100, 2, 30));
    CU_ASSERT_EQUAL(cleanup_due_us(&s, at(100, 23, 59)), at(100, 2, 30));
    CU_ASSERT_EQUAL(cleanup_due_us(&s, at(101, 0, 0)), at(100, 2, 30));
    s.cleanup_minute = 0;
    CU_ASSERT_EQUAL(cleanup_due_us(&s, at(101, 0, 0)), at(101, 0, 0));
}

static void
test_once_a_day(void)
{
    struct db *reader = db_new(&testdb_settings);
    int64_t due_us, last_us = -1;

    start_anew();
    due_us = cleanup_due_us(&settings, clock_wall_us());
    CU_ASSERT_EQUAL_FATAL(cleanup_read_last(db, &last_us), DB_OK);
    CU_ASSERT_EQUAL(last_us, 0);
    settings.events_days = settings.deliveries_days = 28;
    add_rows(1, 29, 1);
    /* Somebody reads: it stays due. */
    CU_ASSERT_EQUAL_FATAL(db_begin(reader), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(reader, "SELECT COUNT(*) FROM attempts"), 1);
    CU_ASSERT(clean_up(UPKEEP_CLEANUP_WHEN_DUE).busy);
    db_rollback(reader);
    CU_ASSERT_EQUAL_FATAL(cleanup_read_last(db, &last_us), DB_OK);
    CU_ASSERT_EQUAL(last_us, 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM attempts"), 1);

    (void)clean_up(UPKEEP_CLEANUP_WHEN_DUE);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM attempts"), 0);
    CU_ASSERT_EQUAL_FATAL(cleanup_read_last(db, &last_us), DB_OK);
    CU_ASSERT_EQUAL(last_us, due_us);

    /* Done for today, unless it is wanted now. */
    testdb_execf(db, "UPDATE applications SET retention_days = 7 WHERE id = 2");
    add_rows(2, 9, 1);
    (void)clean_up(UPKEEP_CLEANUP_WHEN_DUE);
    (void)clean_up(UPKEEP_CLEANUP_NEVER);
    check_stays("it was done today", 2, 9, true);
    (void)clean_up(UPKEEP_CLEANUP_NOW);
    check_stays("it is wanted now", 2, 9, false);

    /* A day that was missed is made up for. */
    add_rows(2, 8, 1);
    testdb_execf(db, "DELETE FROM retention_marks");
    testdb_execf(db,
                 "UPDATE housekeeping SET value = %lld WHERE name = 'cleanup'",
                 (long long)(due_us - DAY));
    (void)clean_up(UPKEEP_CLEANUP_WHEN_DUE);
    check_stays("it is made up for", 2, 8, false);
    db_free(reader);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"an application with a longer retention", test_longer},
        {"an application with a shorter retention", test_shorter},
        {"events that a job needs are kept", test_jobs_keep_their_events},
        {"a day is read once", test_marks},
        {"rows go in small steps", test_small_steps},
        {"when a cleanup is due", test_when_it_is_due},
        {"it is done once a day", test_once_a_day},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    if (testdb_migrate()) {
        today = partitions_day(clock_wall_us());
        rc = unit_run("expiry", tests);
    }
    db_free(db);
    testdb_stop();
    return rc;
}
