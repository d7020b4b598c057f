/*
 * res_replay_start.h - recovery: deliveries made again, or for the first time,
 * for a range of events.
 */
#ifndef RES_REPLAY_START_H
#define RES_REPLAY_START_H

#include "replay_form.h"
#include "router.h"
#include "store_replay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const struct route replay_start_routes[];
extern const size_t replay_start_route_count;

/* The body by that form; false: the answer is written. The form is to be freed
   in any case. */
bool replays_read_form(struct exchange *exchange, enum replay_form_kind kind,
                       struct replay_form *form);

/* What a form asks for, of that application and subscription (0 = all). The
   texts of *wanted are the form's. */
void replays_wanted(const struct exchange *exchange,
                    const struct replay_form *form, enum replay_kind kind,
                    uint32_t application_id, uint32_t subscription_id,
                    struct replay *wanted);

#endif /* RES_REPLAY_START_H */
