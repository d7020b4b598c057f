/*
 * verdict.h - what an event comes to once its source has been asked.
 *
 * An event is a hint; what the source says counts. Pure: facts in, verdict out.
 *
 *   source answers            event said   comes to
 *   record, newer or equal    change       verified: the source's data
 *   record, newer, differs    change       source_newer: the source's data
 *   record, same version,     change       verified if enough fields are equal
 *     differs                              (confidence), else mismatch; the
 *                                          source's data
 *   record, older             change       asked again once; then mismatch
 *   record                    delete       resurrected: the source's data
 *   record in the trash       any          gone (verified): a delete
 *   no record                 change       asked again once; then gone
 *   no record                 delete       verified
 *   429, 529                  any          waits, without using an attempt
 *   time-out, 5xx, DNS        any          source_down: caches are told at once;
 *                                          tried again; after the last attempt
 *                                          as when_down says
 *   401, 403, our obstacles   any          api_refused: waits for a person,
 *                                          without using an attempt
 *   anything else             any          tried again, then fails, or is
 *                                          applied as it came (when_down)
 *   (is not asked)            any          applied as it came
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "source_options.h"
#include "store_record.h"

#include <stdbool.h>

enum verdict_answer {
    ANSWER_NONE,    /* it is not asked */
    ANSWER_FOUND,   /* a record */
    ANSWER_TRASHED, /* a record that it calls deleted */
    ANSWER_ABSENT,  /* it has none */
    ANSWER_BUSY,    /* later, please */
    ANSWER_DOWN,    /* no answer, or none of substance */
    ANSWER_REFUSED, /* it does not talk to us, or we may not reach it */
    ANSWER_ODD      /* cannot be understood */
};

/* The source's record beside the event's. */
enum verdict_version {
    VERSION_UNKNOWN,
    VERSION_OLDER,
    VERSION_SAME,
    VERSION_NEWER
};

struct verdict_facts {
    enum verdict_answer answer;
    bool says_deleted; /* the event */
    enum verdict_version version;
    int equal_percent;      /* of the event's fields, rounded down: 100 = all;
                               -1 = it brought none */
    int confidence_percent; /* from which they agree */
    bool first;             /* attempt, and another one may follow */
    bool last;              /* attempt */
    enum when_down when_down;
};

enum verdict_step {
    STEP_UPSERT,     /* the source's record is what there is */
    STEP_DELETE,     /* there is none */
    STEP_AS_IT_CAME, /* what the event says is what there is */
    STEP_AGAIN,      /* a further attempt, after the usual wait */
    STEP_RECHECK,    /* a further attempt, soon */
    STEP_WAIT,       /* later; this was no attempt */
    STEP_FAIL
};

struct verdict {
    enum verdict_step step;
    const char *name; /* as above; static; NULL = not asked */
    enum record_verified verified;
};

struct verdict verdict_reach(const struct verdict_facts *facts);

/* The step ends the job. */
bool verdict_is_final(enum verdict_step step);
/* The step writes what there is now. */
bool verdict_applies(enum verdict_step step);

#endif /* VERDICT_H */
