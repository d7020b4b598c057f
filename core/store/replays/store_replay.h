/*
 * store_replay.h - replays: deliveries made once more, or for the first time,
 * for a range of events (table `replays`).
 *
 *   recover  deliveries of a subscription that have failed for good, and whose
 *            event it has not got since
 *   missing  events that a subscription wants and has never been sent
 *   retry    finished deliveries that a filter picks
 *
 *   counting -> planned -> running -> done
 *
 * and from each of the first three to cancelled or failed. Whoever confirms a
 * replay while it is counted has it run as soon as that is done.
 *
 * application_id 0 stands for "any"; another application's replay is DB_NONE.
 * What a person does is a transaction of its own, as in store_subscription.h.
 */
#ifndef STORE_REPLAY_H
#define STORE_REPLAY_H

#include "buf.h"
#include "db.h"
#include "id.h"
#include "replay_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_REPLAY "rpl"
/* Deliveries of one replay that are not finished, at most: so many may stand
   in front of a new event. */
#define REPLAY_LIVE_MAX 100
#define REPLAY_RATE_MAX 10000
#define REPLAY_DELETED "its webhook was deleted" /* an error */

enum replay_kind { REPLAY_RECOVER, REPLAY_MISSING, REPLAY_RETRY, REPLAY_KINDS };

enum replay_status {
    REPLAY_COUNTING,
    REPLAY_PLANNED,
    REPLAY_RUNNING,
    REPLAY_DONE,
    REPLAY_CANCELLED,
    REPLAY_FAILED,
    REPLAY_STATUSES
};

struct replay {
    uint64_t id;
    uint64_t job_id; /* 0 = none */
    uint32_t application_id;
    uint32_t subscription_id; /* 0 = all of the application */
    enum replay_kind kind;
    enum replay_status status;
    int64_t since_us; /* 0 = from the beginning */
    int64_t until_us;
    struct replay_filter filter;
    uint32_t rate; /* deliveries made per second; 0 = no limit */
    uint32_t cursor_owner;
    uint64_t cursor_id;
    bool all_made;
    uint64_t live[REPLAY_LIVE_MAX]; /* made, not known to be finished */
    size_t live_count;
    uint64_t planned, made, skipped;
    uint64_t succeeded, failed, cancelled;                  /* of those made */
    char *error;                                            /* or NULL */
    int64_t created_at_us, confirmed_at_us, finished_at_us; /* 0 = not yet */
};

struct replay_list {
    struct replay *rows; /* newest first */
    size_t count;
    uint64_t next; /* before_id of the next page; 0 = that was all */
};

const char *replay_kind_name(enum replay_kind kind);
const char *replay_status_name(enum replay_status status);
bool replay_status_from_name(struct slice name, enum replay_status *status)
    __attribute__((warn_unused_result));

/* Frees what the row owns. */
void replay_free(struct replay *replay);
void replay_list_free(struct replay_list *list);

/* Appends the JSON object that the API shows. */
void replay_print(const struct replay *replay, struct buf *out);

/*
 * Makes a replay that is to be counted, and its job: application_id,
 * subscription_id, kind, since_us, until_us, filter and rate of *wanted count.
 * confirmed: to be run as soon as it is counted. DB_NONE: there is no such
 * subscription in that application. The caller rings the doorbell.
 */
enum db_result store_replay_insert(struct db *db, struct id_source *ids,
                                   const struct replay *wanted, bool confirmed,
                                   uint64_t *id)
    __attribute__((warn_unused_result));

/* With the deliveries that have ended since the worker looked counted. */
enum db_result store_replay_get(struct db *db, uint32_t application_id,
                                uint64_t id, struct replay *replay)
    __attribute__((warn_unused_result));

/* status REPLAY_STATUSES: any. before_id 0: from the newest on. */
enum db_result store_replay_list(struct db *db, uint32_t application_id,
                                 enum replay_status status, uint64_t before_id,
                                 size_t limit, struct replay_list *list)
    __attribute__((warn_unused_result));

/* *changed: it has been confirmed by this; false: it is past that. One whose
   subscription was deleted is ended instead: cancelled, REPLAY_DELETED its
   error. */
enum db_result store_replay_confirm(struct db *db, struct id_source *ids,
                                    uint32_t application_id, uint64_t id,
                                    bool *changed)
    __attribute__((warn_unused_result));

/* Makes no more. *changed as above. Deliveries that are made already go on,
   unless they are cancelled as well: store_replay_cancel_live(). */
enum db_result store_replay_cancel(struct db *db, uint32_t application_id,
                                   uint64_t id, bool *changed)
    __attribute__((warn_unused_result));

/* Cancels those of its deliveries that are not finished, one by one. */
enum db_result store_replay_cancel_live(struct db *db, uint32_t application_id,
                                        uint64_t id)
    __attribute__((warn_unused_result));

#endif /* STORE_REPLAY_H */
