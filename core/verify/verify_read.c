/*
 * verify_read.c - signature headers: one signature, or a list of them.
 */
#include "verify_impl.h"

#include "encode.h"

static const size_t sizes[] = {
    [ALGORITHM_HMAC_SHA256] = 32, [ALGORITHM_HMAC_SHA512] = 64,
    [ALGORITHM_HMAC_SHA1] = 20,   [ALGORITHM_ED25519] = 64,
    [ALGORITHM_ECDSA_P256] = 0,
};

size_t
algorithm_size(enum algorithm algorithm)
{
    return sizes[algorithm];
}

/* Adds a signature to the claim. False: not one of that algorithm. */
static bool
add(struct claim *claim, enum algorithm algorithm, bool base64,
    struct slice text)
{
    struct signature *signature;
    size_t size = algorithm_size(algorithm);
    int len;

    if (claim->count == CLAIM_SIGNATURES)
        return false;
    signature = &claim->signatures[claim->count];
    if (base64) {
        len = decode_base64(text, signature->bytes, SIGNATURE_MAX);
        if (len <= 0 || (size != 0 && (size_t)len != size))
            return false;
        size = (size_t)len;
    } else if (size == 0 || !decode_hex(text, signature->bytes, size)) {
        return false;
    }
    signature->algorithm = algorithm;
    signature->len = size;
    claim->count++;
    return true;
}

static bool
cut_prefix(struct slice *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
        return false;
    *text = slice_make(text->ptr + len, text->len - len);
    return true;
}

bool
read_single(const struct scheme *scheme, struct slice header,
            struct claim *claim)
{
    if (scheme->prefix != NULL && !cut_prefix(&header, scheme->prefix) &&
        !scheme->prefix_optional)
        return false;
    return add(claim, scheme->algorithm, scheme->base64, header);
}

/* Cuts what stands before the next `border` off a list. */
static struct slice
next_item(struct slice *list, char border)
{
    const char *end = memchr(list->ptr, border, list->len);
    size_t len = end == NULL ? list->len : (size_t)(end - list->ptr);
    size_t taken = end == NULL ? len : len + 1;
    struct slice item = slice_make(list->ptr, len);

    *list = slice_make(list->ptr + taken, list->len - taken);
    return item;
}

/* t=1614265330,v1=<hex>,v1=<hex>,v0=<hex>: other schemes than v1 are none of
   ours, v0 is a decoy. */
bool
read_stripe(const struct scheme *scheme, struct slice header,
            struct claim *claim)
{
    claim->timestamp = SLICE_NONE;
    while (header.len > 0) {
        struct slice item = slice_trim(next_item(&header, ','));

        if (cut_prefix(&item, "t=")) {
            if (claim->timestamp.ptr != NULL)
                return false;
            claim->timestamp = item;
        } else if (cut_prefix(&item, "v1=")) {
            if (claim->count == CLAIM_SIGNATURES)
                return false;
            (void)add(claim, scheme->algorithm, false, item);
        }
    }
    return claim->timestamp.ptr != NULL && claim->count > 0;
}

/* "v1,<base64> v1a,<base64>", perhaps with the comma that some senders put
   between items. Other versions are none of ours. */
bool
read_standard(const struct scheme *scheme, struct slice header,
              struct claim *claim)
{
    while (header.len > 0) {
        struct slice item = next_item(&header, ' ');

        if (item.len > 0 && item.ptr[item.len - 1] == ',')
            item.len--;
        if (claim->count == CLAIM_SIGNATURES)
            return false;
        if (cut_prefix(&item, "v1,"))
            (void)add(claim, scheme->algorithm, true, item);
        else if (cut_prefix(&item, "v1a,"))
            (void)add(claim, ALGORITHM_ED25519, true, item);
    }
    return claim->count > 0;
}
