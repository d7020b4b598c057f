/*
 * verify_signed.c - requests whose header signs a text made from their body.
 */
#include "verify_impl.h"

#include "clock.h"
#include "json.h"
#include "number.h"

#define TIMESTAMP_MAX_S INT64_C(253402300799) /* the end of the year 9999 */

enum verify_result
header_take(const struct verify_message *message, const char *name,
            struct slice *value)
{
    struct slice got = message->header(message->arg, name);

    if (got.ptr == NULL)
        return VERIFY_MISSING;
    if (got.ptr == verify_several)
        return VERIFY_MALFORMED;
    *value = got;
    return VERIFY_OK;
}

/* name may be NULL: the kind has no such header, or not in this spelling. */
static enum verify_result
take_if_named(const struct verify_message *message, const char *name,
              struct slice *value)
{
    return name == NULL ? VERIFY_OK : header_take(message, name, value);
}

/* Everything the headers say, read but not believed. */
static enum verify_result
read_claim(const struct checking *checking, struct claim *claim)
{
    const struct scheme *scheme = &checking->scheme;
    const struct verify_message *message = checking->message;
    size_t i = checking->spelling;
    struct slice header = SLICE_NONE;
    enum verify_result result;

    claim->count = 0;
    claim->id = claim->timestamp = SLICE_NONE;
    result = header_take(message, scheme->signature[i], &header);
    if (result == VERIFY_OK)
        result =
            take_if_named(message, scheme->timestamp[i], &claim->timestamp);
    if (result == VERIFY_OK)
        result = take_if_named(message, scheme->id[i], &claim->id);
    if (result == VERIFY_OK && !scheme->read(scheme, header, claim))
        result = VERIFY_MALFORMED;
    return result;
}

enum verify_result
time_check(const struct checking *checking, int64_t at_us)
{
    int64_t window_us;

    if (checking->window_s == 0)
        return VERIFY_OK;
    window_us = checking->window_s > TIMESTAMP_MAX_S
                    ? INT64_MAX / 2
                    : checking->window_s * CLOCK_US_PER_S;
    return at_us < checking->message->now_us - window_us ||
                   at_us > checking->message->now_us + window_us
               ? VERIFY_STALE
               : VERIFY_OK;
}

/* Seconds since 1970, even where no window is set: the digits are signed. Under
   a configured name they may be milliseconds, which no second of the calendar
   is mistaken for. */
static enum verify_result
check_timestamp(const struct checking *checking, struct slice text)
{
    bool ms_too = checking->verifier->timestamp_header != NULL;
    int64_t at;

    if (text.ptr == NULL)
        return VERIFY_OK;
    if (!number_i64(text, 0, TIMESTAMP_MAX_S * (ms_too ? 1000 : 1), &at))
        return VERIFY_MALFORMED;
    return time_check(checking, at * (at > TIMESTAMP_MAX_S ? CLOCK_US_PER_MS
                                                           : CLOCK_US_PER_S));
}

bool
keys_any(const struct checking *checking)
{
    const struct verifier *verifier = checking->verifier;
    size_t i;

    for (i = 0; i < verifier->secret_count; i++)
        if (keys_take(&checking->scheme, verifier->secrets[i]))
            return true;
    return false;
}

/* Whichever fits, all are tried: the time tells nothing. */
enum verify_result
keys_check(struct checking *checking, const struct text *text,
           const struct claim *claim)
{
    const struct verifier *verifier = checking->verifier;
    enum verify_result result = VERIFY_MISMATCH;
    size_t i;

    for (i = 0; i < verifier->secret_count; i++) {
        struct key_list list = key_list(verifier->secrets[i]);
        struct key key;

        while (key_next(&checking->scheme, &list, &key)) {
            if (crypto_fits(&key, text, claim) && result != VERIFY_OK) {
                result = VERIFY_OK;
                checking->secret = i;
            }
            key_wipe(&key);
        }
    }
    return result;
}

enum verify_result
check_signed(struct checking *checking)
{
    struct claim claim;
    struct text text;
    enum verify_result result;

    if (!keys_any(checking))
        return VERIFY_NO_SECRET;
    result = read_claim(checking, &claim);
    if (result == VERIFY_OK)
        result = check_timestamp(checking, claim.timestamp);
    if (result == VERIFY_OK)
        result = text_compose(checking->scheme.signed_text, &claim,
                              checking->message, &text);
    if (result == VERIFY_OK)
        result = keys_check(checking, &text, &claim);
    return result;
}

/* Linear's time is in the body. */
static bool
signs_a_moment(const struct scheme *scheme)
{
    return scheme->signed_text != NULL &&
           (scheme->check == check_linear ||
            strstr(scheme->signed_text, "{timestamp}") != NULL ||
            strstr(scheme->signed_text, "{id}") != NULL);
}

bool
signed_once(const struct checking *checking, uint8_t hash[32])
{
    struct claim claim;
    struct text text;

    if (!signs_a_moment(&checking->scheme) ||
        read_claim(checking, &claim) != VERIFY_OK ||
        text_compose(checking->scheme.signed_text, &claim, checking->message,
                     &text) != VERIFY_OK)
        return false;
    sign_sha256_parts(text.parts, text.count, hash);
    return true;
}

/* The header Linear-Timestamp is not signed, so it proves nothing. The body is
   looked at only once it is known to be Linear's. */
enum verify_result
check_linear(struct checking *checking)
{
    enum verify_result result = check_signed(checking);
    struct json_value body, at;
    int64_t at_ms;

    if (result != VERIFY_OK || checking->window_s == 0)
        return result;
    if (!json_read(checking->message->body, &body, NULL) ||
        body.type != JSON_OBJECT ||
        !json_find(body.text, "webhookTimestamp", &at) ||
        at.type != JSON_NUMBER ||
        !json_integer(at.text, 0, TIMESTAMP_MAX_S * 1000, &at_ms))
        return VERIFY_MALFORMED;
    return time_check(checking, at_ms * CLOCK_US_PER_MS);
}
