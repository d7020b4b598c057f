/*
 * upkeep.c - the regular work on the database, in steps.
 */
#include "upkeep.h"

#include "dedupe.h"
#include "retention.h"

#define BATCHES 100 /* of rows removed in one round */

static void
begin_step(struct upkeep *upkeep, size_t step)
{
    upkeep->step = step;
    upkeep->table = 0;
    upkeep->rounds = 0;
    upkeep->cleaning = false;
}

void
upkeep_begin(struct upkeep *upkeep, const struct settings *settings,
             enum upkeep_cleanup when)
{
    upkeep->settings = settings;
    upkeep->when = when;
    begin_step(upkeep, 0);
    kept_sweep_begin(&upkeep->sweep);
}

void
upkeep_end(struct upkeep *upkeep)
{
    cleanup_end(&upkeep->cleanup);
    kept_sweep_end(&upkeep->sweep);
}

/* True if there is another table. */
static bool
next_table(struct upkeep *upkeep)
{
    upkeep->table = (upkeep->table + 1) % PARTITIONS_TABLES;
    return upkeep->table != 0;
}

/* Each step says in *again whether it has more to do. */

static enum db_result
make_days(struct upkeep *upkeep, struct db *db, bool *again)
{
    enum db_result result =
        partitions_make_days(db, upkeep->table, db_now_us(db));

    *again = next_table(upkeep);
    return result;
}

static enum db_result
rotate_keys(struct upkeep *upkeep, struct db *db, bool *again)
{
    (void)upkeep;
    *again = false;
    return dedupe_rotate(db, db_now_us(db));
}

static enum db_result
sweep_rows(struct upkeep *upkeep, struct db *db, bool *again)
{
    enum db_result result = retention_sweep(db, again);

    if (++upkeep->rounds >= BATCHES)
        *again = false;
    return result;
}

static enum db_result
begin_cleanup(struct upkeep *upkeep, struct db *db)
{
    int64_t now_us = db_now_us(db), last_us = 0;
    enum db_result result = DB_OK;
    bool due = upkeep->when == UPKEEP_CLEANUP_NOW;

    if (upkeep->when == UPKEEP_CLEANUP_WHEN_DUE) {
        result = cleanup_read_last(db, &last_us);
        due = result == DB_OK &&
              last_us < cleanup_due_us(upkeep->settings, now_us);
    }
    if (due)
        cleanup_begin(&upkeep->cleanup, upkeep->settings, now_us);
    upkeep->cleaning = due;
    return result;
}

static enum db_result
clean_up(struct upkeep *upkeep, struct db *db, bool *again)
{
    enum db_result result;
    bool done = false;

    if (!upkeep->cleaning) {
        result = begin_cleanup(upkeep, db);
        *again = upkeep->cleaning;
        return result;
    }
    result = cleanup_step(&upkeep->cleanup, db, &done);
    *again = !done;
    if (result == DB_OK && done && upkeep->logger != NULL)
        cleanup_log(&upkeep->cleanup, upkeep->logger);
    return result;
}

static enum db_result
sweep_kept(struct upkeep *upkeep, struct db *db, bool *again)
{
    enum db_result result;
    bool done;

    result = kept_sweep_step(&upkeep->sweep, db, &done);
    *again = !done;
    if (result == DB_OK && done)
        kept_sweep_end(&upkeep->sweep);
    return result;
}

static enum db_result (*const steps[])(struct upkeep *, struct db *, bool *) = {
    make_days, rotate_keys, sweep_rows, clean_up, sweep_kept,
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

enum db_result
upkeep_step(struct upkeep *upkeep, struct db *db, bool *done)
{
    enum db_result result = db_connect(db); /* for its clock */
    bool again = false;

    if (result == DB_OK)
        result = steps[upkeep->step](upkeep, db, &again);
    if (result == DB_AGAIN) { /* the next round repeats it */
        again = false;
        result = DB_OK;
        upkeep_end(upkeep);
    }
    if (!again)
        begin_step(upkeep, upkeep->step + 1);
    *done = result != DB_OK || upkeep->step == STEPS;
    if (*done)
        upkeep_end(upkeep);
    return result;
}
