/*
 * reception.c - see reception.h.
 */
#include "reception.h"

#include "contact.h"
#include "receiving.h"

#include <stdarg.h>
#include <stdio.h>

static void
set_source(struct reception *reception)
{
    const struct catalog_snapshot *catalog = reception->exchange->catalog;

    reception->source = catalog_source_named(catalog, reception->name);
    if (reception->source != NULL)
        reception->provider = provider_named(reception->source->provider);
}

bool
reception_look_again(struct reception *reception, bool *unknown)
{
    enum contact_news news = contact_refresh(reception->exchange);

    *unknown = news == CONTACT_UNKNOWN;
    if (news != CONTACT_NEWER)
        return false;
    set_source(reception); /* the old one went with its catalog */
    return true;
}

bool
reception_begin(struct reception *reception)
{
    struct reply *reply = reception->exchange->reply;
    bool unknown = false;

    set_source(reception);
    if (reception->source == NULL)
        (void)reception_look_again(reception, &unknown);
    if (reception->source != NULL)
        return true;
    if (unknown)
        reply_unavailable(reply);
    else
        reply_error(reply, 404, "unknown_source",
                    "There is no source of that name");
    return false;
}

enum verify_mode
reception_mode(const struct reception *reception)
{
    if (!reception->exchange->app->settings->verify_webhook_signatures)
        return VERIFY_OFF;
    return reception->source->options.verify;
}

void
reception_detail(struct reception *reception, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reception->detail, sizeof(reception->detail), format, args);
    va_end(args);
}

void
reception_watched(struct reception *reception, int status, const char *reason)
{
    if (reception->watched_reason != NULL)
        return; /* the first one would have been the answer */
    reception->watched_status = status;
    reception->watched_reason = reason;
    memcpy(reception->watched_detail, reception->detail,
           sizeof(reception->watched_detail));
    reception->detail[0] = '\0';
}

static void
note(struct reception *reception, int status, const char *reason,
     const char *detail)
{
    struct app *app = reception->exchange->app;
    const struct refusal refusal = {
        .source_id = reception->source->id,
        .status = status,
        .reason = reason,
        .detail = slice_of(detail),
        .remote_address = reception->exchange->request->remote_address,
    };

    rejecting_note(app->receiving->rejecting, &app->ids, &refusal);
    counting_add(app->receiving->counting, refusal.source_id, COUNTED_REJECTED);
}

void
reception_note_repeat(const struct exchange *exchange,
                      const struct source *source, uint64_t event_id)
{
    struct app *app = exchange->app;
    struct refusal refusal = {
        .source_id = source->id,
        .status = exchange->reply->status,
        .reason = "duplicate",
        .remote_address = exchange->request->remote_address,
        .repeat = true,
    };
    char id[ID_TEXT_MAX], detail[RECEPTION_DETAIL];

    id_format(ID_EVENT, event_id, id);
    (void)snprintf(detail, sizeof(detail), "Received before, as %s", id);
    refusal.detail = slice_of(detail);
    rejecting_note(app->receiving->rejecting, &app->ids, &refusal);
    counting_add(app->receiving->counting, source->id, COUNTED_REPEATED);
}

void
reception_note_watched(struct reception *reception)
{
    if (reception->watched_reason == NULL)
        return;
    note(reception, reception->watched_status, reception->watched_reason,
         reception->watched_detail);
    reception->watched_reason = NULL;
}

/* The request is at fault, or what the source allows it; not the database, and
   not a GET, which everybody tries. */
static bool
is_refusal(const struct reply *reply)
{
    return reply->status >= 400 && reply->status != 405 &&
           reply->code != NULL && strcmp(reply->code, "unavailable") != 0 &&
           strcmp(reply->code, "internal_error") != 0;
}

void
reception_end(struct reception *reception)
{
    const struct exchange *exchange = reception->exchange;
    const struct reply *reply = exchange->reply;

    /* Whoever answers later has the request now. */
    if (exchange->answers_later || exchange->must_wait ||
        reception->source == NULL)
        return;
    reception_note_watched(reception);
    if (is_refusal(reply))
        note(reception, reply->status,
             reply->reason != NULL ? reply->reason : reply->code,
             reception->detail);
}
