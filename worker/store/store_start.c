/*
 * store_start.c - how the store thread begins; see store_loop.h.
 */
#include "log.h"
#include "notify.h"
#include "schema.h"
#include "store_state.h"

#include <stdlib.h>

#define LOGGER "postern.worker"

void
store_close(struct store_loop *loop)
{
    housekeeping_free(&loop->housekeeping);
    indexer_free(loop->indexer);
    outbox_free(loop->outbox);
    flush_free(loop->flush);
    monitor_free(loop->monitor);
    notices_free(loop->notices);
    fanout_free(loop->fanout);
    replayer_free(loop->replayer);
    heads_free(loop->heads);
    reader_free(loop->reader);
    store_free_dropped(loop);
    doorbell_unlisten(loop->setup.settings->run_dir, loop->doorbell_fd);
    doorbell_free(loop->doorbell);
    db_free(loop->db);
    free(loop);
}

void
store_open(struct store_loop *loop)
{
    const struct store_setup *setup = &loop->setup;
    struct flush_peers peers;
    struct reader_peers readers;

    loop->db = db_new(setup->settings);
    loop->doorbell = doorbell_new(setup->settings->run_dir);
    loop->doorbell_fd = doorbell_listen(setup->settings->run_dir);
    lease_init(&loop->lease, setup->desk, setup->payloads,
               setup->settings->lease_s);
    housekeeping_init(&loop->housekeeping, setup->settings);
    readers = (struct reader_peers){
        .db = loop->db,
        .desk = setup->desk,
        .payloads = setup->payloads,
        .follower = setup->follower,
        .lease = &loop->lease,
    };
    loop->reader = reader_new(&readers);
    loop->heads = heads_new(&readers);
    peers = (struct flush_peers){
        .settings = setup->settings,
        .db = loop->db,
        .desk = setup->desk,
        .payloads = setup->payloads,
        .follower = setup->follower,
        .lease = &loop->lease,
        .doorbell = loop->doorbell,
    };
    loop->notices = notices_new(&loop->lease.ids);
    peers.notices = loop->notices;
    loop->monitor = monitor_new(&(struct monitor_peers){
        .settings = setup->settings,
        .db = loop->db,
        .desk = setup->desk,
        .payloads = setup->payloads,
        .follower = setup->follower,
        .lease = &loop->lease,
        .doorbell = loop->doorbell,
        .notices = loop->notices,
    });
    loop->fanout = fanout_new(&peers);
    peers.fanout = loop->fanout;
    loop->replayer = replayer_new(&peers);
    peers.replayer = loop->replayer;
    loop->flush = flush_new(&peers);
    loop->outbox = outbox_new(&(struct outbox_peers){
        .settings = setup->settings,
        .db = loop->db,
        .desk = setup->desk,
        .payloads = setup->payloads,
        .follower = setup->follower,
        .lease = &loop->lease,
        .doorbell = loop->doorbell,
    });
    loop->indexer = indexer_new(setup->settings, loop->db, &loop->lease);
    loop->no_shards_since_us = clock_mono_us();
    atomic_init(&loop->asked, 0);
    atomic_init(&loop->ended, false);
}

/* DB_BROKEN with a connection: it is not one for this program. */
static enum db_result
check_database(struct store_loop *loop)
{
    struct buf why = BUF_INIT(1024);
    enum db_result result = db_connect(loop->db);

    if (result != DB_OK)
        return result;
    result = schema_check(loop->db, &why);
    if (result == DB_BROKEN)
        log_error(LOGGER, NULL, "%s", buf_slice(&why).ptr);
    buf_free(&why);
    return result;
}

enum store_end
store_get_ready(struct store_loop *loop)
{
    bool limited = loop->setup.once || loop->setup.deadline_us > 0;

    /* Waiting for the database is part of the work, not of the start. */
    notify_send("READY=1");
    while (atomic_load(&loop->asked) == 0) {
        enum db_result result = check_database(loop);

        if (result == DB_OK)
            break;
        if (result == DB_BROKEN && db_connected(loop->db))
            return STORE_REFUSED;
        store_rest(loop, result);
        if (limited)
            return STORE_AWAY;
        store_wait_until(loop, loop->away_until_us);
    }
    return STORE_STOPPED;
}
