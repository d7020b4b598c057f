/*
 * receive_signature.c - see receive_signature.h.
 */
#include "receive_signature.h"

#include "clock.h"
#include "inbound_dedupe.h"
#include "log.h"
#include "source_defaults.h"

#include <stdatomic.h>

#define LOGGER "webhook_handlers"
#define ADVICE_EVERY_US (60 * CLOCK_US_PER_S)
#define URL_MAX_BYTES ((size_t)64 * 1024)

/* What the operator can read in the rejection. */
static const char *const hints[] = {
    [VERIFY_OK] = "",
    [VERIFY_NO_SECRET] = "No secret is set that a signature could be checked "
                         "with",
    [VERIFY_MISSING] = "There is no signature header, or none that belongs to "
                       "the source",
    [VERIFY_AMBIGUOUS] = "There are headers of two kinds of signatures",
    [VERIFY_MALFORMED] = "The header is not a signature of its kind, or came "
                         "several times",
    [VERIFY_STALE] = "The signed time is too far from now: an old request, or "
                     "a clock that is wrong",
    [VERIFY_MISMATCH] = "Signed with another secret, or the body was changed "
                        "on its way",
    [VERIFY_UNUSABLE] = "A verifier is set up wrongly, or needs public_url",
};

struct slice
receive_header(void *arg, const char *name)
{
    const struct exchange *exchange = arg;

    return request_header_repeats(exchange->request, name)
               ? VERIFY_SEVERAL
               : request_header(exchange->request, name);
}

/* The URL that the sender has used, where the source knows it. */
static struct slice
public_url(const struct reception *reception, struct buf *text)
{
    const char *url = reception->source->options.public_url;
    struct slice query = reception->exchange->request->query;

    if (url == NULL)
        return SLICE_NONE;
    if (query.len == 0)
        return slice_of(url);
    buf_add_text(text, url);
    buf_add_char(text, '?');
    buf_add_slice(text, query);
    return buf_ok(text) ? buf_slice(text) : SLICE_NONE;
}

static enum verify_result
judge(struct reception *reception, bool *borrowed)
{
    struct exchange *exchange = reception->exchange;
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    const struct verify_message message = {
        .header = receive_header,
        .arg = exchange,
        .body = buf_slice(&exchange->request->body),
        .url = public_url(reception, &url),
        .now_us = exchange->request->arrived_wall_us,
    };
    struct source_verifiers verifiers;
    enum verify_result result;

    source_effective_verifiers(reception->source, exchange->app->settings,
                               &verifiers);
    *borrowed = verifiers.borrowed;
    result = verify_message(verifiers.list, verifiers.count, &message, NULL);
    reception->is_once =
        result == VERIFY_OK &&
        inbound_dedupe_asks_signature(reception->source) &&
        verify_once(verifiers.list, verifiers.count, &message, reception->once);
    buf_free(&url);
    return result;
}

/* True at most once a minute: a flood of requests needs one piece of advice. */
static bool
may_advise(void)
{
    static atomic_int_fast64_t advised_mono_us;
    int_fast64_t last_us = atomic_load(&advised_mono_us);
    int64_t now_us = clock_mono_us();

    return (last_us == 0 || now_us - last_us > ADVICE_EVERY_US) &&
           atomic_compare_exchange_strong(&advised_mono_us, &last_us, now_us);
}

static void
warn_about_borrowed_key(void)
{
    static atomic_flag warned = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&warned))
        log_warning(LOGGER, NULL,
                    "SUPABASE_KEY serves as the signing secret of supabase; "
                    "give it one of its own: postern source set supabase "
                    "--secret ...");
}

bool
receive_refuse_signature(struct reception *reception, enum verify_result result)
{
    struct reply *reply = reception->exchange->reply;
    struct slice name = reception->name;

    if (result == VERIFY_NO_SECRET && may_advise())
        log_warning(LOGGER, LOG_FIELDS(LOG_SLICE("source", name)),
                    "No secret is set to check signatures with, so everything "
                    "is refused: postern source set %.*s --secret ...",
                    (int)name.len, name.ptr);
    reception_detail(reception, "%s", hints[result]);
    reply_error(reply, 401, "invalid_signature", "%s",
                reception->face->bad_signature);
    reply->reason = verify_result_name(result);
    return false;
}

bool
receive_refuse_unreadable(struct reception *reception)
{
    const char *name = reception->source->name;

    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("source", name)),
              "The secret was sealed with another key: check key_file, or set "
              "it again: postern source set %s --secret ...",
              name);
    reply_error(reception->exchange->reply, 503, "secret_unreadable",
                "The source cannot be verified at the moment");
    return false;
}

/* A signature that is not there is none, whatever has changed; the others may
   be right for a secret that nobody here knows yet. */
static bool
may_be_right(enum verify_result result)
{
    return result == VERIFY_MISMATCH || result == VERIFY_NO_SECRET ||
           result == VERIFY_UNUSABLE;
}

static bool
refuse(struct reception *reception, enum verify_result result, bool unknown)
{
    if (reception->source != NULL && reception->source->secrets_unreadable)
        return receive_refuse_unreadable(reception);
    if (unknown && may_be_right(result)) {
        reply_unavailable(reception->exchange->reply);
        return false;
    }
    return receive_refuse_signature(reception, result);
}

/* What is not verified and taken all the same. */
static bool
take_unverified(struct reception *reception, enum verify_result result)
{
    if (result != VERIFY_OK) {
        reception_detail(reception, "%s", hints[result]);
        reception_watched(reception, 401, verify_result_name(result));
    }
    return true;
}

static bool
take_verified(struct reception *reception, bool borrowed)
{
    if (borrowed)
        warn_about_borrowed_key();
    /* An address that is only watched makes nothing certain. */
    reception->verified = reception->watched_reason == NULL;
    return true;
}

bool
receive_check_signature(struct reception *reception)
{
    enum verify_mode mode = reception_mode(reception);
    bool borrowed = false, unknown = false;
    enum verify_result result;

    reception->verified = reception->is_once = false;
    if (mode == VERIFY_OFF)
        return true;
    result = judge(reception, &borrowed);
    if (result != VERIFY_OK && mode == VERIFY_ENFORCE &&
        reception_look_again(reception, &unknown)) {
        if (reception->source == NULL)
            return refuse(reception, VERIFY_NO_SECRET, false);
        mode = reception_mode(reception);
        result = judge(reception, &borrowed);
    }
    if (reception->exchange->must_wait)
        return false;
    if (result == VERIFY_OK)
        return take_verified(reception, borrowed);
    if (mode != VERIFY_ENFORCE)
        return take_unverified(reception,
                               mode == VERIFY_OFF ? VERIFY_OK : result);
    return refuse(reception, result, unknown);
}
