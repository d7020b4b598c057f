/*
 * test_sign_pair.c - unit tests for core/outgoing/sign_pair.c and sign_list.c
 */
#include "sign_pair.h"

#include "encode.h"
#include "sign.h"
#include "sign_list.h"
#include "unit.h"
#include "verify.h"

#include <pthread.h>

#define MAX 4096

/* The vectors of the libraries of Standard Webhooks and of Svix. */
#define PRIVATE                                                                \
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRq"   \
    "SKJp4AJ6p9lMicMFs6Kvg=="
#define PUBLIC "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME_S 1614265330
#define BODY "{\"test\": 2432232314}"
#define V1A                                                                    \
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw" \
    "VLPo3mNl8EM+m7TBAg=="
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define V1 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void
test_vector(void)
{
    struct sign_pair *pair = sign_pair_open(SLICE(PRIVATE));
    char public_text[SIGN_PUBLIC_TEXT_MAX];
    struct buf out = BUF_INIT(MAX);

    CU_ASSERT_PTR_NOT_NULL_FATAL(pair);
    sign_pair_header(pair, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_STRING_EQUAL(out.data, V1A);
    sign_pair_public(pair, public_text);
    CU_ASSERT_STRING_EQUAL(public_text, PUBLIC);
    sign_pair_free(pair);
    buf_free(&out);
}

/* RFC 8032, section 7.1, test 1: the seed alone is a key too. */
static void
test_a_seed_is_a_key(void)
{
    static const char seed_hex[] =
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    static const char public_hex[] =
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    uint8_t seed[32], public_key[32];
    struct buf text = BUF_INIT(MAX), want = BUF_INIT(MAX);
    char public_text[SIGN_PUBLIC_TEXT_MAX];
    struct sign_pair *pair;

    CU_ASSERT_TRUE(decode_hex(SLICE(seed_hex), seed, 32));
    CU_ASSERT_TRUE(decode_hex(SLICE(public_hex), public_key, 32));
    buf_add_text(&text, "whsk_");
    encode_base64(slice_make(seed, 32), &text);
    buf_add_text(&want, "whpk_");
    encode_base64(slice_make(public_key, 32), &want);
    pair = sign_pair_open(buf_slice(&text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair);
    sign_pair_public(pair, public_text);
    CU_ASSERT_STRING_EQUAL(public_text, want.data);
    sign_pair_free(pair);
    buf_free(&text);
    buf_free(&want);
}

static void
test_wrong_keys(void)
{
    static const char *const rows[] = {
        "",
        "whsk_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        PUBLIC,
        "whsk_not base64",
        "whsk_AAAA",
        /* without its padding */
        "whsk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4",
        /* the halves of two pairs */
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dR"
        "qSKJp4AJ6p9lMicMFs6Kvw==",
        /* a byte too many */
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dR"
        "qSKJp4AJ6p9lMicMFs6KvgA=",
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sign_pair *pair = sign_pair_open(slice_of(rows[i]));

        if (pair != NULL)
            fprintf(stderr, "\naccepted: %s\n", rows[i]);
        CU_ASSERT_PTR_NULL(pair);
        sign_pair_free(pair);
    }
    CU_ASSERT_PTR_NULL(sign_pair_open(SLICE_NONE));
}

static void
test_what_looks_private(void)
{
    CU_ASSERT_TRUE(sign_pair_looks_private(SLICE(PRIVATE)));
    CU_ASSERT_TRUE(sign_pair_looks_private(SLICE("whsk_wrong")));
    CU_ASSERT_FALSE(sign_pair_looks_private(SLICE("whsk")));
    CU_ASSERT_FALSE(sign_pair_looks_private(SLICE(PUBLIC)));
    CU_ASSERT_FALSE(sign_pair_looks_private(SLICE_NONE));
}

struct message {
    struct slice signature;
};

static struct slice
header_of(void *arg, const char *name)
{
    const struct message *message = arg;

    if (strcasecmp(name, "webhook-id") == 0)
        return SLICE(ID);
    if (strcasecmp(name, "webhook-timestamp") == 0)
        return SLICE("1614265330");
    return strcasecmp(name, "webhook-signature") == 0 ? message->signature
                                                      : SLICE_NONE;
}

/* Does the gateway's own receiving side accept it with that key? */
static bool
verifies(struct slice signature, struct slice key)
{
    struct message message = {signature};
    const struct verifier verifier = {
        .kind = "standard", .secrets = &key, .secret_count = 1};
    const struct verify_message request = {
        .header = header_of,
        .arg = &message,
        .body = SLICE(BODY),
        .now_us = TIME_S * INT64_C(1000000),
    };

    return verify_message(&verifier, 1, &request, NULL) == VERIFY_OK;
}

static void
test_made_pairs(void)
{
    char one[SIGN_PRIVATE_TEXT_MAX], two[SIGN_PRIVATE_TEXT_MAX];
    char one_public[SIGN_PUBLIC_TEXT_MAX], two_public[SIGN_PUBLIC_TEXT_MAX];
    struct buf out = BUF_INIT(MAX);
    struct sign_pair *pair;

    sign_make_pair(one, one_public);
    sign_make_pair(two, two_public);
    CU_ASSERT_EQUAL(strlen(one), 5 + 88);
    CU_ASSERT_EQUAL(strlen(one_public), 5 + 44);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
    CU_ASSERT_STRING_NOT_EQUAL(one_public, two_public);
    pair = sign_pair_open(slice_of(one));
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair);
    sign_pair_header(pair, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_TRUE(verifies(buf_slice(&out), slice_of(one_public)));
    CU_ASSERT_FALSE(verifies(buf_slice(&out), slice_of(two_public)));
    sign_pair_free(pair);
    buf_free(&out);
}

static void
test_lists(void)
{
    struct sign_pair *pair = sign_pair_open(SLICE(PRIVATE));
    const struct sign_secret secrets[] = {
        {.pair = pair},
        {.text = SLICE(SECRET)},
        {.text = SLICE("whsec_YWI=")},
    };
    struct buf out = BUF_INIT(SIGN_LIST_MAX);

    sign_list(secrets, 0, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_EQUAL(out.len, 0);
    sign_list(secrets + 1, 1, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_STRING_EQUAL(out.data, V1);
    buf_clear(&out);
    sign_list(secrets, 3, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_STRING_EQUAL(out.data, V1A
                           " " V1
                           " v1,vHojwjV0xppqxeWQOw3i9VrH5wjGxYf3RB6uU8E8Xuw=");
    CU_ASSERT_TRUE(verifies(buf_slice(&out), SLICE(PUBLIC)));
    CU_ASSERT_TRUE(verifies(buf_slice(&out), SLICE(SECRET)));
    CU_ASSERT_TRUE(verifies(buf_slice(&out), SLICE("whsec_YWI=")));
    CU_ASSERT_FALSE(verifies(buf_slice(&out), SLICE("whsec_YWM=")));
    sign_pair_free(pair);
    buf_free(&out);
}

static void
test_eight_secrets_have_room(void)
{
    struct sign_pair *pair = sign_pair_open(SLICE(PRIVATE));
    struct buf out = BUF_INIT(SIGN_LIST_MAX);
    struct sign_secret secrets[8];
    size_t i;

    for (i = 0; i < 8; i++)
        secrets[i] = (struct sign_secret){.pair = pair};
    sign_list(secrets, 8, SLICE(ID), TIME_S, SLICE(BODY), &out);
    CU_ASSERT_TRUE(buf_ok(&out));
    CU_ASSERT_EQUAL(out.len, 8 * strlen(V1A) + 7);
    sign_pair_free(pair);
    buf_free(&out);
}

static void
test_header_names(void)
{
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_WEBHOOK)->id, "webhook-id");
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_WEBHOOK)->timestamp,
                           "webhook-timestamp");
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_WEBHOOK)->signature,
                           "webhook-signature");
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_SVIX)->id, "svix-id");
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_SVIX)->timestamp, "svix-timestamp");
    CU_ASSERT_STRING_EQUAL(sign_names(SIGN_SVIX)->signature, "svix-signature");
}

struct signer {
    pthread_t thread;
    const struct sign_pair *pair;
    bool wrong;
};

static void *
sign_many(void *arg)
{
    struct signer *signer = arg;
    struct buf out = BUF_INIT(MAX);
    int i;

    for (i = 0; i < 50; i++) {
        buf_clear(&out);
        sign_pair_header(signer->pair, SLICE(ID), TIME_S, SLICE(BODY), &out);
        signer->wrong = signer->wrong || !slice_is(buf_slice(&out), V1A);
    }
    buf_free(&out);
    return NULL;
}

static void
test_threads_share_a_pair(void)
{
    struct sign_pair *pair = sign_pair_open(SLICE(PRIVATE));
    struct signer signers[4];
    size_t i;

    for (i = 0; i < 4; i++) {
        signers[i] = (struct signer){.pair = pair};
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&signers[i].thread, NULL, sign_many, &signers[i]),
            0);
    }
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(pthread_join(signers[i].thread, NULL), 0);
        CU_ASSERT_FALSE(signers[i].wrong);
    }
    sign_pair_free(pair);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"vector", test_vector},
        {"a seed is a key", test_a_seed_is_a_key},
        {"wrong keys", test_wrong_keys},
        {"what looks private", test_what_looks_private},
        {"made pairs", test_made_pairs},
        {"lists", test_lists},
        {"eight secrets have room", test_eight_secrets_have_room},
        {"header names", test_header_names},
        {"threads share a pair", test_threads_share_a_pair},
        CU_TEST_INFO_NULL,
    };

    return unit_run("sign_pair", tests);
}
