/*
 * test_record_file_faults.c - unit tests for worker/jobs/record_file_faults.c
 */
#include "record_file_faults.h"
#include "unit.h"

#include "clock.h"

#define MINUTE (60 * CLOCK_US_PER_S)

static char users[] = "users", orders[] = "orders";

static struct record_file_due
due(uint32_t source_id, char *table)
{
    return (struct record_file_due){.source_id = source_id, .table = table};
}

static void
test_each_rests_for_itself(void)
{
    struct record_file_faults *faults = record_file_faults_new();
    struct record_file_skip skip[RECORD_FILE_FAULTS_MAX];
    struct record_file_due one = due(1, users), other = due(1, orders);

    CU_ASSERT_EQUAL(record_file_faults_due(faults), INT64_MAX);
    CU_ASSERT_EQUAL(record_file_faults_add(faults, &one, 0), FAULT_NEW);
    CU_ASSERT_EQUAL(record_file_faults_add(faults, &other, MINUTE / 2),
                    FAULT_NEW);
    CU_ASSERT_EQUAL(record_file_faults_due(faults), MINUTE);
    CU_ASSERT_EQUAL(record_file_faults_resting(faults, MINUTE - 1, skip), 2);
    CU_ASSERT_EQUAL(record_file_faults_resting(faults, MINUTE, skip), 1);
    CU_ASSERT_EQUAL(skip[0].source_id, 1);
    CU_ASSERT_STRING_EQUAL(skip[0].table, "orders");
    record_file_faults_free(faults);
}

static void
test_the_rest_doubles_up_to_an_hour(void)
{
    static const int64_t minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct record_file_faults *faults = record_file_faults_new();
    struct record_file_due one = due(1, users);
    int64_t now_us = 0;
    size_t i;

    for (i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        CU_ASSERT_EQUAL(record_file_faults_add(faults, &one, now_us),
                        i == 0 ? FAULT_NEW : FAULT_AGAIN);
        CU_ASSERT_EQUAL(record_file_faults_due(faults),
                        now_us + minutes[i] * MINUTE);
        now_us = record_file_faults_due(faults);
    }
    record_file_faults_free(faults);
}

static void
test_success_is_told_once(void)
{
    struct record_file_faults *faults = record_file_faults_new();
    struct record_file_due one = due(1, users), other = due(2, users);

    CU_ASSERT_EQUAL(record_file_faults_add(faults, &one, 0), FAULT_NEW);
    CU_ASSERT_FALSE(record_file_faults_drop(faults, &other));
    CU_ASSERT_TRUE(record_file_faults_drop(faults, &one));
    CU_ASSERT_FALSE(record_file_faults_drop(faults, &one));
    CU_ASSERT_EQUAL(record_file_faults_due(faults), INT64_MAX);
    CU_ASSERT_EQUAL(record_file_faults_add(faults, &one, 0), FAULT_NEW);
    record_file_faults_clear(faults);
    CU_ASSERT_EQUAL(record_file_faults_due(faults), INT64_MAX);
    record_file_faults_free(faults);
}

static void
test_only_so_many_are_remembered(void)
{
    struct record_file_faults *faults = record_file_faults_new();
    uint32_t i;

    for (i = 0; i < RECORD_FILE_FAULTS_MAX; i++) {
        struct record_file_due one = due(i, users);

        CU_ASSERT_EQUAL(record_file_faults_add(faults, &one, 0), FAULT_NEW);
    }
    {
        struct record_file_due known = due(0, users), more = due(i, users);

        CU_ASSERT_EQUAL(record_file_faults_add(faults, &more, 0),
                        FAULT_TOO_MANY);
        CU_ASSERT_EQUAL(record_file_faults_add(faults, &known, 0), FAULT_AGAIN);
    }
    record_file_faults_free(faults);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"each rests for itself", test_each_rests_for_itself},
        {"the rest doubles up to an hour", test_the_rest_doubles_up_to_an_hour},
        {"success is told once", test_success_is_told_once},
        {"only so many are remembered", test_only_so_many_are_remembered},
        CU_TEST_INFO_NULL,
    };

    return unit_run("record_file_faults", tests);
}
