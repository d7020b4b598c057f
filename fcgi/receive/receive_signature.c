/*
 * receive_signature.c - see receive_signature.h.
 */
#include "receive_signature.h"

#include "clock.h"
#include "contact.h"
#include "log.h"

#include <stdatomic.h>

#define LOGGER "webhook_handlers"
#define ADVICE_EVERY_US (60 * CLOCK_US_PER_S)

size_t
receive_secrets(const struct settings *settings, const struct source *source,
                struct slice secrets[RECEIVE_SECRETS_MAX], bool *borrowed)
{
    size_t count = 0;

    *borrowed = false;
    while (count < source->secret_count && count < RECEIVE_SECRETS_MAX) {
        secrets[count] = slice_of(source->secrets[count]);
        count++;
    }
    if (count == 0 && settings->webhook_secret[0] != '\0')
        secrets[count++] = slice_of(settings->webhook_secret);
    if (count == 0 && strcmp(source->provider, "supabase") == 0 &&
        settings->supabase_key[0] != '\0') {
        secrets[count++] = slice_of(settings->supabase_key);
        *borrowed = true;
    }
    return count;
}

static struct slice
header_of(void *arg, const char *name)
{
    const struct exchange *exchange = arg;

    return request_header_repeats(exchange->request, name)
               ? VERIFY_SEVERAL
               : request_header(exchange->request, name);
}

static enum verify_result
verify(struct exchange *exchange, const struct source *source, bool *borrowed)
{
    const struct verify_message message = {
        .header = header_of,
        .arg = exchange,
        .body = buf_slice(&exchange->request->body),
        .now_us = exchange->request->arrived_wall_us,
    };
    struct slice secrets[RECEIVE_SECRETS_MAX];
    size_t count =
        receive_secrets(exchange->app->settings, source, secrets, borrowed);

    return preset_verify(source->provider, secrets, count, &message, NULL);
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

static void
refuse(struct exchange *exchange, enum verify_result result)
{
    struct slice name = exchange->request->segment[0];

    if (result == VERIFY_NO_SECRET && may_advise())
        log_warning(LOGGER, LOG_FIELDS(LOG_SLICE("source", name)),
                    "No secret is set to check signatures with, so everything "
                    "is refused: postern source set %.*s --secret ...",
                    (int)name.len, name.ptr);
    reply_error(exchange->reply, 401, "invalid_signature",
                "Webhook signature verification failed");
    exchange->reply->reason = verify_result_name(result);
}

/* A secret that was set or changed since the catalog was read. */
static enum verify_result
verify_again(struct exchange *exchange, const struct source **source,
             enum verify_result result, bool *borrowed, bool *unknown)
{
    struct slice name = exchange->request->segment[0];
    enum contact_news news = contact_refresh(exchange);
    const struct source *newer;

    *unknown = news == CONTACT_UNKNOWN;
    if (news != CONTACT_NEWER)
        return result;
    newer = catalog_source_named(exchange->catalog, name);
    *source = newer; /* the old one went with its catalog */
    return newer == NULL ? VERIFY_NO_SECRET : verify(exchange, newer, borrowed);
}

/* Ours to mend, so the sender shall come again. */
static bool
refuse_unreadable(struct exchange *exchange, const struct source *source)
{
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("source", source->name)),
              "The secret was sealed with another key: check key_file, or set "
              "it again: postern source set %s --secret ...",
              source->name);
    reply_error(exchange->reply, 503, "secret_unreadable",
                "The source cannot be verified at the moment");
    return false;
}

bool
receive_check_signature(struct exchange *exchange, const struct source **source,
                        bool *verified)
{
    enum verify_result result;
    bool borrowed = false, unknown = false;

    *verified = exchange->app->settings->verify_webhook_signatures;
    if (!*verified)
        return true;
    result = verify(exchange, *source, &borrowed);
    if (result == VERIFY_MISMATCH || result == VERIFY_NO_SECRET)
        result = verify_again(exchange, source, result, &borrowed, &unknown);
    /* Whatever else fitted: no other secret stands in for one that is lost. */
    if (*source != NULL && (*source)->secrets_unreadable)
        return refuse_unreadable(exchange, *source);
    if (result == VERIFY_OK) {
        if (borrowed)
            warn_about_borrowed_key();
        return true;
    }
    if (unknown)
        reply_unavailable(exchange->reply);
    else
        refuse(exchange, result);
    return false;
}
