/*
 * node.c - the number that makes a process's ids unique.
 */
#include "node.h"

#include "clock.h"
#include "random.h"
#include "store_node.h"

#include <string.h>

#define LEASE_S 3600
#define CANDIDATES 64 /* numbers to choose from: two rarely choose the same */
#define TRIES 5

static const struct {
    const char *name;
    int lease_s;
} roles[] = {
    [NODE_RESPONDER] = {"responder", LEASE_S},
    [NODE_WORKER] = {"worker", NODE_WORKER_LEASE_S},
    [NODE_CLI] = {"cli", LEASE_S},
};

static int64_t
lease_us(const struct node *node)
{
    return roles[node->role].lease_s * CLOCK_US_PER_S;
}

/* One of those that were free the longest. DB_NONE: all are taken. */
static enum db_result
choose(struct db *db, uint32_t *number)
{
    uint32_t numbers[CANDIDATES];
    size_t count;
    enum db_result result = store_node_free(db, numbers, CANDIDATES, &count);

    if (result != DB_OK)
        return result;
    if (count == 0)
        return DB_NONE;
    *number = numbers[random_u32() % count];
    return DB_OK;
}

/* DB_NONE: somebody else was quicker. */
static enum db_result
take(struct db *db, const struct node *node)
{
    enum db_result result =
        store_node_take(db, node->number, node->token, roles[node->role].name,
                        roles[node->role].lease_s);

    if (result != DB_UNKNOWN)
        return result;
    /* Was it? A number that nobody uses would count as a worker for the length
       of its lease. */
    result = store_node_extend(db, node->number, node->token,
                               roles[node->role].lease_s);
    return result == DB_UNKNOWN ? DB_AGAIN : result;
}

/* Takes a number for node->role; *node is untouched if there is none. */
static enum db_result
draw(struct db *db, struct node *node)
{
    struct node drawn = {.role = node->role};
    enum db_result result = DB_NONE;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        int64_t start_us = clock_mono_us();

        result = choose(db, &drawn.number);
        if (result != DB_OK)
            break;
        drawn.token = random_u64() | 1; /* 0 means none */
        result = take(db, &drawn);
        if (result == DB_OK) {
            drawn.lease_until_mono_us = start_us + lease_us(&drawn);
            *node = drawn;
            break;
        }
        if (result != DB_NONE && result != DB_AGAIN)
            break;
    }
    return result;
}

enum db_result
node_lease(struct db *db, enum node_role role, struct node *node,
           struct id_source *ids)
{
    struct node drawn = {.role = role};
    enum db_result result = draw(db, &drawn);

    if (result != DB_OK)
        return result;
    *node = drawn;
    id_source_init(ids, drawn.number);
    return DB_OK;
}

/* DB_NONE: the number is no longer ours. */
static enum db_result
extend(struct db *db, struct node *node)
{
    int64_t start_us = clock_mono_us();
    enum db_result result = store_node_extend(db, node->number, node->token,
                                              roles[node->role].lease_s);

    if (result == DB_OK)
        node->lease_until_mono_us = start_us + lease_us(node);
    return result;
}

enum db_result
node_renew(struct db *db, struct node *node, struct id_source *ids)
{
    int64_t left_us = node->lease_until_mono_us - clock_mono_us();
    enum db_result result = DB_NONE;

    if (node->token != 0) {
        if (left_us > lease_us(node) / 2)
            return DB_OK;
        result = extend(db, node);
        if (result == DB_OK)
            return DB_OK;
        if (result != DB_NONE && left_us > 0)
            return DB_OK;
    }
    if (result == DB_NONE)
        result = draw(db, node);
    if (result != DB_OK)
        return result;
    pthread_mutex_lock(&ids->lock);
    ids->node = node->number;
    pthread_mutex_unlock(&ids->lock);
    return DB_OK;
}

void
node_release(struct db *db, struct node *node)
{
    if (node->token == 0)
        return;
    /* If this fails, it becomes free by itself when the lease is over. */
    (void)!store_node_give_back(db, node->number, node->token);
    memset(node, 0, sizeof(*node));
}
