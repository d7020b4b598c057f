/*
 * node.h - the number that makes a process's ids unique.
 *
 * A row of `nodes` leased for an hour (a worker: NODE_WORKER_LEASE_S, because
 * workers count each other by their live rows) and renewed at half time. The
 * number that was free the longest is taken, so a number comes back late. A
 * process that overslept its lease draws another number before it makes the
 * next id; two equal ids would at worst meet as a duplicate key, which is
 * answered by drawing again.
 */
#ifndef NODE_H
#define NODE_H

#include "db.h"
#include "id.h"

#include <stdint.h>

#define NODE_WORKER_LEASE_S 15

enum node_role { NODE_RESPONDER, NODE_WORKER, NODE_CLI };

/* All zero: no number yet. */
struct node {
    uint32_t number;
    uint64_t token; /* 0: no number */
    int64_t lease_until_mono_us;
    enum node_role role;
};

/* Takes a free number and starts *ids with it. DB_NONE: all are taken. */
enum db_result node_lease(struct db *db, enum node_role role, struct node *node,
                          struct id_source *ids)
    __attribute__((warn_unused_result));
/* Renews when half of the lease is over (cheap to call often); takes another
   number, and tells *ids (which was started before), when the old one is lost
   or there was none. While the lease lasts, a renewal that fails for want of a
   database is DB_OK: the next call tries again. */
enum db_result node_renew(struct db *db, struct node *node,
                          struct id_source *ids)
    __attribute__((warn_unused_result));
void node_release(struct db *db, struct node *node);

#endif /* NODE_H */
