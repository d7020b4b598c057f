/*
 * process_apply.c - what a batch of inbound events writes; see process.h.
 *
 * The order: what moves or waits, the mirror, caches, triggers, relay. All of
 * it belongs to one transaction, and happens again as a whole if that is
 * repeated.
 */
#include "alloc.h"
#include "process_item.h"
#include "store_names.h"

#include <stdlib.h>

static bool
brings_name(const struct item *item)
{
    return item->row->live && item->way == WAY_NAMED &&
           item->name_id[0] != '\0';
}

static enum db_result
write_names(struct process *process, struct db *db)
{
    struct source_name *names = xcalloc(process->count, sizeof(*names));
    enum db_result result = DB_OK;
    size_t i, n = 0;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (brings_name(item))
            names[n++] =
                (struct source_name){item->source->id, slice_of(item->name_id),
                                     buf_slice(&item->name)};
    }
    if (n > 0)
        result = store_names_write(db, names, n);
    free(names);
    return result;
}

static enum db_result
relay(struct process *process, struct db *db)
{
    size_t i;

    for (i = 0; i < process->count; i++) {
        struct item *item = &process->items[i];

        item->relayed = 0;
        /* Decided when the event came, so that a change of the source's
           setting loses no event and doubles none. */
        if (item_is_applied(item) && !item->task->event->relayed)
            item->relayed = relay_add(process->relay, item->task,
                                      item->source->application_id);
    }
    return relay_write(process->relay, db);
}

enum db_result
process_apply(struct process *process, struct db *db, int64_t now_us)
{
    enum db_result result;

    if (process->count == 0)
        return DB_OK;
    result = process_move(process, db, now_us);
    if (result == DB_OK)
        result = write_names(process, db);
    if (result == DB_OK)
        result = process_wait(process, db, now_us);
    if (result == DB_OK)
        result = process_mirror(process, db, now_us);
    if (result == DB_OK)
        result = polling_apply(process->polling, db, process->emit, now_us);
    if (result == DB_OK)
        result = process_emit(process, db, now_us);
    return result == DB_OK ? relay(process, db) : result;
}
