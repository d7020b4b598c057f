/*
 * verify_key.c - the keys that a secret's text stands for.
 */
#include "verify_impl.h"

#include "encode.h"

#include <openssl/crypto.h>

#define ED25519_KEY 32

static bool
cut(struct slice *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
        return false;
    *text = slice_make(text->ptr + len, text->len - len);
    return true;
}

/* Base64 whose padding may be missing, into the key's room. */
static bool
decode(struct slice text, struct key *key)
{
    char padded[2 * KEY_MAX];
    int len = -1;

    if (text.len > 0 && text.len + 3 < sizeof(padded)) {
        memcpy(padded, text.ptr, text.len);
        while (text.len % 4 != 0)
            padded[text.len++] = '=';
        len = decode_base64(slice_make(padded, text.len), key->room, KEY_MAX);
        OPENSSL_cleanse(padded, sizeof(padded));
    }
    if (len <= 0)
        return false;
    key->bytes = slice_make(key->room, (size_t)len);
    return true;
}

static bool
take_public(struct slice text, struct key *key)
{
    key->algorithm = ALGORITHM_ED25519;
    return decode(text, key) && key->bytes.len == ED25519_KEY;
}

/* One item: "whsec_...", "v1,whsec_...", "whpk_...", "v1a,whpk_...:whsk_...".
   A public key is never an HMAC's: everybody has it. */
static bool
take_standard(struct slice item, struct key *key)
{
    bool marked = cut(&item, "v1,");
    const char *private;

    if (cut(&item, "v1a,") ||
        (item.len >= 5 && !marked && memcmp(item.ptr, "whpk_", 5) == 0)) {
        private = item.len == 0 ? NULL : memchr(item.ptr, ':', item.len);
        if (private != NULL)
            item.len = (size_t)(private - item.ptr);
        return cut(&item, "whpk_") && take_public(item, key);
    }
    key->algorithm = ALGORITHM_HMAC_SHA256;
    return cut(&item, "whsec_") && decode(item, key);
}

static bool
is_marked(struct slice secret)
{
    return cut(&secret, "v1,") || cut(&secret, "v1a,");
}

/* Text that only looks like a marked key is a secret of its own, as long as
   something stands behind the prefix. */
static bool
take_raw(struct slice secret, struct key *key)
{
    struct slice behind = secret;

    if (cut(&behind, "whpk_") || (cut(&behind, "whsec_") && behind.len == 0))
        return false;
    key->bytes = secret;
    return true;
}

/* One item of the list, or all of the secret if it is none. */
static bool
next_standard(bool raw, struct key_list *list, struct key *key)
{
    struct slice item = list->rest;
    const char *bar = list->marked ? memchr(item.ptr, '|', item.len) : NULL;

    if (bar != NULL)
        item.len = (size_t)(bar - item.ptr);
    list->rest = bar == NULL
                     ? slice_make(item.ptr + item.len, 0)
                     : slice_make(bar + 1, list->rest.len - item.len - 1);
    if (item.len == 0)
        return false;
    return take_standard(item, key) ||
           (raw && !list->marked && take_raw(item, key));
}

static bool
take_other(const struct scheme *scheme, struct slice secret, struct key *key)
{
    key->algorithm = scheme->algorithm;
    key->bytes = secret;
    switch (scheme->keys) {
    case KEY_HEX:
        key->bytes = slice_make(key->room, ED25519_KEY);
        return decode_hex(secret, key->room, ED25519_KEY);
    case KEY_SPKI:
        return decode(secret, key) && crypto_is_p256(key->bytes);
    case KEY_RAW:
    case KEY_STANDARD:
    case KEY_WHSEC:
        break;
    }
    return true;
}

struct key_list
key_list(struct slice secret)
{
    return (struct key_list){secret, is_marked(secret)};
}

bool
key_next(const struct scheme *scheme, struct key_list *list, struct key *key)
{
    while (list->rest.len > 0) {
        struct slice all = list->rest;

        if (scheme->keys == KEY_STANDARD || scheme->keys == KEY_WHSEC) {
            if (next_standard(scheme->keys == KEY_STANDARD, list, key))
                return true;
            continue;
        }
        list->rest = slice_make(all.ptr + all.len, 0);
        if (take_other(scheme, all, key))
            return true;
    }
    return false;
}

void
key_wipe(struct key *key)
{
    OPENSSL_cleanse(key->room, sizeof(key->room));
}

bool
keys_take(const struct scheme *scheme, struct slice secret)
{
    struct key_list list = key_list(secret);
    struct key key;
    bool takes = key_next(scheme, &list, &key);

    key_wipe(&key);
    return takes;
}
