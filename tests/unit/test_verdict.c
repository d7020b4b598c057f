/*
 * test_verdict.c - unit tests for worker/process/verdict.c: one row for each
 * line of the table.
 */
#include "unit.h"
#include "verdict.h"

#include <string.h>

static const char *
step_name(enum verdict_step step)
{
    static const char *const names[] = {
        [STEP_UPSERT] = "upsert",
        [STEP_DELETE] = "delete",
        [STEP_AS_IT_CAME] = "as it came",
        [STEP_AGAIN] = "again",
        [STEP_RECHECK] = "recheck",
        [STEP_WAIT] = "wait",
        [STEP_FAIL] = "fail",
    };

    return names[step];
}

struct row {
    const char *claim;
    struct verdict_facts facts;
    enum verdict_step step;
    const char *name; /* "" = none */
    enum record_verified verified;
};

#define NOTHING_TO_COMPARE .equal_percent = -1
#define ALL_EQUAL .equal_percent = 100, .confidence_percent = 85

static const struct row rows[] = {
    {"an event nobody is asked about is applied as it came",
     {.answer = ANSWER_NONE},
     STEP_AS_IT_CAME,
     "",
     RECORD_UNVERIFIED},

    {"a record that is as the event says is verified",
     {.answer = ANSWER_FOUND, .version = VERSION_SAME, ALL_EQUAL},
     STEP_UPSERT,
     "verified",
     RECORD_VERIFIED},
    {"so is one of an event that says nothing about it",
     {.answer = ANSWER_FOUND, NOTHING_TO_COMPARE},
     STEP_UPSERT,
     "verified",
     RECORD_VERIFIED},
    {"a newer record counts",
     {.answer = ANSWER_FOUND,
      .version = VERSION_NEWER,
      .equal_percent = 20,
      .confidence_percent = 85},
     STEP_UPSERT,
     "source_newer",
     RECORD_VERIFIED},
    {"one that differs, whose version nobody knows, is taken for newer",
     {.answer = ANSWER_FOUND,
      .version = VERSION_UNKNOWN,
      .equal_percent = 0,
      .confidence_percent = 85},
     STEP_UPSERT,
     "source_newer",
     RECORD_VERIFIED},
    {"the same version with other content is a mismatch",
     {.answer = ANSWER_FOUND,
      .version = VERSION_SAME,
      .equal_percent = 84,
      .confidence_percent = 85},
     STEP_UPSERT,
     "mismatch",
     RECORD_DIFFERS},
    {"unless enough of it is equal",
     {.answer = ANSWER_FOUND,
      .version = VERSION_SAME,
      .equal_percent = 85,
      .confidence_percent = 85},
     STEP_UPSERT,
     "verified",
     RECORD_VERIFIED},
    {"a confidence of 100 % takes no difference",
     {.answer = ANSWER_FOUND,
      .version = VERSION_SAME,
      .equal_percent = 99,
      .confidence_percent = 100},
     STEP_UPSERT,
     "mismatch",
     RECORD_DIFFERS},
    {"confidence says nothing about other versions",
     {.answer = ANSWER_FOUND,
      .version = VERSION_NEWER,
      .equal_percent = 99,
      .confidence_percent = 100},
     STEP_UPSERT,
     "source_newer",
     RECORD_VERIFIED},
    {"an older record is asked for again: a replica may lag",
     {.answer = ANSWER_FOUND, .version = VERSION_OLDER, .first = true},
     STEP_RECHECK,
     "source_older",
     RECORD_UNVERIFIED},
    {"one that stays older is a mismatch",
     {.answer = ANSWER_FOUND, .version = VERSION_OLDER},
     STEP_UPSERT,
     "mismatch",
     RECORD_DIFFERS},

    {"a record that was said to be deleted is resurrected",
     {.answer = ANSWER_FOUND, .says_deleted = true, NOTHING_TO_COMPARE},
     STEP_UPSERT,
     "resurrected",
     RECORD_VERIFIED},
    {"a record in the trash is gone, whatever was said",
     {.answer = ANSWER_TRASHED, .first = true},
     STEP_DELETE,
     "gone",
     RECORD_VERIFIED},
    {"which is what a delete says",
     {.answer = ANSWER_TRASHED, .says_deleted = true, .first = true},
     STEP_DELETE,
     "verified",
     RECORD_VERIFIED},

    {"a record that is not there is asked for again",
     {.answer = ANSWER_ABSENT, .first = true},
     STEP_RECHECK,
     "absent",
     RECORD_UNVERIFIED},
    {"and then is gone",
     {.answer = ANSWER_ABSENT},
     STEP_DELETE,
     "gone",
     RECORD_VERIFIED},
    {"a delete is right at once",
     {.answer = ANSWER_ABSENT, .says_deleted = true, .first = true},
     STEP_DELETE,
     "verified",
     RECORD_VERIFIED},

    {"a source that is busy is waited for",
     {.answer = ANSWER_BUSY, .last = true, .when_down = DOWN_FAIL},
     STEP_WAIT,
     "rate_limited",
     RECORD_UNVERIFIED},

    {"a source that is down is asked again",
     {.answer = ANSWER_DOWN, .first = true, .when_down = DOWN_FAIL},
     STEP_AGAIN,
     "source_down",
     RECORD_UNVERIFIED},
    {"hold: until it is back",
     {.answer = ANSWER_DOWN, .last = true, .when_down = DOWN_HOLD},
     STEP_WAIT,
     "source_down",
     RECORD_UNVERIFIED},
    {"apply: after the last attempt the event's own words count",
     {.answer = ANSWER_DOWN, .last = true, .when_down = DOWN_APPLY},
     STEP_AS_IT_CAME,
     "source_down",
     RECORD_UNVERIFIED},
    {"fail: after the last attempt the event fails",
     {.answer = ANSWER_DOWN, .last = true, .when_down = DOWN_FAIL},
     STEP_FAIL,
     "source_down",
     RECORD_UNVERIFIED},

    {"a source that refuses us waits for a person, and burns no attempt",
     {.answer = ANSWER_REFUSED, .last = true, .when_down = DOWN_FAIL},
     STEP_WAIT,
     "api_refused",
     RECORD_UNVERIFIED},

    {"an answer that makes no sense is asked for again",
     {.answer = ANSWER_ODD, .when_down = DOWN_APPLY},
     STEP_AGAIN,
     "odd_answer",
     RECORD_UNVERIFIED},
    {"and then fails, for somebody did answer",
     {.answer = ANSWER_ODD, .last = true, .when_down = DOWN_HOLD},
     STEP_FAIL,
     "odd_answer",
     RECORD_UNVERIFIED},
    {"unless events are to be applied in any case",
     {.answer = ANSWER_ODD, .last = true, .when_down = DOWN_APPLY},
     STEP_AS_IT_CAME,
     "odd_answer",
     RECORD_UNVERIFIED},
};

static void
test_each_line_of_the_table(void)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct verdict got = verdict_reach(&row->facts);
        const char *name = got.name == NULL ? "" : got.name;

        if (got.step != row->step || strcmp(name, row->name) != 0 ||
            got.verified != row->verified)
            fprintf(stderr, "\n%s: got %s (%s, %d), want %s (%s, %d)\n",
                    row->claim, step_name(got.step), name, (int)got.verified,
                    step_name(row->step), row->name, (int)row->verified);
        CU_ASSERT_EQUAL(got.step, row->step);
        CU_ASSERT_STRING_EQUAL(name, row->name);
        CU_ASSERT_EQUAL(got.verified, row->verified);
    }
}

/* Waiting must be possible without end, and attempts must come to one. */
static void
test_every_answer_comes_to_an_end_or_waits(void)
{
    int answer, down;

    for (answer = ANSWER_NONE; answer <= ANSWER_ODD; answer++) {
        for (down = DOWN_HOLD; down <= DOWN_FAIL; down++) {
            const struct verdict_facts facts = {
                .answer = (enum verdict_answer)answer,
                .last = true,
                .when_down = (enum when_down)down,
            };
            enum verdict_step step = verdict_reach(&facts).step;

            CU_ASSERT_NOT_EQUAL(step, STEP_AGAIN);
            CU_ASSERT_NOT_EQUAL(step, STEP_RECHECK);
        }
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"each line of the table", test_each_line_of_the_table},
        {"every answer comes to an end or waits",
         test_every_answer_comes_to_an_end_or_waits},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verdict", tests);
}
