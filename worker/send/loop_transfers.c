/*
 * loop_transfers.c - the transfers of the delivery loop: how they begin and end;
 * see loop_impl.h.
 */
#include "loop_impl.h"

#include "clock.h"
#include "log.h"

#define LOGGER "postern.worker"
/* No connection may be used again after that. */
#define REST_US (TRANSFER_IDLE_CONNECTION_S * CLOCK_US_PER_S)

static void
link_active(struct loop *loop, struct transfer *transfer)
{
    loop->rest_us = LOOP_NEVER;
    transfer->prev = NULL;
    transfer->next = loop->active;
    if (loop->active != NULL)
        loop->active->prev = transfer;
    loop->active = transfer;
}

static void
unlink_active(struct loop *loop, struct transfer *transfer)
{
    if (transfer->prev == NULL)
        loop->active = transfer->next;
    else
        transfer->prev->next = transfer->next;
    if (transfer->next != NULL)
        transfer->next->prev = transfer->prev;
    if (loop->active == NULL)
        loop->rest_us = clock_mono_us() + REST_US;
}

static void
retire(struct loop *loop, struct transfer *transfer, CURLcode code,
       enum obstacle obstacle)
{
    task_list_add_all(&loop->done, transfer_finish(transfer, code, obstacle));
    carrier_give(&loop->carrier, transfer);
}

static void
finish(struct loop *loop, struct transfer *transfer, CURLcode code,
       enum obstacle obstacle)
{
    unlink_active(loop, transfer);
    (void)curl_multi_remove_handle(loop->carrier.multi, transfer->easy);
    retire(loop, transfer, code, obstacle);
}

/* The question for a token is answered: the delivery itself follows. */
static void
go_on(struct loop *loop, struct transfer *transfer, CURLcode code)
{
    enum obstacle obstacle;

    (void)curl_multi_remove_handle(loop->carrier.multi, transfer->easy);
    obstacle = transfer_go_on(transfer, code);
    if (obstacle == OBSTACLE_NONE &&
        curl_multi_add_handle(loop->carrier.multi, transfer->easy) != CURLM_OK)
        obstacle = OBSTACLE_INTERNAL;
    if (obstacle == OBSTACLE_NONE)
        return;
    unlink_active(loop, transfer);
    retire(loop, transfer, CURLE_OK, obstacle);
}

void
loop_reap(struct loop *loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(loop->carrier.multi, &left)) !=
           NULL) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                (char **)&transfer);
        if (transfer->asks_token)
            go_on(loop, transfer, code);
        else
            finish(loop, transfer, code, OBSTACLE_NONE);
    }
}

size_t
loop_cut(struct loop *loop, bool orphans_only)
{
    struct transfer *transfer, *next;
    size_t count = 0;

    for (transfer = loop->active; transfer != NULL; transfer = next) {
        bool orphan;

        next = transfer->next;
        (void)desk_lock(loop->desk);
        orphan = transfer->task->orphan;
        desk_unlock(loop->desk);
        if (!orphan && orphans_only)
            continue;
        finish(loop, transfer, CURLE_OK, OBSTACLE_CUT);
        count++;
    }
    return count;
}

/* A task for which there is no handle: as if it had not been taken. */
static void
refuse(struct loop *loop, struct task *task)
{
    struct task *mate;

    log_error(LOGGER, NULL, "libcurl has no memory for another transfer");
    for (mate = task; mate != NULL; mate = mate->mate)
        mate->attempt.outcome = (struct outcome){.kind = OUTCOME_DROPPED};
    task_list_add_all(&loop->done, task);
}

void
loop_begin_transfer(struct loop *loop, struct task *task,
                    const struct catalog_snapshot *snapshot, int64_t left_ms)
{
    struct transfer *transfer = carrier_take(&loop->carrier);
    enum obstacle obstacle;

    if (transfer == NULL) {
        refuse(loop, task);
        return;
    }
    obstacle = transfer_prepare(transfer, task, snapshot, left_ms);
    if (obstacle == OBSTACLE_NONE &&
        curl_multi_add_handle(loop->carrier.multi, transfer->easy) != CURLM_OK)
        obstacle = OBSTACLE_INTERNAL;
    if (obstacle == OBSTACLE_NONE)
        link_active(loop, transfer);
    else
        retire(loop, transfer, CURLE_OK, obstacle);
}
