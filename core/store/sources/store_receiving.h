/*
 * store_receiving.h - the SQL of what sources send: hourly counters of what
 * came to nothing, and a source's figures.
 */
#ifndef STORE_RECEIVING_H
#define STORE_RECEIVING_H

#include "buf.h"
#include "db.h"

#include <stddef.h>
#include <stdint.h>

/* Requests that made no event. */
struct receiving_count {
    uint32_t source_id;
    uint64_t rejected;
    uint64_t ignored;  /* nobody watches what they tell */
    uint64_t repeated; /* they were received before */
};

/* Adds them to the present hour's counters, in rows of the writer's own: slot =
   its node number. */
enum db_result store_receiving_add(struct db *db,
                                   const struct receiving_count *counts,
                                   size_t n, uint32_t slot)
    __attribute__((warn_unused_result));

/* A source's events and requests; as of at most a second ago. */
struct receiving_figures {
    uint64_t processed;
    uint64_t failed;  /* for good */
    uint64_t retries; /* attempts after the first */
    uint64_t rejected;
    uint64_t ignored;
    uint64_t repeated;
    uint64_t mismatched; /* events that said something else than the source */
};

/* since_us: whole hours from there on; 0 = all that there ever was. */
enum db_result store_receiving_read(struct db *db, uint32_t source_id,
                                    int64_t since_us,
                                    struct receiving_figures *figures)
    __attribute__((warn_unused_result));

/* {"processed","failed","retries","rejected","ignored","repeated",
   "mismatched"} */
void receiving_figures_print(const struct receiving_figures *figures,
                             struct buf *out);

#endif /* STORE_RECEIVING_H */
