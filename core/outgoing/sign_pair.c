/*
 * sign_pair.c - ed25519 signatures and keys; see sign_pair.h.
 */
#include "sign_pair.h"

#include "alloc.h"
#include "encode.h"
#include "random.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define PRIVATE_PREFIX "whsk_"
#define PUBLIC_PREFIX "whpk_"
#define SEED 32
#define PUBLIC 32
#define SIGNATURE 64
#define TIMESTAMP_MAX 24 /* bytes of ".1767279600." */

struct sign_pair {
    EVP_PKEY *key;
    uint8_t public_key[PUBLIC];
};

/* OpenSSL refuses correct calls only when it has no memory or is broken. */
static void
must(bool worked)
{
    if (worked)
        return;
    fputs("postern: OpenSSL failed (ed25519)\n", stderr);
    abort();
}

static struct sign_pair *
open_seed(const uint8_t seed[SEED])
{
    struct sign_pair *pair = xcalloc(1, sizeof(*pair));
    size_t len = sizeof(pair->public_key);

    pair->key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED);
    must(pair->key != NULL);
    must(EVP_PKEY_get_raw_public_key(pair->key, pair->public_key, &len) == 1 &&
         len == PUBLIC);
    return pair;
}

static void
write_text(const char *prefix, struct slice bytes, char *out, size_t size)
{
    struct buf text = BUF_INIT(size - 1);

    buf_add_text(&text, prefix);
    encode_base64(bytes, &text);
    assert(buf_ok(&text));
    memcpy(out, text.data, text.len + 1);
    buf_wipe(&text);
}

void
sign_make_pair(char private_text[SIGN_PRIVATE_TEXT_MAX],
               char public_text[SIGN_PUBLIC_TEXT_MAX])
{
    uint8_t bytes[SEED + PUBLIC];
    struct sign_pair *pair;

    random_bytes(bytes, SEED);
    pair = open_seed(bytes);
    memcpy(bytes + SEED, pair->public_key, PUBLIC);
    write_text(PRIVATE_PREFIX, slice_make(bytes, sizeof(bytes)), private_text,
               SIGN_PRIVATE_TEXT_MAX);
    sign_pair_public(pair, public_text);
    sign_pair_free(pair);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

bool
sign_pair_looks_private(struct slice secret)
{
    const size_t prefix = sizeof(PRIVATE_PREFIX) - 1;

    return secret.len >= prefix &&
           memcmp(secret.ptr, PRIVATE_PREFIX, prefix) == 0;
}

struct sign_pair *
sign_pair_open(struct slice private_text)
{
    const size_t prefix = sizeof(PRIVATE_PREFIX) - 1;
    struct sign_pair *pair = NULL;
    uint8_t bytes[SEED + PUBLIC];
    int len;

    if (!sign_pair_looks_private(private_text))
        return NULL;
    len = decode_base64(
        slice_make(private_text.ptr + prefix, private_text.len - prefix), bytes,
        sizeof(bytes));
    if (len == SEED || len == SEED + PUBLIC)
        pair = open_seed(bytes);
    if (pair != NULL && len == SEED + PUBLIC &&
        memcmp(pair->public_key, bytes + SEED, PUBLIC) != 0) {
        sign_pair_free(pair);
        pair = NULL;
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return pair;
}

void
sign_pair_free(struct sign_pair *pair)
{
    if (pair == NULL)
        return;
    EVP_PKEY_free(pair->key);
    free(pair);
}

void
sign_pair_public(const struct sign_pair *pair,
                 char public_text[SIGN_PUBLIC_TEXT_MAX])
{
    write_text(PUBLIC_PREFIX, slice_make(pair->public_key, PUBLIC), public_text,
               SIGN_PUBLIC_TEXT_MAX);
}

void
sign_pair_header(const struct sign_pair *pair, struct slice id,
                 int64_t timestamp_s, struct slice body, struct buf *out)
{
    struct buf message = BUF_INIT(id.len + TIMESTAMP_MAX + body.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t signature[SIGNATURE];
    size_t len = sizeof(signature);

    (void)buf_reserve(&message, message.max);
    buf_add_slice(&message, id);
    buf_addf(&message, ".%lld.", (long long)timestamp_s);
    buf_add_slice(&message, body);
    assert(buf_ok(&message));
    must(ctx != NULL);
    must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pair->key) == 1);
    must(EVP_DigestSign(ctx, signature, &len, (const uint8_t *)message.data,
                        message.len) == 1 &&
         len == SIGNATURE);
    EVP_MD_CTX_free(ctx);
    buf_free(&message);
    buf_add_text(out, "v1a,");
    encode_base64(slice_make(signature, sizeof(signature)), out);
}
