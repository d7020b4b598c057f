/*
 * replay_look.h - what a step of a replay reads: a bounded number of
 * deliveries or events from a cursor on, and what has become of those it would
 * send.
 *
 * No statement looks at more rows than a chunk has, times what is known of one
 * event at one subscription; none answers with more than a chunk has, times the
 * ways in which a delivery ends.
 */
#ifndef REPLAY_LOOK_H
#define REPLAY_LOOK_H

#include "db.h"
#include "replay_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_CHUNK 500 /* rows looked at by one step, at most */
/* Jobs of a subscription that are looked through: with more of them waiting a
   replay waits, too. */
#define REPLAY_BACKLOG 5000

/* Where in the ids a step goes on. */
struct replay_range {
    uint64_t after;  /* above this one ... */
    uint64_t before; /* ... and below that one */
    size_t limit;    /* rows, at most REPLAY_CHUNK */
};

/* Deliveries of one subscription. Texts live as long as the chunk. */
struct replay_deliveries {
    struct db_rows *rows;
    struct replay_delivery *list; /* without tests */
    size_t count;
    uint64_t last; /* the last row looked at; 0 = there was none */
    bool end;      /* there are no more rows */
};

/* Finished ones, in the order of their ids. */
enum db_result replay_look_deliveries(struct db *db, uint32_t subscription_id,
                                      const struct replay_range *range,
                                      struct replay_deliveries *found)
    __attribute__((warn_unused_result));

/*
 * What finished deliveries of these events at that subscription came to, in any
 * order: of those of one event that are alike for a filter the last one before
 * that id, and the last one of all. However often an event was repeated, it has
 * no more of these than there are ways to end.
 */
enum db_result replay_look_siblings(struct db *db, uint32_t subscription_id,
                                    uint64_t before, const uint64_t *event_ids,
                                    size_t count,
                                    struct replay_deliveries *found)
    __attribute__((warn_unused_result));

void replay_deliveries_free(struct replay_deliveries *found);

/* Events that the subscription has a job for, or that are being expanded to
   jobs in its application; ascending. */
struct replay_waiting {
    uint64_t *event_ids;
    size_t count;
    bool busy; /* more than REPLAY_BACKLOG, and not all of them */
};

enum db_result replay_look_waiting(struct db *db, uint32_t application_id,
                                   uint32_t subscription_id,
                                   struct replay_waiting *waiting)
    __attribute__((warn_unused_result));
bool replay_is_waiting(const struct replay_waiting *waiting, uint64_t event_id);
void replay_waiting_free(struct replay_waiting *waiting);

/* What a step wants to know of an event. Texts live as long as the chunk. */
struct replay_event {
    uint64_t id;
    uint32_t application_id;
    uint32_t source_id; /* 0 = none */
    struct slice type;
    struct slice channels; /* JSON array, or absent */
    struct slice ordering_key;
    bool test;
    bool relayed;  /* it went to its subscriptions when it was received */
    bool expunged; /* its content was taken away */
};

struct replay_events {
    struct db_rows *rows;
    struct replay_event *list; /* ascending */
    size_t count;
    uint64_t last;
    bool end;
};

/* Of all applications, in the order of their ids. */
enum db_result replay_look_events(struct db *db,
                                  const struct replay_range *range,
                                  struct replay_events *found)
    __attribute__((warn_unused_result));

/* Those of these that are still stored, wherever. */
enum db_result replay_look_events_of(struct db *db, const uint64_t *event_ids,
                                     size_t count, struct replay_events *found)
    __attribute__((warn_unused_result));

const struct replay_event *replay_event_of(const struct replay_events *events,
                                           uint64_t id);
void replay_events_free(struct replay_events *found);

/* Which of these inbound events have been processed, and so have gone to their
   subscriptions; ids in any order, the processed ones are moved to the front.
   *processed: so many. */
struct replay_inbound {
    uint64_t event_id;
    uint32_t source_id;
};
enum db_result replay_look_processed(struct db *db,
                                     struct replay_inbound *inbound,
                                     size_t count, size_t *processed)
    __attribute__((warn_unused_result));

/* Until the transaction ends no other replay chooses for that subscription: two
   may run at the same time, if one of them is the application's. */
enum db_result replay_look_alone(struct db *db, uint32_t subscription_id)
    __attribute__((warn_unused_result));

/* The application's next subscription; DB_NONE: that was the last. */
enum db_result replay_look_subscription(struct db *db, uint32_t application_id,
                                        uint32_t after, uint32_t *id)
    __attribute__((warn_unused_result));

#endif /* REPLAY_LOOK_H */
