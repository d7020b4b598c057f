/*
 * node.h - the number that makes a process's ids unique.
 *
 * A row of `nodes` leased for an hour and renewed at half time. A process that
 * overslept its lease draws another number before it makes the next id; two
 * equal ids would at worst meet as a duplicate key, which is answered by
 * drawing again.
 */
#ifndef NODE_H
#define NODE_H

#include "db.h"
#include "id.h"

#include <stdint.h>

enum node_role { NODE_RESPONDER, NODE_WORKER, NODE_CLI };

struct node {
    uint32_t number;
    uint64_t token;
    int64_t lease_until_mono_us;
    enum node_role role;
};

/* Takes a free number and starts *ids with it. */
enum db_result node_lease(struct db *db, enum node_role role, struct node *node,
                          struct id_source *ids)
    __attribute__((warn_unused_result));
/* Renews when half of the lease is over (cheap to call often); takes another
   number, and tells *ids, when the old one is lost. */
enum db_result node_renew(struct db *db, struct node *node,
                          struct id_source *ids)
    __attribute__((warn_unused_result));
void node_release(struct db *db, struct node *node);

#endif /* NODE_H */
