/*
 * outbox_form.h - a row of table `outbox` as an event.
 *
 * The rules are those of POST /api/events/trigger (trigger_form.h); only the
 * names of the columns differ: event_type, payload (`data` there), metadata,
 * external_id (`id` there), channels, ordering_key, deliver_at, application.
 */
#ifndef OUTBOX_FORM_H
#define OUTBOX_FORM_H

#include "event.h"
#include "slice.h"
#include "trigger_form.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As read from the table; absent texts have ptr NULL. */
struct outbox_row {
    uint64_t id;
    uint32_t application_id; /* 0: no application has that name */
    struct slice application;
    struct slice event_type;
    struct slice payload; /* of a row that is too large: its beginning */
    struct slice metadata;
    struct slice external_id;
    struct slice channels;
    struct slice ordering_key;
    int64_t deliver_at_us; /* wall clock; 0 = now */
    uint64_t bytes;        /* of payload and metadata as they are stored */
};

#define OUTBOX_DETAIL_MAX 500 /* bytes, UTF-8: column rejections.detail */

/* Why a row becomes no event. */
struct outbox_refusal {
    unsigned status;    /* as the API would have answered: 413 or 422 */
    const char *reason; /* one word for programs, static */
    char detail[OUTBOX_DETAIL_MAX + 1]; /* for people */
};

/*
 * True: *event is filled; its slices live as long as the row and the trigger.
 * False: *refusal says why. The trigger is to be freed in any case.
 */
bool outbox_form_read(struct trigger *trigger, const struct outbox_row *row,
                      const struct trigger_rules *rules,
                      struct new_event *event, struct outbox_refusal *refusal)
    __attribute__((warn_unused_result));

/* What keeps a good row from being stored; why is for people. */
void outbox_form_refuse(const struct outbox_row *row, unsigned status,
                        const char *reason, const char *why,
                        struct outbox_refusal *refusal);

#endif /* OUTBOX_FORM_H */
