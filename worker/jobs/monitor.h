/*
 * monitor.h - operational events that no delivery brings about:
 *
 *   system.startup, system.shutdown   of each worker process
 *   health.check                      every health_check_interval_s
 *   metric.threshold                  a number of metric_thresholds has reached
 *                                     its limit, or fallen back
 *   alert.triggered                   it has been above for alert_after_s
 *
 * They belong to the default application. The last three are made by one
 * worker, the owner of shard 0. What is above is kept in memory: after another
 * worker has taken over it is told again.
 *
 * Numbers are read every ten seconds at most, and only where somebody wants to
 * know; where reading them takes long, in no more than a twentieth of the time.
 *
 * Used by the store thread alone.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "db.h"
#include "desk.h"
#include "doorbell.h"
#include "follower.h"
#include "lease.h"
#include "notices.h"
#include "payloads.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

/* Who it works with; all of them outlive it. */
struct monitor_peers {
    const struct settings *settings;
    struct db *db;
    struct desk *desk;
    struct payloads *payloads;
    struct follower *follower;
    struct lease *lease;
    struct doorbell *doorbell;
    struct notices *notices;
};

struct monitor;

struct monitor *monitor_new(const struct monitor_peers *peers);
void monitor_free(struct monitor *monitor);

/* When it is to be called again (monotonic; INT64_MAX = not). */
int64_t monitor_due(const struct monitor *monitor);

/* *made: there are new events. What the database refuses is logged, and
   DB_OK. */
enum db_result monitor_run(struct monitor *monitor, bool *made)
    __attribute__((warn_unused_result));

/* The worker ends: system.shutdown, once. The connection is there. */
void monitor_end(struct monitor *monitor);

#endif /* MONITOR_H */
