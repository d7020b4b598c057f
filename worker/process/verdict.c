/*
 * verdict.c - see verdict.h for the table.
 */
#include "verdict.h"

#include <assert.h>
#include <stddef.h>

static struct verdict
make(enum verdict_step step, const char *name, enum record_verified verified)
{
    return (struct verdict){step, name, verified};
}

static struct verdict
of_record(const struct verdict_facts *facts)
{
    bool differs = facts->equal_percent >= 0 && facts->equal_percent < 100;

    if (facts->says_deleted)
        return make(STEP_UPSERT, "resurrected", RECORD_VERIFIED);
    if (facts->version == VERSION_OLDER && facts->first)
        return make(STEP_RECHECK, "source_older", RECORD_UNVERIFIED);
    if (facts->version == VERSION_OLDER)
        return make(STEP_UPSERT, "mismatch", RECORD_DIFFERS);
    if (differs && facts->version == VERSION_SAME &&
        facts->equal_percent < facts->confidence_percent)
        return make(STEP_UPSERT, "mismatch", RECORD_DIFFERS);
    if (differs && facts->version != VERSION_SAME)
        return make(STEP_UPSERT, "source_newer", RECORD_VERIFIED);
    return make(STEP_UPSERT, "verified", RECORD_VERIFIED);
}

static struct verdict
of_nothing(const struct verdict_facts *facts)
{
    if (facts->says_deleted)
        return make(STEP_DELETE, "verified", RECORD_VERIFIED);
    if (facts->answer == ANSWER_ABSENT && facts->first)
        return make(STEP_RECHECK, "absent", RECORD_UNVERIFIED);
    return make(STEP_DELETE, "gone", RECORD_VERIFIED);
}

static struct verdict
of_silence(const struct verdict_facts *facts)
{
    static const enum verdict_step last_steps[] = {
        [DOWN_HOLD] = STEP_WAIT,
        [DOWN_APPLY] = STEP_AS_IT_CAME,
        [DOWN_FAIL] = STEP_FAIL,
    };

    return make(facts->last ? last_steps[facts->when_down] : STEP_AGAIN,
                "source_down", RECORD_UNVERIFIED);
}

static struct verdict
of_riddle(const struct verdict_facts *facts)
{
    enum verdict_step step = STEP_AGAIN;

    if (facts->last)
        step = facts->when_down == DOWN_APPLY ? STEP_AS_IT_CAME : STEP_FAIL;
    return make(step, "odd_answer", RECORD_UNVERIFIED);
}

struct verdict
verdict_reach(const struct verdict_facts *facts)
{
    switch (facts->answer) {
    case ANSWER_NONE:
        return make(STEP_AS_IT_CAME, NULL, RECORD_UNVERIFIED);
    case ANSWER_FOUND:
        return of_record(facts);
    case ANSWER_TRASHED:
    case ANSWER_ABSENT:
        return of_nothing(facts);
    case ANSWER_BUSY:
        return make(STEP_WAIT, "rate_limited", RECORD_UNVERIFIED);
    case ANSWER_DOWN:
        return of_silence(facts);
    case ANSWER_REFUSED:
        return make(STEP_WAIT, "api_refused", RECORD_UNVERIFIED);
    case ANSWER_ODD:
        return of_riddle(facts);
    }
    assert(!"no such answer");
    return make(STEP_FAIL, "odd_answer", RECORD_UNVERIFIED);
}

bool
verdict_applies(enum verdict_step step)
{
    return step == STEP_UPSERT || step == STEP_DELETE ||
           step == STEP_AS_IT_CAME;
}

bool
verdict_is_final(enum verdict_step step)
{
    return verdict_applies(step) || step == STEP_FAIL;
}
