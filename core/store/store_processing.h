/*
 * store_processing.h - what has become of inbound events themselves: their
 * process jobs, live or finished.
 */
#ifndef STORE_PROCESSING_H
#define STORE_PROCESSING_H

#include "buf.h"
#include "db.h"
#include "store_delivery.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct processing {
    uint64_t event_id;

    /* out */
    bool known; /* false: it has none, or none any more; the rest is 0 */
    uint64_t job_id;
    enum delivery_status status;
    const char *waits_for; /* of a live one: "processing", "source",
                              "deliveries"; static */
    uint32_t attempts;
    char *error_class;   /* or NULL */
    char *error_message; /* or NULL */
    int64_t next_us;     /* a live one's next turn; else 0 */
    int64_t ended_us;    /* 0 = not yet */
};

/*
 * Reads those of these events, of each the latest. Live ones have no index on
 * the event: they are looked for among the jobs made since the oldest event, at
 * most STORE_DELIVERY_BUDGET; *complete tells whether those were all. After
 * anything but DB_OK nothing is owned.
 */
enum db_result store_processing_read(struct db *db, struct processing *list,
                                     size_t count, bool *complete)
    __attribute__((warn_unused_result));
void processing_free(struct processing *processing);

/* {"status","waits_for","attempts","error_class","error","next_at",
   "completed_at"}, or null. */
void processing_print(const struct processing *processing, struct buf *out);

#endif /* STORE_PROCESSING_H */
