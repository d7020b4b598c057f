/*
 * rejection_reason.c - see rejection_reason.h.
 */
#include "rejection_reason.h"

#include "verify.h"

#include <stddef.h>

struct reason {
    const char *word;
    bool source; /* of a request to a source */
    bool outbox; /* of a row of `outbox` */
};

/* In front of them stand those of a signature (verify_result_name()). */
static const struct reason reasons[] = {
    {"address_not_allowed", true, false},
    {"address_rate_limited", true, false},
    {"bad_request", true, false},
    {"duplicate", true, false},
    {"invalid_source", true, false},
    {"payload_too_large", true, true},
    {"queue_full", true, false},
    {"rate_limited", true, false},
    {"secret_unreadable", true, false},
    {"unsupported_media_type", true, false},
    {"validation_error", true, false},
    {"invalid_channels", false, true},
    {"invalid_deliver_at", false, true},
    {"invalid_event_type", false, true},
    {"invalid_external_id", false, true},
    {"invalid_metadata", false, true},
    {"invalid_ordering_key", false, true},
    {"invalid_payload", false, true},
    {"not_storable", false, true},
    {"unknown_application", false, true},
    {"dropped", false, false}, /* how many of a flood have no row */
};
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

/* False behind the last. */
static bool
reason_at(size_t index, struct reason *reason)
{
    const size_t signatures = VERIFY_UNUSABLE - VERIFY_OK;

    if (index >= signatures + REASONS)
        return false;
    if (index < signatures)
        *reason = (struct reason){
            verify_result_name((enum verify_result)(index + 1)), true, false};
    else
        *reason = reasons[index - signatures];
    return true;
}

static bool
is_in(enum rejection_scope scope, const struct reason *reason)
{
    if (scope == REJECTION_SOURCE)
        return reason->source;
    return scope == REJECTION_ANY || reason->outbox;
}

bool
rejection_reason_known(enum rejection_scope scope, struct slice word)
{
    struct reason reason;
    size_t i;

    for (i = 0; reason_at(i, &reason); i++)
        if (is_in(scope, &reason) && slice_is(word, reason.word))
            return true;
    return false;
}

void
rejection_reasons_print(enum rejection_scope scope, struct buf *out)
{
    struct reason reason;
    bool first = true;
    size_t i;

    for (i = 0; reason_at(i, &reason); i++) {
        if (!is_in(scope, &reason))
            continue;
        buf_addf(out, "%s'%s'", first ? "" : ", ", reason.word);
        first = false;
    }
}
