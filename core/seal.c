/*
 * seal.c - secrets at rest, AES-256-GCM; the layout is in seal.h.
 */
#include "seal.h"

#include "alloc.h"
#include "encode.h"
#include "random.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_VERSION 1
#define KEY_SIZE 32
#define KEY_ID_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define NONCE_AT (1 + KEY_ID_SIZE)
#define TEXT_AT (NONCE_AT + NONCE_SIZE)
#define KEY_TEXT_SIZE (2 * KEY_SIZE + 1) /* 64 digits and a newline */
#define PLACE_MAX 160

_Static_assert(TEXT_AT + TAG_SIZE == SEAL_OVERHEAD, "layout of seal.h");

struct sealer {
    uint8_t key[KEY_SIZE];
    uint8_t key_id[KEY_ID_SIZE];
};

static pthread_once_t cipher_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *cipher;

/* OpenSSL refuses correct calls only when it has no memory or is broken. */
static void
must(bool worked)
{
    if (worked)
        return;
    fputs("postern: OpenSSL failed (AES-256-GCM)\n", stderr);
    abort();
}

static void
fetch_cipher(void)
{
    cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    must(cipher != NULL);
}

struct sealer *
seal_from_key(const uint8_t key[32])
{
    struct sealer *sealer = xcalloc(1, sizeof(*sealer));
    uint8_t digest[EVP_MAX_MD_SIZE];

    (void)pthread_once(&cipher_once, fetch_cipher);
    memcpy(sealer->key, key, KEY_SIZE);
    must(EVP_Digest(key, KEY_SIZE, digest, NULL, EVP_sha256(), NULL) == 1);
    memcpy(sealer->key_id, digest, KEY_ID_SIZE);
    return sealer;
}

void
seal_close(struct sealer *sealer)
{
    if (sealer == NULL)
        return;
    OPENSSL_cleanse(sealer, sizeof(*sealer));
    free(sealer);
}

static bool
explain_open(const char *key_file, int error, struct buf *why)
{
    if (error == ENOENT)
        buf_addf(why,
                 "key file %s does not exist; `postern init` makes one (with "
                 "another key than before, sealed secrets stay closed)",
                 key_file);
    else
        buf_addf(why, "cannot read key file %s: %s", key_file,
                 strerrordesc_np(error));
    return false;
}

/* As whoever looks for it needs it: a relative name says nothing of where. */
static void
add_whole_path(const char *path, struct buf *out)
{
    char here[PATH_MAX];

    if (path[0] != '/' && getcwd(here, sizeof(here)) != NULL)
        buf_addf(out, "%s/", here);
    buf_add_text(out, path);
}

/* Checks who may read the file before a byte of it is used. */
static bool
check_mode(int fd, const char *key_file, struct buf *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return explain_open(key_file, errno, why);
    if (!S_ISREG(st.st_mode)) {
        buf_addf(why, "key file %s is not a regular file", key_file);
        return false;
    }
    if ((st.st_mode & 077) != 0) {
        buf_addf(why,
                 "key file %s may be used by others (mode %04o); run: "
                 "chmod 600 %s",
                 key_file, (unsigned)(st.st_mode & 07777), key_file);
        return false;
    }
    return true;
}

/* Up to size bytes; -1 with errno. */
static ssize_t
read_all(int fd, char *out, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, out + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static bool
read_key(int fd, const char *key_file, uint8_t key[KEY_SIZE], struct buf *why)
{
    char text[KEY_TEXT_SIZE + 1]; /* one more, to see that there is none */
    ssize_t len = read_all(fd, text, sizeof(text));
    bool good;

    if (len < 0)
        return explain_open(key_file, errno, why);
    good = (len == KEY_TEXT_SIZE - 1 ||
            (len == KEY_TEXT_SIZE && text[KEY_TEXT_SIZE - 1] == '\n')) &&
           decode_hex(slice_make(text, 2 * KEY_SIZE), key, KEY_SIZE);
    OPENSSL_cleanse(text, sizeof(text));
    if (!good)
        buf_addf(why,
                 "key file %s must hold %d hexadecimal digits and a newline; "
                 "restore it from a copy",
                 key_file, 2 * KEY_SIZE);
    return good;
}

struct sealer *
seal_open_key(const char *key_file, struct buf *why)
{
    struct sealer *sealer = NULL;
    struct buf path = BUF_INIT(2 * PATH_MAX);
    uint8_t key[KEY_SIZE];
    /* O_NONBLOCK: a FIFO in its place must not hold up the start. */
    int fd = open(key_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = errno;
    const char *name;

    add_whole_path(key_file, &path);
    name = buf_slice(&path).ptr;
    if (fd < 0)
        (void)explain_open(name, error, why);
    else if (check_mode(fd, name, why) && read_key(fd, name, key, why))
        sealer = seal_from_key(key);
    OPENSSL_cleanse(key, sizeof(key));
    buf_free(&path);
    if (fd >= 0)
        (void)close(fd);
    return sealer;
}

static bool
write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

bool
seal_make_key_file(const char *path)
{
    uint8_t key[KEY_SIZE];
    char text[KEY_TEXT_SIZE + 1];
    bool made;
    int error;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    random_bytes(key, sizeof(key));
    encode_hex(key, sizeof(key), text);
    text[KEY_TEXT_SIZE - 1] = '\n';
    made = write_all(fd, text, KEY_TEXT_SIZE) && fsync(fd) == 0;
    error = errno;
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(text, sizeof(text));
    if (close(fd) != 0 && made) {
        made = false;
        error = errno;
    }
    if (!made) {
        (void)unlink(path);
        errno = error;
    }
    return made;
}

/* The additional data: sealed with it, opened only with the same. */
static int
place_text(struct seal_place place, char out[PLACE_MAX])
{
    int len = snprintf(out, PLACE_MAX, "%s:%s:%llu:%llu", place.table,
                       place.column, (unsigned long long)place.application,
                       (unsigned long long)place.row);

    assert(place.row != 0);
    assert(len > 0 && len < PLACE_MAX);
    return len;
}

void
seal_value(const struct sealer *sealer, struct seal_place place,
           struct slice text, struct buf *out)
{
    char aad[PLACE_MAX];
    int aad_len = place_text(place, aad);
    EVP_CIPHER_CTX *ctx;
    uint8_t *sealed;
    int len = 0;

    assert(text.len <= INT_MAX - SEAL_OVERHEAD);
    sealed = (uint8_t *)buf_reserve(out, text.len + SEAL_OVERHEAD);
    if (sealed == NULL) {
        out->overflow = true;
        return;
    }
    sealed[0] = SEAL_VERSION;
    memcpy(sealed + 1, sealer->key_id, KEY_ID_SIZE);
    random_bytes(sealed + NONCE_AT, NONCE_SIZE);

    ctx = EVP_CIPHER_CTX_new();
    must(ctx != NULL);
    must(EVP_EncryptInit_ex2(ctx, cipher, sealer->key, sealed + NONCE_AT,
                             NULL) == 1);
    must(EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)aad, aad_len) ==
         1);
    if (text.len > 0)
        must(EVP_EncryptUpdate(ctx, sealed + TEXT_AT, &len,
                               (const uint8_t *)text.ptr, (int)text.len) == 1);
    must(EVP_EncryptFinal_ex(ctx, sealed + TEXT_AT + text.len, &len) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
                             sealed + TEXT_AT + text.len) == 1);
    EVP_CIPHER_CTX_free(ctx);
    buf_advance(out, text.len + SEAL_OVERHEAD);
}

/* Decrypts into text; false if the tag does not fit. */
static bool
open_sealed(const struct sealer *sealer, struct seal_place place,
            const uint8_t *sealed, size_t text_len, uint8_t *text)
{
    char aad[PLACE_MAX];
    int aad_len = place_text(place, aad);
    uint8_t tag[TAG_SIZE];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    bool opened;

    must(ctx != NULL);
    memcpy(tag, sealed + TEXT_AT + text_len, TAG_SIZE);
    must(EVP_DecryptInit_ex2(ctx, cipher, sealer->key, sealed + NONCE_AT,
                             NULL) == 1);
    must(EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)aad, aad_len) ==
         1);
    if (text_len > 0)
        must(EVP_DecryptUpdate(ctx, text, &len, sealed + TEXT_AT,
                               (int)text_len) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1);
    opened = EVP_DecryptFinal_ex(ctx, text + text_len, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return opened;
}

enum seal_result
seal_reveal(const struct sealer *sealer, struct seal_place place,
            struct slice sealed, struct buf *out)
{
    const uint8_t *bytes = (const uint8_t *)sealed.ptr;
    size_t text_len;
    uint8_t *text;

    if (sealed.ptr == NULL || sealed.len < SEAL_OVERHEAD ||
        sealed.len > INT_MAX || bytes[0] != SEAL_VERSION)
        return SEAL_DAMAGED;
    if (memcmp(bytes + 1, sealer->key_id, KEY_ID_SIZE) != 0)
        return SEAL_OTHER_KEY;

    text_len = sealed.len - SEAL_OVERHEAD;
    text = (uint8_t *)buf_reserve(out, text_len);
    if (text == NULL) {
        out->overflow = true;
        return SEAL_DAMAGED;
    }
    if (!open_sealed(sealer, place, bytes, text_len, text)) {
        OPENSSL_cleanse(text, text_len);
        return SEAL_DAMAGED;
    }
    buf_advance(out, text_len);
    return SEAL_OK;
}
