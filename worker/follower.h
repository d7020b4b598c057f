/*
 * follower.h - keeps the lanes in step with the configuration.
 *
 * Every page of jobs is looked at with a configuration that is at least as
 * new as the page: what was configured before an event was accepted counts.
 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include "catalog.h"
#include "db.h"
#include "desk.h"
#include "payloads.h"
#include "scheduler.h"
#include "settings.h"

#include <stdint.h>

struct follower {
    struct catalog *catalog;
    const struct catalog_snapshot *snapshot; /* NULL before the first load */
    uint32_t lane_window;
    const struct settings *settings; /* NULL: no source is asked for anything */
};

void follower_init(struct follower *follower, struct catalog *catalog,
                   uint32_t lane_window);
void follower_destroy(struct follower *follower);

/* For scheduler_new(): arg is the follower. */
void follower_setup(void *arg, uint64_t lane, struct lane_config *out);

/* Asks the database for a newer version; if there is one, all lanes are
   configured anew. */
enum db_result follower_refresh(struct follower *follower, struct db *db,
                                struct desk *desk, struct payloads *payloads)
    __attribute__((warn_unused_result));

#endif /* FOLLOWER_H */
