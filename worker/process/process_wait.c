/*
 * process_wait.c - events whose triggers wait for deliveries; see process.h.
 */
#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "process_item.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define WAIT_LEAST_US (100 * CLOCK_US_PER_MS) /* between looks at deliveries */
#define WAIT_MOST_US (60 * CLOCK_US_PER_S)
#define WAIT_SHARE 4 /* of the time that it has waited already */

void
item_put_off(struct item *item, int64_t now_us)
{
    int64_t wait_us = (now_us - id_time_us(item->task->job.id)) / WAIT_SHARE;

    if (wait_us < WAIT_LEAST_US)
        wait_us = WAIT_LEAST_US;
    if (wait_us > WAIT_MOST_US)
        wait_us = WAIT_MOST_US;
    item->waits = true;
    item->row->status = FLUSH_MOVE;
    item->row->to_lane = lane_number(LANE_WAIT, item->source->id);
    item->row->retry_at_us = now_us + wait_us;
}

static void
end_wait(struct item *item, enum wait_state state, int64_t now_us)
{
    item->waits = false;
    if (state == WAIT_PENDING) {
        item_put_off(item, now_us);
        return;
    }
    item->row->status = FLUSH_SUCCESS;
    if (state != WAIT_FAILED)
        return;
    (void)snprintf(item->note, sizeof(item->note),
                   "a delivery that it waited for has failed");
    item_turn_row(item, FLUSH_FAILED, "trigger");
}

static bool
is_waiting(const struct item *item)
{
    return item->row->live && item->way == WAY_WAIT;
}

enum db_result
process_wait(struct process *process, struct db *db, int64_t now_us)
{
    struct process_wait *waits = xcalloc(process->count, sizeof(*waits));
    uint64_t *ended = xcalloc(process->count, sizeof(*ended));
    enum db_result result = DB_OK;
    size_t i, n = 0, k = 0, ends = 0;

    for (i = 0; i < process->count; i++) {
        if (is_waiting(&process->items[i]))
            waits[n++].job_id = process->items[i].task->job.id;
    }
    if (n > 0)
        result = store_wait_look(db, waits, n);
    for (i = 0; i < process->count && n > 0 && result == DB_OK; i++) {
        struct item *item = &process->items[i];

        if (!is_waiting(item))
            continue;
        assert(waits[k].job_id == item->task->job.id);
        end_wait(item, waits[k++].state, now_us);
        if (!item->waits)
            ended[ends++] = item->task->job.id;
    }
    if (result == DB_OK && ends > 0)
        result = store_wait_end(db, ended, ends);
    free(waits);
    free(ended);
    return result;
}
