/*
 * store_worker.h - is anybody there to do the work?
 */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include "db.h"

#include <stdbool.h>

/* True if a worker holds a shard whose lease has not run out. */
enum db_result store_worker_is_alive(struct db *db, bool *alive)
    __attribute__((warn_unused_result));

#endif /* STORE_WORKER_H */
