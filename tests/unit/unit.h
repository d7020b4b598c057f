/*
 * unit.h - the main() that every unit test program shares.
 */
#ifndef UNIT_H
#define UNIT_H

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

/* By how much a deadline has to be longer here: under a sanitizer, under
   valgrind (tests/run says so). */
static inline long
unit_slow(void)
{
    const char *text = getenv("POSTERN_TEST_SLOW");
    long times = text == NULL ? 1 : strtol(text, NULL, 10);

    return times < 1 ? 1 : times;
}

/* Runs one suite; ends with CUnit's summary and exit code 0 or 1. */
static int
unit_run(const char *name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        {name, NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    unsigned int failed;

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* UNIT_H */
