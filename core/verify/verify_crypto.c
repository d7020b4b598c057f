/*
 * verify_crypto.c - does a signature fit a key and a text? Through OpenSSL's
 * EVP.
 */
#include "verify_impl.h"

#include "alloc.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define MAC_MAX 64 /* bytes of an HMAC-SHA512 */
/* Each signature of a public key reads all of the text again, for whoever
   sends it: as many as keys are changed at a time, and some. */
#define PUBLIC_TRIES 8

static const char *const digests[] = {
    [ALGORITHM_HMAC_SHA256] = "SHA256",
    [ALGORITHM_HMAC_SHA512] = "SHA512",
    [ALGORITHM_HMAC_SHA1] = "SHA1",
};

/* A failure in here is one more signature that does not fit. */
static bool
other_mac(const struct key *key, const struct text *text, uint8_t mac[MAC_MAX])
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *ctx = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    char name[16] = "";
    OSSL_PARAM params[2];
    size_t len = 0, i;
    bool done;

    memcpy(name, digests[key->algorithm], strlen(digests[key->algorithm]));
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    params[1] = OSSL_PARAM_construct_end();
    done = ctx != NULL && EVP_MAC_init(ctx, (const uint8_t *)key->bytes.ptr,
                                       key->bytes.len, params) == 1;
    for (i = 0; done && i < text->count; i++)
        done = EVP_MAC_update(ctx, (const uint8_t *)text->parts[i].ptr,
                              text->parts[i].len) == 1;
    done = done && EVP_MAC_final(ctx, mac, &len, MAC_MAX) == 1;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(hmac);
    return done && len == algorithm_size(key->algorithm);
}

static bool
hmac_fits(const struct key *key, const struct text *text,
          const struct claim *claim)
{
    uint8_t mac[MAC_MAX];
    bool fits = false;
    size_t i;

    if (key->bytes.len == 0)
        return false;
    if (key->algorithm == ALGORITHM_HMAC_SHA256)
        sign_hmac_sha256_parts(key->bytes, text->parts, text->count, mac);
    else if (!other_mac(key, text, mac))
        return false;
    for (i = 0; i < claim->count; i++) {
        const struct signature *signature = &claim->signatures[i];

        if (signature->algorithm == key->algorithm)
            fits |= sign_equal(mac, signature->bytes, signature->len);
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    return fits;
}

static EVP_PKEY *
read_spki(struct slice der)
{
    const uint8_t *at = (const uint8_t *)der.ptr;
    const uint8_t *end = at + der.len;
    EVP_PKEY *key =
        der.len > KEY_MAX ? NULL : d2i_PUBKEY(NULL, &at, (long)der.len);
    char group[32] = "";

    if (key != NULL && at == end && EVP_PKEY_is_a(key, "EC") &&
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
        strcmp(group, "prime256v1") == 0)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *
public_key(const struct key *key)
{
    if (key->algorithm == ALGORITHM_ECDSA_P256)
        return read_spki(key->bytes);
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                       (const uint8_t *)key->bytes.ptr,
                                       key->bytes.len);
}

/* ed25519 takes its text in one piece only. */
static struct slice
join(const struct text *text)
{
    size_t len = 0, i;
    char *all, *at;

    for (i = 0; i < text->count; i++)
        len += text->parts[i].len;
    all = at = xmalloc(len + 1);
    for (i = 0; i < text->count; i++) {
        if (text->parts[i].len > 0)
            memcpy(at, text->parts[i].ptr, text->parts[i].len);
        at += text->parts[i].len;
    }
    return slice_make(all, len);
}

static bool
public_fits_one(EVP_PKEY *pkey, const EVP_MD *digest, struct slice text,
                const struct signature *signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool fits = ctx != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, digest, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature->bytes, signature->len,
                                 (const uint8_t *)text.ptr, text.len) == 1;

    EVP_MD_CTX_free(ctx);
    return fits;
}

static bool
public_fits(const struct key *key, const struct text *text,
            const struct claim *claim)
{
    const EVP_MD *digest =
        key->algorithm == ALGORITHM_ECDSA_P256 ? EVP_sha256() : NULL;
    EVP_PKEY *pkey = public_key(key);
    struct slice all;
    bool fits = false;
    size_t tried = 0, i;

    if (pkey == NULL) {
        ERR_clear_error();
        return false;
    }
    all = join(text);
    for (i = 0; i < claim->count && tried < PUBLIC_TRIES; i++) {
        if (claim->signatures[i].algorithm != key->algorithm)
            continue;
        fits |= public_fits_one(pkey, digest, all, &claim->signatures[i]);
        tried++;
    }
    slice_free(&all);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return fits;
}

bool
crypto_fits(const struct key *key, const struct text *text,
            const struct claim *claim)
{
    switch (key->algorithm) {
    case ALGORITHM_HMAC_SHA256:
    case ALGORITHM_HMAC_SHA512:
    case ALGORITHM_HMAC_SHA1:
        return hmac_fits(key, text, claim);
    case ALGORITHM_ED25519:
    case ALGORITHM_ECDSA_P256:
        return public_fits(key, text, claim);
    }
    return false;
}

bool
crypto_same(struct slice a, struct slice b)
{
    uint8_t of_a[SIGN_MAC], of_b[SIGN_MAC];

    sign_sha256(a, of_a);
    sign_sha256(b, of_b);
    return sign_equal(of_a, of_b, SIGN_MAC);
}

bool
crypto_is_p256(struct slice der)
{
    EVP_PKEY *key = read_spki(der);
    bool is = key != NULL;

    EVP_PKEY_free(key);
    ERR_clear_error();
    return is;
}
