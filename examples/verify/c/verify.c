/*
 * verify.c - checks that a webhook comes from Postern, with OpenSSL 3.
 */
#include "verify.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECRET_MAX 512
#define MAC_SIZE 32

/* HMAC-SHA256 of a prefix and the body. */
static bool
make_mac(const unsigned char *key, size_t key_len, const char *prefix,
         const void *body, size_t len, unsigned char mac[MAC_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key, key_len);
    size_t mac_len = MAC_SIZE;
    bool good =
        context != NULL && pkey != NULL &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
        EVP_DigestSignUpdate(context, prefix, strlen(prefix)) == 1 &&
        EVP_DigestSignUpdate(context, body, len) == 1 &&
        EVP_DigestSignFinal(context, mac, &mac_len) == 1;

    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(context);
    return good;
}

/* In constant time; `given` need not end with a NUL. */
static bool
is_same(const char *wanted, const char *given, size_t given_len)
{
    return strlen(wanted) == given_len &&
           CRYPTO_memcmp(wanted, given, given_len) == 0;
}

bool
verify_hmac(const char *const *secrets, const void *body, size_t len,
            const char *signature)
{
    unsigned char mac[MAC_SIZE];
    char wanted[sizeof("sha256=") + 2 * MAC_SIZE] = "sha256=";
    size_t i;

    for (; *secrets != NULL; secrets++) {
        if (!make_mac((const unsigned char *)*secrets, strlen(*secrets), "",
                      body, len, mac))
            continue;
        for (i = 0; i < MAC_SIZE; i++)
            snprintf(wanted + strlen("sha256=") + 2 * i, 3, "%02x", mac[i]);
        if (is_same(wanted, signature, strlen(signature)))
            return true;
    }
    return false;
}

/* The key of a secret; its length, 0 if it has none. */
static size_t
key_of(const char *secret, unsigned char key[SECRET_MAX])
{
    size_t len = strlen(secret);
    int decoded;

    if (len >= SECRET_MAX)
        return 0;
    if (strncmp(secret, "whsec_", 6) != 0) {
        memcpy(key, secret, len);
        return len;
    }
    decoded =
        EVP_DecodeBlock(key, (const unsigned char *)secret + 6, (int)len - 6);
    if (decoded <= 0)
        return 0;
    /* It counts the bytes that padding stands for. */
    return (size_t)decoded - (secret[len - 1] == '=') -
           (secret[len - 2] == '=');
}

/* True if one of the texts between spaces is the one that is wanted. */
static bool
is_among(const char *wanted, const char *signatures)
{
    while (*signatures != '\0') {
        size_t len = strcspn(signatures, " ");

        if (is_same(wanted, signatures, len))
            return true;
        signatures += len;
        signatures += strspn(signatures, " ");
    }
    return false;
}

bool
verify_standard(const char *const *secrets, const void *body, size_t len,
                const char *id, const char *timestamp, const char *signatures,
                long long tolerance_s)
{
    unsigned char key[SECRET_MAX], mac[MAC_SIZE];
    char wanted[3 + 4 * (MAC_SIZE / 3 + 1) + 1] = "v1,";
    char prefix[1024];
    size_t key_len;

    if (timestamp[0] == '\0' || strlen(timestamp) > 12 ||
        timestamp[strspn(timestamp, "0123456789")] != '\0' ||
        llabs(time(NULL) - strtoll(timestamp, NULL, 10)) > tolerance_s ||
        snprintf(prefix, sizeof(prefix), "%s.%s.", id, timestamp) >=
            (int)sizeof(prefix))
        return false;
    for (; *secrets != NULL; secrets++) {
        key_len = key_of(*secrets, key);
        if (key_len == 0 || !make_mac(key, key_len, prefix, body, len, mac))
            continue;
        EVP_EncodeBlock((unsigned char *)wanted + 3, mac, MAC_SIZE);
        if (is_among(wanted, signatures))
            return true;
    }
    return false;
}
