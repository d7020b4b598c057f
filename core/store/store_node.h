/*
 * store_node.h - the SQL of node numbers.
 */
#ifndef STORE_NODE_H
#define STORE_NODE_H

#include "db.h"

#include <stddef.h>
#include <stdint.h>

/* Numbers that nobody has leased, those first that were free the longest. */
enum db_result store_node_free(struct db *db, uint32_t *numbers, size_t max,
                               size_t *count)
    __attribute__((warn_unused_result));

/* Takes a free number for so long. DB_NONE: it is free no longer. */
enum db_result store_node_take(struct db *db, uint32_t number, uint64_t token,
                               const char *role, int lease_s)
    __attribute__((warn_unused_result));

/* DB_NONE: the number is no longer that token's. */
enum db_result store_node_extend(struct db *db, uint32_t number, uint64_t token,
                                 int lease_s)
    __attribute__((warn_unused_result));

enum db_result store_node_give_back(struct db *db, uint32_t number,
                                    uint64_t token)
    __attribute__((warn_unused_result));

#endif /* STORE_NODE_H */
