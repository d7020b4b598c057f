/*
 * reader.h - brings jobs from the database into the scheduler.
 *
 *   tail    new jobs in id order, when the doorbell rang or work flows
 *   lanes   the queues of lanes that have more than is in memory
 *
 * What both have missed is found by the heads of the lanes (heads.h). A call that
 * fails leaves nothing half done: it may simply come again.
 */
#ifndef READER_H
#define READER_H

#include "db.h"
#include "desk.h"
#include "follower.h"
#include "lease.h"
#include "payloads.h"

#include <stdbool.h>
#include <stdint.h>

/* Who a reader works with; all of them outlive it. */
struct reader_peers {
    struct db *db;
    struct desk *desk;
    struct payloads *payloads;
    struct follower *follower;
    const struct lease *lease;
};

struct reader;

struct reader *reader_new(const struct reader_peers *peers);
void reader_free(struct reader *reader);

/* *more: the tail goes on, call again soon. */
enum db_result reader_tail(struct reader *reader, bool *more)
    __attribute__((warn_unused_result));
/* When to look at the tail though nothing rings: jobs whose commit took long may
   lie behind those that were seen. INT64_MAX = not. */
int64_t reader_tail_due(const struct reader *reader);
/* *read: lanes that were read, 0 = none was hungry. */
enum db_result reader_lanes(struct reader *reader, size_t *read)
    __attribute__((warn_unused_result));
/* Tests of the last minutes: the heads of lanes that are held or that wait do
   not show them, and the tail has passed them. After shards were taken. */
enum db_result reader_tests(struct reader *reader)
    __attribute__((warn_unused_result));

#endif /* READER_H */
