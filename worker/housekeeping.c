/*
 * housekeeping.c - see housekeeping.h.
 */
#include "housekeeping.h"

#include "clock.h"
#include "log.h"
#include "schema.h"
#include "store_rollup.h"

#define LOGGER "postern.worker"
#define EVERY_US (300 * CLOCK_US_PER_S)
#define SOON_US (5 * CLOCK_US_PER_S) /* while there is more to fold */

void
housekeeping_init(struct housekeeping *housekeeping,
                  const struct settings *settings)
{
    *housekeeping = (struct housekeeping){.settings = settings, .next_us = 0};
}

enum db_result
housekeeping_run(struct housekeeping *housekeeping, struct db *db)
{
    int64_t before_us = clock_wall_us() -
                        housekeeping->settings->rollup_days * CLOCK_US_PER_DAY;
    enum db_result result;
    bool more = false;

    result = schema_keep_partitions(db, housekeeping->settings);
    if (result == DB_OK)
        result = rollup_fold(db, before_us, &more);
    if (result != DB_OK)
        log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("error", db_error_text(db))),
                    "Housekeeping failed; it is repeated later");
    housekeeping->next_us = clock_mono_us() + (more ? SOON_US : EVERY_US);
    return result;
}
