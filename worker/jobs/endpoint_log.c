/*
 * endpoint_log.c - see endpoint_log.h.
 */
#include "endpoint_log.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "log.h"

#include <stdlib.h>

#define LOGGER "postern.worker"

struct change {
    struct ledger_news news;
    uint32_t subscription_id;
    uint32_t application_id;
    const struct flush_row *failure;
};

/* At most one for each result of a batch. */
struct endpoint_log {
    struct change *changes;
    size_t count;
    size_t cap;
};

struct endpoint_log *
endpoint_log_new(void)
{
    return xcalloc(1, sizeof(struct endpoint_log));
}

void
endpoint_log_free(struct endpoint_log *log)
{
    free(log->changes);
    free(log);
}

void
endpoint_log_add(struct endpoint_log *log, const struct ledger_news *news,
                 const struct subscription *subscription,
                 const struct flush_row *failure)
{
    if (log->count == log->cap) {
        log->cap = log->cap == 0 ? 16 : log->cap * 2;
        log->changes =
            xreallocarray(log->changes, log->cap, sizeof(*log->changes));
    }
    log->changes[log->count++] = (struct change){
        .news = *news,
        .subscription_id = subscription->id,
        .application_id = subscription->application_id,
        .failure = failure,
    };
}

void
endpoint_log_clear(struct endpoint_log *log)
{
    log->count = 0;
}

static void
write_failing(const struct change *change, const char *application,
              const char *since)
{
    const struct flush_row *failure = change->failure;
    char next_attempt[CLOCK_TEXT_MAX] = "";

    if (change->news.next_attempt_at_us != 0)
        clock_format_rfc3339(change->news.next_attempt_at_us, next_attempt);
    log_warning(
        LOGGER,
        LOG_FIELDS(LOG_INT("subscription", change->subscription_id),
                   LOG_TEXT("application", application),
                   LOG_TEXT("failing_since", since),
                   LOG_TEXT("next_attempt_at", next_attempt),
                   LOG_TEXT("error_class",
                            failure == NULL ? "" : failure->error_class),
                   LOG_SLICE("error", failure == NULL
                                          ? SLICE_NONE
                                          : failure->error_message)),
        "Endpoint is failing; its deliveries are held back");
}

static void
write_recovered(const struct change *change, const char *application,
                const char *since)
{
    log_info(LOGGER,
             LOG_FIELDS(LOG_INT("subscription", change->subscription_id),
                        LOG_TEXT("application", application),
                        LOG_TEXT("failing_since", since)),
             "Endpoint answers again");
}

void
endpoint_log_write(struct endpoint_log *log)
{
    size_t i;

    if (log->count == 0)
        return;
    log_batch_begin();
    for (i = 0; i < log->count; i++) {
        const struct change *change = &log->changes[i];
        char application[ID_TEXT_MAX], since[CLOCK_TEXT_MAX];

        id_format(ID_APPLICATION, change->application_id, application);
        clock_format_rfc3339(change->news.failing_since_us, since);
        if (change->news.failing)
            write_failing(change, application, since);
        else
            write_recovered(change, application, since);
    }
    log_batch_end();
    log->count = 0;
}
