/*
 * verify_shared.c - secrets that a request carries as they are.
 */
#include "verify_impl.h"

#include "encode.h"

#include <openssl/crypto.h>
#include <strings.h>

#define WHSEC "whsec_"
#define CREDENTIALS_MAX 512 /* bytes of "user:password" */

struct slice
authorization_rest(struct slice value, const char *word)
{
    size_t len = strlen(word);

    if (value.len <= len || strncasecmp(value.ptr, word, len) != 0 ||
        value.ptr[len] != ' ')
        return SLICE_NONE;
    while (len < value.len && value.ptr[len] == ' ')
        len++;
    return slice_make(value.ptr + len, value.len - len);
}

static bool
is_whsec(struct slice secret)
{
    const size_t len = sizeof(WHSEC) - 1;

    return secret.len >= len && memcmp(secret.ptr, WHSEC, len) == 0;
}

/* All secrets are compared. A signing secret is no token. */
static enum verify_result
compare(struct checking *checking, struct slice got, bool tokens_only)
{
    const struct verifier *verifier = checking->verifier;
    enum verify_result result = VERIFY_NO_SECRET;
    size_t i;

    for (i = 0; i < verifier->secret_count; i++) {
        struct slice secret = verifier->secrets[i];
        bool same;

        if (secret.len == 0 || (tokens_only && is_whsec(secret)))
            continue;
        same = crypto_same(secret, got);
        if (same && result != VERIFY_OK) {
            result = VERIFY_OK;
            checking->secret = i;
        } else if (result == VERIFY_NO_SECRET) {
            result = VERIFY_MISMATCH;
        }
    }
    return result;
}

static enum verify_result
take_value(const struct checking *checking, struct slice *value)
{
    const struct scheme *scheme = &checking->scheme;
    enum verify_result result = header_take(
        checking->message, scheme->signature[checking->spelling], value);
    size_t len;

    if (result != VERIFY_OK)
        return result;
    if (scheme->word != NULL)
        *value = authorization_rest(*value, scheme->word);
    len = scheme->prefix == NULL ? 0 : strlen(scheme->prefix);
    if (len > value->len ||
        (len > 0 && memcmp(value->ptr, scheme->prefix, len) != 0))
        return VERIFY_MALFORMED;
    *value = slice_make(value->ptr + len, value->len - len);
    return value->len == 0 ? VERIFY_MALFORMED : VERIFY_OK;
}

enum verify_result
check_token(struct checking *checking)
{
    struct slice value;
    enum verify_result result = take_value(checking, &value);

    return result == VERIFY_OK ? compare(checking, value, false) : result;
}

enum verify_result
check_basic(struct checking *checking)
{
    uint8_t room[CREDENTIALS_MAX];
    struct slice value;
    enum verify_result result = take_value(checking, &value);
    int len;

    if (result != VERIFY_OK)
        return result;
    len = decode_base64(value, room, sizeof(room));
    if (len <= 0 || memchr(room, ':', (size_t)len) == NULL)
        result = VERIFY_MALFORMED;
    else
        result = compare(checking, slice_make(room, (size_t)len), false);
    OPENSSL_cleanse(room, sizeof(room));
    return result;
}

enum verify_result
check_gitlab(struct checking *checking)
{
    struct slice value;
    enum verify_result result;

    if (checking->spelling == 0)
        return check_signed(checking);
    result = take_value(checking, &value);
    return result == VERIFY_OK ? compare(checking, value, true) : result;
}
