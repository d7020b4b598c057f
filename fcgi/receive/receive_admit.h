/*
 * receive_admit.h - may this request come in at all? What is asked before
 * anybody looks into it, and how many a source takes.
 */
#ifndef RECEIVE_ADMIT_H
#define RECEIVE_ADMIT_H

#include "backlog.h"
#include "reception.h"

/* Address (403), the address's rate (429), size (413). False: the answer says
   why. */
bool receive_admit(struct reception *reception)
    __attribute__((warn_unused_result));

/* The source's own rate (429), which only requests that it has sent use up:
   after the signature. */
bool receive_pace(struct reception *reception)
    __attribute__((warn_unused_result));

/* The length of its queue (503). *queue: as of backlog_enter(), NULL where
   there is no limit. */
bool receive_queue(struct reception *reception, struct backlog_queue **queue)
    __attribute__((warn_unused_result));

#endif /* RECEIVE_ADMIT_H */
