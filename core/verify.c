/*
 * verify.c - is this inbound request from who it says? See verify.h.
 */
#include "verify.h"

#include "encode.h"
#include "number.h"
#include "sign.h"

#include <assert.h>

#define HEX_PREFIX "sha256="
#define TIMESTAMP_MAX_S INT64_C(253402300799) /* the end of the year 9999 */

static const char *const names[] = {
    [VERIFY_OK] = "ok",
    [VERIFY_NO_SECRET] = "no_secret",
    [VERIFY_MISSING] = "missing_signature",
    [VERIFY_AMBIGUOUS] = "ambiguous_signature",
    [VERIFY_MALFORMED] = "malformed_signature",
    [VERIFY_STALE] = "stale_timestamp",
    [VERIFY_MISMATCH] = "signature_mismatch",
};

const char *
verify_result_name(enum verify_result result)
{
    assert((size_t)result < sizeof(names) / sizeof(names[0]));
    return names[result];
}

/* Exactly 64 hex digits, with or without the prefix in front. */
static bool
read_hex(struct slice header, uint8_t mac[SIGN_MAC])
{
    const size_t prefix = sizeof(HEX_PREFIX) - 1;

    if (header.len > prefix && memcmp(header.ptr, HEX_PREFIX, prefix) == 0)
        header = slice_make(header.ptr + prefix, header.len - prefix);
    return decode_hex(header, mac, SIGN_MAC);
}

/* All secrets are tried, whichever matches: the time tells nothing. */
static enum verify_result
match_hex(struct slice header, const struct slice *secrets, size_t count,
          struct slice body, size_t *used)
{
    uint8_t got[SIGN_MAC], want[SIGN_MAC];
    size_t match = count;
    size_t live = 0;
    size_t i;

    for (i = 0; i < count; i++)
        live += secrets[i].len > 0;
    if (live == 0)
        return VERIFY_NO_SECRET;
    if (header.ptr == NULL)
        return VERIFY_MISSING;
    if (!read_hex(header, got))
        return VERIFY_MALFORMED;
    for (i = 0; i < count; i++) {
        if (secrets[i].len == 0)
            continue;
        sign_hmac_sha256(secrets[i], body, want);
        if (sign_equal(got, want, SIGN_MAC) && match == count)
            match = i;
    }
    if (match == count)
        return VERIFY_MISMATCH;
    if (used != NULL)
        *used = match;
    return VERIFY_OK;
}

/* Which headers a provider's requests may carry. */
static const struct scheme {
    const char *provider;
    bool webhook_signature;
    bool notion_signature;
} schemes[] = {
    {"supabase", true, false},
    {"notion", true, true},
};

/* The one header to check, or absent. */
static struct slice
pick_header(const char *provider, const struct verify_headers *headers)
{
    size_t i;

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const struct scheme *scheme = &schemes[i];

        if (strcmp(scheme->provider, provider) != 0)
            continue;
        if (scheme->webhook_signature && headers->webhook_signature.ptr != NULL)
            return headers->webhook_signature;
        if (scheme->notion_signature)
            return headers->notion_signature;
    }
    return SLICE_NONE;
}

enum verify_result
verify_request(const char *provider, const struct verify_headers *headers,
               const struct slice *secrets, size_t count, struct slice body,
               size_t *used)
{
    if (count > 0 && headers->webhook_signature.ptr != NULL &&
        headers->notion_signature.ptr != NULL)
        return VERIFY_AMBIGUOUS;
    return match_hex(pick_header(provider, headers), secrets, count, body,
                     used);
}

enum verify_result
verify_hex(struct slice header, struct slice secret, struct slice body)
{
    return match_hex(header, &secret, 1, body, NULL);
}

/* Cuts the next item off a list separated by spaces. */
static struct slice
next_item(struct slice *list)
{
    const char *space = memchr(list->ptr, ' ', list->len);
    size_t len = space == NULL ? list->len : (size_t)(space - list->ptr);
    struct slice item = slice_make(list->ptr, len);
    size_t taken = space == NULL ? len : len + 1;

    *list = slice_make(list->ptr + taken, list->len - taken);
    return item;
}

/* "v1,<base64>", perhaps with the comma that some senders put between items.
   Other versions are none of ours. */
static bool
read_v1(struct slice item, uint8_t mac[SIGN_MAC])
{
    if (item.len > 0 && item.ptr[item.len - 1] == ',')
        item.len--;
    if (item.len < 3 || memcmp(item.ptr, "v1,", 3) != 0)
        return false;
    return decode_base64(slice_make(item.ptr + 3, item.len - 3), mac,
                         SIGN_MAC) == SIGN_MAC;
}

static enum verify_result
match_list(struct slice signatures, const uint8_t want[SIGN_MAC])
{
    enum verify_result result = VERIFY_MALFORMED;

    while (signatures.len > 0) {
        uint8_t got[SIGN_MAC];

        if (!read_v1(next_item(&signatures), got))
            continue;
        if (sign_equal(got, want, SIGN_MAC))
            result = VERIFY_OK;
        else if (result != VERIFY_OK)
            result = VERIFY_MISMATCH;
    }
    return result;
}

enum verify_result
verify_standard(struct slice id, struct slice timestamp,
                struct slice signatures, struct slice secret, struct slice body,
                int64_t now_s, int64_t window_s)
{
    uint8_t want[SIGN_MAC];
    int64_t timestamp_s;

    if (secret.len == 0)
        return VERIFY_NO_SECRET;
    if (id.ptr == NULL || timestamp.ptr == NULL || signatures.ptr == NULL)
        return VERIFY_MISSING;
    /* A '.' in the id would let id and body share the signed text in more
       than one way. */
    if (id.len == 0 || memchr(id.ptr, '.', id.len) != NULL ||
        !number_i64(timestamp, 0, TIMESTAMP_MAX_S, &timestamp_s))
        return VERIFY_MALFORMED;
    if (window_s > 0 &&
        (timestamp_s < now_s - window_s || timestamp_s > now_s + window_s))
        return VERIFY_STALE;
    sign_standard_mac(secret, id, timestamp_s, body, want);
    return match_list(signatures, want);
}
