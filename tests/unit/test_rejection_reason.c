/*
 * test_rejection_reason.c - unit tests for core/store/sources/rejection_reason.c
 */
#include "rejection_reason.h"

#include "unit.h"
#include "verify.h"

static void
test_words(void)
{
    static const struct {
        const char *word;
        bool source, outbox, any;
    } rows[] = {
        {"duplicate", true, false, true},
        {"validation_error", true, false, true},
        {"secret_unreadable", true, false, true},
        {"payload_too_large", true, true, true},
        {"invalid_payload", false, true, true},
        {"dropped", false, false, true}, /* a row of no source */
        {"ok", false, false, false},
        {"", false, false, false},
        {"Duplicate", false, false, false},
        {"duplicate ", false, false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice word = slice_of(rows[i].word);
        bool source = rejection_reason_known(REJECTION_SOURCE, word);
        bool outbox = rejection_reason_known(REJECTION_OUTBOX, word);
        bool any = rejection_reason_known(REJECTION_ANY, word);

        if (source != rows[i].source || outbox != rows[i].outbox ||
            any != rows[i].any)
            fprintf(stderr, "\n\"%s\": got %d %d %d\n", rows[i].word, source,
                    outbox, any);
        CU_ASSERT_EQUAL(source, rows[i].source);
        CU_ASSERT_EQUAL(outbox, rows[i].outbox);
        CU_ASSERT_EQUAL(any, rows[i].any);
    }
    CU_ASSERT_FALSE(rejection_reason_known(REJECTION_ANY, SLICE_NONE));
}

/* Whatever a signature is refused for can be asked for. */
static void
test_signatures(void)
{
    int result;

    for (result = VERIFY_OK + 1; result <= VERIFY_UNUSABLE; result++)
        CU_ASSERT_TRUE(rejection_reason_known(
            REJECTION_SOURCE,
            slice_of(verify_result_name((enum verify_result)result))));
}

static void
test_list(void)
{
    struct buf list = BUF_INIT(1024);

    rejection_reasons_print(REJECTION_SOURCE, &list);
    CU_ASSERT_TRUE_FATAL(buf_ok(&list));
    CU_ASSERT_PTR_NOT_NULL(strstr(list.data, "'no_secret', 'missing_"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list.data, "'duplicate', '"));
    CU_ASSERT_PTR_NULL(strstr(list.data, "'ok'"));
    CU_ASSERT_PTR_NULL(strstr(list.data, "invalid_payload"));
    buf_clear(&list);
    rejection_reasons_print(REJECTION_OUTBOX, &list);
    CU_ASSERT_TRUE_FATAL(buf_ok(&list));
    CU_ASSERT_EQUAL(strncmp(list.data, "'payload_too_large', ", 21), 0);
    CU_ASSERT_PTR_NULL(strstr(list.data, "duplicate"));
    buf_free(&list);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"words", test_words},
        {"signatures", test_signatures},
        {"list", test_list},
        CU_TEST_INFO_NULL,
    };

    return unit_run("rejection_reason", tests);
}
