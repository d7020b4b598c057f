/*
 * housekeeping.c - see housekeeping.h.
 */
#include "housekeeping.h"

#include "clock.h"
#include "log.h"
#include "store_debounce.h"
#include "store_record.h"
#include "store_rollup.h"
#include "store_sequence.h"
#include "store_wait.h"

#define LOGGER "postern.worker"
#define EVERY_US (300 * CLOCK_US_PER_S)
#define BREATH_US (20 * CLOCK_US_PER_MS) /* while rows are deleted ... */
#define BREATHS 4 /* ... or so many times as long as that took */
#define SOON_US (5 * CLOCK_US_PER_S) /* between pieces that do not press */

void
housekeeping_init(struct housekeeping *housekeeping,
                  const struct settings *settings)
{
    *housekeeping = (struct housekeeping){.settings = settings, .next_us = 0};
    housekeeping->upkeep.logger = LOGGER;
    upkeep_begin(&housekeeping->upkeep, settings, UPKEEP_CLEANUP_WHEN_DUE);
}

void
housekeeping_free(struct housekeeping *housekeeping)
{
    upkeep_end(&housekeeping->upkeep);
}

/* Each does a piece and says in *pause_us after what pause it wants to be
   called again; it is left as it is when there is no more to do. */

/* Results of deliveries wait for the same connection. */
static int64_t
breath(int64_t took_us)
{
    return BREATHS * took_us > BREATH_US ? BREATHS * took_us : BREATH_US;
}

static enum db_result
keep_up(struct housekeeping *housekeeping, struct db *db, int64_t *pause_us)
{
    struct upkeep *upkeep = &housekeeping->upkeep;
    int64_t began_us = clock_mono_us();
    bool done;
    enum db_result result = upkeep_step(upkeep, db, &done);

    if (done)
        upkeep_begin(upkeep, housekeeping->settings, UPKEEP_CLEANUP_WHEN_DUE);
    else
        *pause_us = upkeep->cleaning ? breath(clock_mono_us() - began_us) : 0;
    return result;
}

static enum db_result
fold(struct housekeeping *housekeeping, struct db *db, int64_t *pause_us)
{
    int64_t before_us =
        db_now_us(db) - housekeeping->settings->rollup_days * CLOCK_US_PER_DAY;
    bool more = false;
    enum db_result result = rollup_fold(db, before_us, &more);

    if (more)
        *pause_us = SOON_US;
    return result;
}

static enum db_result
forget_keys(struct housekeeping *housekeeping, struct db *db, int64_t *pause_us)
{
    enum db_result result =
        store_sequence_sweep(db, &housekeeping->quiet_after);

    if (housekeeping->quiet_after != 0)
        *pause_us = SOON_US;
    return result;
}

static enum db_result
forget_rounds(struct housekeeping *housekeeping, struct db *db,
              int64_t *pause_us)
{
    bool more = false;
    enum db_result result = store_debounce_sweep(db, &more);

    (void)housekeeping;
    if (more)
        *pause_us = SOON_US;
    return result;
}

static enum db_result
forget_waits(struct housekeeping *housekeeping, struct db *db,
             int64_t *pause_us)
{
    bool more = false;
    enum db_result result = store_wait_sweep(db, &more);

    (void)housekeeping;
    if (more)
        *pause_us = SOON_US;
    return result;
}

static enum db_result
forget_records(struct housekeeping *housekeeping, struct db *db,
               int64_t *pause_us)
{
    bool more = false;
    enum db_result result = store_record_forget(db, &more);

    (void)housekeeping;
    if (more)
        *pause_us = SOON_US / 10; /* they may be many */
    return result;
}

static enum db_result (*const tasks[])(struct housekeeping *, struct db *,
                                       int64_t *) = {
    keep_up, fold, forget_keys, forget_rounds, forget_waits, forget_records,
};
#define TASKS (sizeof(tasks) / sizeof(tasks[0]))
#define NO_MORE (-1)

enum db_result
housekeeping_run(struct housekeeping *housekeeping, struct db *db)
{
    int64_t pause_us = NO_MORE;
    enum db_result result =
        tasks[housekeeping->task](housekeeping, db, &pause_us);

    if (result != DB_OK) {
        log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("error", db_error_text(db))),
                    "Housekeeping failed; it is repeated later");
        pause_us = NO_MORE;
    }
    if (pause_us == NO_MORE) {
        housekeeping->task = (housekeeping->task + 1) % TASKS;
        pause_us = housekeeping->task == 0 ? EVERY_US : 0;
    }
    housekeeping->next_us = clock_mono_us() + pause_us;
    /* Deliveries go on without what is refused here, an ALTER for instance. */
    return result == DB_BROKEN && db_connected(db) ? DB_OK : result;
}
