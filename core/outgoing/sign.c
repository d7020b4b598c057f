/*
 * sign.c - signatures we make; see sign.h for what they look like.
 *
 * Algorithms are fetched once and every thread keeps its two contexts: a
 * fetch for each message costs twice the time and a lock.
 */
#include "sign.h"

#include "alloc.h"
#include "encode.h"
#include "random.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SECRET_PREFIX "whsec_"
#define SECRET_BYTES 32

struct contexts {
    EVP_MAC_CTX *mac; /* HMAC, set to SHA-256 */
    EVP_MD_CTX *digest;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static EVP_MAC *hmac;
static EVP_MD *sha256;

/* OpenSSL refuses correct calls only when it has no memory or is broken. */
static void
must(bool worked)
{
    if (worked)
        return;
    fputs("postern: OpenSSL failed (SHA-256)\n", stderr);
    abort();
}

static void
free_contexts(void *arg)
{
    struct contexts *contexts = arg;

    EVP_MAC_CTX_free(contexts->mac);
    EVP_MD_CTX_free(contexts->digest);
    free(contexts);
}

static void
fetch_algorithms(void)
{
    hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    must(hmac != NULL && sha256 != NULL);
    must(pthread_key_create(&thread_key, free_contexts) == 0);
}

static struct contexts *
this_thread(void)
{
    char digest_name[] = "SHA2-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    struct contexts *contexts;

    (void)pthread_once(&once, fetch_algorithms);
    contexts = pthread_getspecific(thread_key);
    if (contexts != NULL)
        return contexts;
    contexts = xcalloc(1, sizeof(*contexts));
    contexts->mac = EVP_MAC_CTX_new(hmac);
    contexts->digest = EVP_MD_CTX_new();
    must(contexts->mac != NULL && contexts->digest != NULL);
    must(EVP_MAC_CTX_set_params(contexts->mac, params) == 1);
    must(pthread_setspecific(thread_key, contexts) == 0);
    return contexts;
}

void
sign_hmac_sha256_parts(struct slice key, const struct slice *parts,
                       size_t count, uint8_t mac[SIGN_MAC])
{
    EVP_MAC_CTX *ctx = this_thread()->mac;
    /* A NULL key would mean the key of the message before. */
    const char *key_bytes = key.len == 0 ? "" : key.ptr;
    size_t len = 0;
    size_t i;

    must(EVP_MAC_init(ctx, (const uint8_t *)key_bytes, key.len, NULL) == 1);
    for (i = 0; i < count; i++)
        must(EVP_MAC_update(ctx, (const uint8_t *)parts[i].ptr, parts[i].len) ==
             1);
    must(EVP_MAC_final(ctx, mac, &len, SIGN_MAC) == 1 && len == SIGN_MAC);
}

void
sign_hmac_sha256(struct slice key, struct slice message, uint8_t mac[SIGN_MAC])
{
    sign_hmac_sha256_parts(key, &message, 1, mac);
}

void
sign_sha256_parts(const struct slice *parts, size_t count, uint8_t digest[32])
{
    EVP_MD_CTX *ctx = this_thread()->digest;
    size_t i;

    must(EVP_DigestInit_ex2(ctx, sha256, NULL) == 1);
    for (i = 0; i < count; i++)
        must(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1);
    must(EVP_DigestFinal_ex(ctx, digest, NULL) == 1);
}

void
sign_sha256(struct slice message, uint8_t digest[32])
{
    sign_sha256_parts(&message, 1, digest);
}

void
sign_make_secret(char out[SIGN_SECRET_TEXT_MAX])
{
    struct buf text = BUF_INIT(SIGN_SECRET_TEXT_MAX - 1);
    uint8_t key[SECRET_BYTES];

    random_bytes(key, sizeof(key));
    buf_add_text(&text, SECRET_PREFIX);
    encode_base64(slice_make(key, sizeof(key)), &text);
    assert(buf_ok(&text));
    memcpy(out, text.data, text.len + 1);
    OPENSSL_cleanse(key, sizeof(key));
    buf_wipe(&text);
}

void
sign_hex_header(struct slice secret, struct slice body, struct buf *out)
{
    uint8_t mac[SIGN_MAC];
    char hex[2 * SIGN_MAC + 1];

    sign_hmac_sha256(secret, body, mac);
    encode_hex(mac, sizeof(mac), hex);
    buf_add_text(out, "sha256=");
    buf_add_text(out, hex);
}

/* The key that a secret stands for; `room` holds it where it is decoded. */
static struct slice
standard_key(struct slice secret, uint8_t room[SIGN_SECRET_MAX])
{
    const size_t prefix = sizeof(SECRET_PREFIX) - 1;
    int len;

    if (secret.len <= prefix || memcmp(secret.ptr, SECRET_PREFIX, prefix) != 0)
        return secret;
    len = decode_base64(slice_make(secret.ptr + prefix, secret.len - prefix),
                        room, SIGN_SECRET_MAX);
    return len > 0 ? slice_make(room, (size_t)len) : secret;
}

void
sign_standard_mac(struct slice secret, struct slice id, int64_t timestamp_s,
                  struct slice body, uint8_t mac[SIGN_MAC])
{
    uint8_t room[SIGN_SECRET_MAX];
    char timestamp[24];
    int len = snprintf(timestamp, sizeof(timestamp), ".%lld.",
                       (long long)timestamp_s);
    const struct slice parts[] = {
        id,
        slice_make(timestamp, (size_t)len),
        body,
    };

    sign_hmac_sha256_parts(standard_key(secret, room), parts, 3, mac);
    OPENSSL_cleanse(room, sizeof(room));
}

void
sign_standard_header(struct slice secret, struct slice id, int64_t timestamp_s,
                     struct slice body, struct buf *out)
{
    uint8_t mac[SIGN_MAC];

    sign_standard_mac(secret, id, timestamp_s, body, mac);
    buf_add_text(out, "v1,");
    encode_base64(slice_make(mac, sizeof(mac)), out);
}

bool
sign_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
