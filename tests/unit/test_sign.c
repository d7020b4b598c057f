/*
 * test_sign.c - unit tests for core/outgoing/sign.c
 */
#include "sign.h"

#include "encode.h"
#include "unit.h"

#include <pthread.h>

#define MAX 4096

static void
expect_hex(const char *claim, const uint8_t bytes[32], const char *want)
{
    char hex[65];

    encode_hex(bytes, 32, hex);
    if (strcmp(hex, want) != 0)
        fprintf(stderr, "\n%s: got %s, want %s\n", claim, hex, want);
    CU_ASSERT_STRING_EQUAL(hex, want);
}

/* RFC 4231, sections 4.2, 4.3, 4.7 and 4.8. */
static void
test_hmac_vectors(void)
{
    char key[131];
    uint8_t mac[SIGN_MAC];

    memset(key, 0x0b, 20);
    sign_hmac_sha256(slice_make(key, 20), SLICE("Hi There"), mac);
    expect_hex(
        "case 1", mac,
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    sign_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac);
    expect_hex(
        "case 2", mac,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    sign_hmac_sha256(
        slice_make(key, sizeof(key)),
        SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), mac);
    expect_hex(
        "case 6", mac,
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    sign_hmac_sha256(
        slice_make(key, sizeof(key)),
        SLICE("This is a test using a larger than block-size key and a larger "
              "than block-size data. The key needs to be hashed before being "
              "used by the HMAC algorithm."),
        mac);
    expect_hex(
        "case 7", mac,
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* The context remembers its last key; an empty one must still replace it. */
static void
test_empty_key_is_a_key(void)
{
    static const char want[] =
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    uint8_t mac[SIGN_MAC];

    sign_hmac_sha256(SLICE("the key before"), SLICE("x"), mac);
    sign_hmac_sha256(SLICE(""), SLICE(""), mac);
    expect_hex("empty", mac, want);
    sign_hmac_sha256(SLICE("the key before"), SLICE("x"), mac);
    sign_hmac_sha256(SLICE_NONE, SLICE_NONE, mac);
    expect_hex("absent", mac, want);
}

static void
test_pieces_make_the_whole(void)
{
    static const struct slice pieces[] = {
        {"what do ya", 10}, {"", 0}, {" want for nothing?", 18}};
    uint8_t whole[32], parts[32];

    sign_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                     whole);
    sign_hmac_sha256_parts(SLICE("Jefe"), pieces, 3, parts);
    CU_ASSERT_TRUE(sign_equal(whole, parts, 32));
    sign_sha256(SLICE("what do ya want for nothing?"), whole);
    sign_sha256_parts(pieces, 3, parts);
    CU_ASSERT_TRUE(sign_equal(whole, parts, 32));
}

/* FIPS 180-2, appendix B.1, and the empty message. */
static void
test_sha256(void)
{
    uint8_t digest[32];

    sign_sha256(SLICE("abc"), digest);
    expect_hex(
        "abc", digest,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sign_sha256(SLICE(""), digest);
    expect_hex(
        "empty", digest,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The examples that GitHub and Notion print in their documentation. */
static void
test_hex_header(void)
{
    struct buf out = BUF_INIT(MAX);

    sign_hex_header(SLICE("It's a Secret to Everybody"), SLICE("Hello, World!"),
                    &out);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586"
                           "c22c46f4379c8b043e17");
    buf_clear(&out);
    sign_hex_header(
        SLICE("secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"),
        SLICE("{\"verification_token\":"
              "\"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl\"}"),
        &out);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "sha256=461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff0"
                           "40ebd10fe266df38a735");
    buf_free(&out);
}

static void
test_standard_header(void)
{
    static const struct {
        const char *claim;
        const char *secret;
        const char *want;
    } rows[] = {
        {"the vector of the Standard Webhooks libraries",
         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"without the prefix the secret is raw bytes",
         "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         "v1,ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI="},
        {"what is not base64 is raw bytes, prefix included", "whsec_not base64",
         "v1,OmLQ6MXVkjCGe3xBmq1ppCkfbHxzMa/f4Lh6QdMpLRg="},
        {"so is a prefix with nothing behind", "whsec_",
         "v1,AUsemtRPIzthQtHnPgmHPUvj8jasw1M2BdSl+bqqaVQ="},
        {"so is base64 without its padding", "whsec_YWI",
         "v1,flWiXmfqE/eUXsdbA5JNxyzQKBTy2fAJg0FTKce8zZM="},
        {"with padding it is decoded",
         "whsec_YWI=", "v1,vHojwjV0xppqxeWQOw3i9VrH5wjGxYf3RB6uU8E8Xuw="},
    };
    struct buf out = BUF_INIT(MAX);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sign_standard_header(slice_of(rows[i].secret),
                             SLICE("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                             SLICE("{\"test\": 2432232314}"), &out);
        if (strcmp(out.data, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim, out.data,
                    rows[i].want);
        CU_ASSERT_STRING_EQUAL(out.data, rows[i].want);
        buf_clear(&out);
    }
    buf_free(&out);
}

static void
test_made_secrets(void)
{
    char one[SIGN_SECRET_TEXT_MAX], two[SIGN_SECRET_TEXT_MAX];
    uint8_t key[64];

    sign_make_secret(one);
    sign_make_secret(two);
    CU_ASSERT_EQUAL(strlen(one), 50);
    CU_ASSERT_EQUAL(memcmp(one, "whsec_", 6), 0);
    CU_ASSERT_EQUAL(decode_base64(slice_of(one + 6), key, sizeof(key)), 32);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
}

static void
test_equal(void)
{
    CU_ASSERT_TRUE(sign_equal("abc", "abc", 3));
    CU_ASSERT_TRUE(sign_equal("abc", "abd", 2));
    CU_ASSERT_FALSE(sign_equal("abc", "abd", 3));
    CU_ASSERT_FALSE(sign_equal("abc", "bbc", 3));
    CU_ASSERT_TRUE(sign_equal("", "", 0));
}

struct signer {
    pthread_t thread;
    char key[16];
    uint8_t want[SIGN_MAC];
    bool wrong;
};

static void *
sign_many(void *arg)
{
    struct signer *signer = arg;
    unsigned i;

    for (i = 0; i < 500; i++) {
        uint8_t mac[SIGN_MAC], digest[32];

        sign_sha256(slice_of(signer->key), digest);
        sign_hmac_sha256(slice_of(signer->key), SLICE("body"), mac);
        if (!sign_equal(mac, signer->want, SIGN_MAC))
            signer->wrong = true;
    }
    return NULL;
}

/* Every thread has contexts of its own, and they end with it. */
static void
test_threads_do_not_share_keys(void)
{
    struct signer signers[8];
    const size_t count = sizeof(signers) / sizeof(signers[0]);
    size_t i;

    for (i = 0; i < count; i++) {
        signers[i].wrong = false;
        (void)snprintf(signers[i].key, sizeof(signers[i].key), "key %zu", i);
        sign_hmac_sha256(slice_of(signers[i].key), SLICE("body"),
                         signers[i].want);
    }
    for (i = 0; i < count; i++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&signers[i].thread, NULL, sign_many, &signers[i]),
            0);
    for (i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(pthread_join(signers[i].thread, NULL), 0);
        CU_ASSERT_FALSE(signers[i].wrong);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"HMAC vectors", test_hmac_vectors},
        {"an empty key is a key", test_empty_key_is_a_key},
        {"pieces make the whole", test_pieces_make_the_whole},
        {"SHA-256", test_sha256},
        {"hex header", test_hex_header},
        {"standard header", test_standard_header},
        {"made secrets", test_made_secrets},
        {"equal", test_equal},
        {"threads do not share keys", test_threads_do_not_share_keys},
        CU_TEST_INFO_NULL,
    };

    return unit_run("sign", tests);
}
