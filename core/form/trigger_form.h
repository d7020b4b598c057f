/*
 * trigger_form.h - events that an application wants to send: the JSON of
 * POST /api/events/trigger, and of `postern event send`.
 *
 *   event (= event_type), data, metadata, id, channels, ordering_key,
 *   deliver_at, application
 *
 * alone, or an array of up to TRIGGER_MAX. data and metadata stay bytes: only
 * the white space between their tokens is removed.
 */
#ifndef TRIGGER_FORM_H
#define TRIGGER_FORM_H

#include "body.h"
#include "buf.h"
#include "catalog.h"
#include "event.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIGGER_MAX 1000
#define TRIGGER_CHANNELS_MAX 10
#define TRIGGER_DELAY_MAX_S (366 * 86400)

enum trigger_field {
    TRIGGER_EVENT,
    TRIGGER_DATA,
    TRIGGER_METADATA,
    TRIGGER_ID,
    TRIGGER_CHANNELS,
    TRIGGER_ORDERING_KEY,
    TRIGGER_DELIVER_AT,
    TRIGGER_APPLICATION,
    TRIGGER_FIELDS
};

struct trigger {
    struct body_value value[TRIGGER_FIELDS];
    struct buf payload, metadata, channels_json;
    struct slice channels[TRIGGER_CHANNELS_MAX];
};

struct trigger_form {
    bool array; /* and so is the answer */
    size_t count;
    struct trigger *items;
};

struct trigger_rules {
    bool may_name_application; /* an admin; else the field is unknown */
    size_t item_max;           /* bytes of one event's JSON */
    int64_t now_us;            /* wall clock */
    /* Whose event types say what data has to be, or NULL: nothing is checked. */
    const struct catalog_snapshot *catalog;
};

enum trigger_result {
    TRIGGER_OK,
    TRIGGER_INVALID,  /* problems say why, in field order */
    TRIGGER_TOO_LARGE /* one event is larger than item_max */
};

/* The form is to be freed in any case; its values may point into body. */
enum trigger_result
trigger_form_read(struct trigger_form *form, struct slice body,
                  const struct trigger_rules *rules, struct problems *problems)
    __attribute__((warn_unused_result));

void trigger_form_free(struct trigger_form *form);

/* One event whose fields come one by one: the JSON text of each that is there,
   ptr NULL for the others. The trigger is to be freed in any case; the texts
   have to stay. */
bool trigger_read_parts(struct trigger *trigger,
                        const struct slice parts[TRIGGER_FIELDS],
                        const struct trigger_rules *rules,
                        struct problems *problems)
    __attribute__((warn_unused_result));

void trigger_free(struct trigger *trigger);

/* Fills a new event of that application; its slices live as long as the
   form. */
void trigger_make_event(struct trigger *trigger, uint32_t application_id,
                        struct new_event *event);

#endif /* TRIGGER_FORM_H */
