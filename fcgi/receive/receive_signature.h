/*
 * receive_signature.h - is an inbound request from the source it is sent to?
 *
 * The source's verifiers decide, with their own live secrets or those of the
 * configuration (source_defaults.h). Without any secret everything is refused,
 * and a log line says what to do.
 */
#ifndef RECEIVE_SIGNATURE_H
#define RECEIVE_SIGNATURE_H

#include "reception.h"
#include "verify.h"

/*
 * Checks the raw body and sets reception->verified. The source may move to a
 * newer catalog: a secret that was set a moment ago counts at once. False: the
 * reply holds the refusal, and the source may be gone. A source that only
 * watches refuses nothing.
 */
bool receive_check_signature(struct reception *reception)
    __attribute__((warn_unused_result));

/* Refuses: 401, and the reason for the operator. False. */
bool receive_refuse_signature(struct reception *reception,
                              enum verify_result result);

/* Refuses for secrets that nobody can read: 503, ours to mend. False. */
bool receive_refuse_unreadable(struct reception *reception);

/* A header of the request as verify.h and inbound.h want it; arg: the
   exchange. */
struct slice receive_header(void *arg, const char *name);

#endif /* RECEIVE_SIGNATURE_H */
