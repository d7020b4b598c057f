/*
 * fuzz_signature.c - signature headers: only what has been made with the secret
 * passes, whatever stands around it.
 *
 * Input: a header, an id, a timestamp, a secret, a body, with borders.
 */
#include "fuzz.h"

#include "clock.h"
#include "encode.h"
#include "sign.h"
#include "verify.h"

#define NOW_S INT64_C(1767279600)

static bool
has_part(struct slice text, struct slice part)
{
    return text.len >= part.len &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* A request with one signature header, an id and a time. */
struct fuzz_request {
    const char *name;
    struct slice signature, id, timestamp;
};

static struct slice
header_of(void *arg, const char *name)
{
    const struct fuzz_request *request = arg;

    if (strcmp(name, request->name) == 0)
        return request->signature;
    if (strcmp(name, "webhook-id") == 0)
        return request->id;
    if (strcmp(name, "Content-Type") == 0)
        return SLICE("application/x-www-form-urlencoded");
    return strcmp(name, "webhook-timestamp") == 0 ? request->timestamp
                                                  : SLICE_NONE;
}

static enum verify_result
ask(const struct verifier *verifier, struct fuzz_request *request,
    struct slice body)
{
    const struct verify_message message = {
        .header = header_of,
        .arg = request,
        .body = body,
        .url = SLICE("https://example.com/hook?a=b"),
        .now_us = NOW_S * CLOCK_US_PER_S,
    };
    struct verify_match match = {99, 99};
    enum verify_result result = verify_message(verifier, 1, &message, &match);

    FUZZ_CHECK(verify_result_name(result) != NULL);
    FUZZ_CHECK(match.secret == (result == VERIFY_OK ? 0 : 99));
    FUZZ_CHECK(match.verifier == (result == VERIFY_OK ? 0 : 99));
    return result;
}

/* Secrets that are more than their bytes are another test's matter. */
static bool
is_plain(struct slice secret)
{
    return secret.len < 2 || (memcmp(secret.ptr, "wh", 2) != 0 &&
                              memcmp(secret.ptr, "v1", 2) != 0);
}

/* Base64 of the MAC stands in the header, or it is refused. */
static void
check_standard(struct slice header, struct slice id, struct slice timestamp,
               struct slice secret, struct slice body)
{
    const struct verifier verifier = {
        .kind = "standard", .secrets = &secret, .secret_count = 1};
    struct fuzz_request request = {"webhook-signature", header, id, timestamp};
    enum verify_result got = ask(&verifier, &request, body);
    struct buf good = BUF_INIT(128);

    if (got == VERIFY_OK)
        FUZZ_CHECK(has_part(header, SLICE("v1")));
    if (!is_plain(secret))
        return;
    sign_standard_header(secret, id, NOW_S, body, &good);
    if (got == VERIFY_OK && slice_is(timestamp, "1767279600"))
        FUZZ_CHECK(has_part(header, buf_slice(&good)));

    request.timestamp = SLICE("1767279600");
    request.signature = buf_slice(&good);
    got = ask(&verifier, &request, body);
    if (secret.len == 0)
        FUZZ_CHECK(got == VERIFY_NO_SECRET);
    else if (id.len == 0 || memchr(id.ptr, '.', id.len) != NULL)
        FUZZ_CHECK(got == VERIFY_MALFORMED);
    else
        FUZZ_CHECK(got == VERIFY_OK);
    buf_free(&good);
}

static void
check_hex(struct slice header, struct slice secret, struct slice body)
{
    const struct verifier verifier = {
        .kind = "hmac",
        .header = "X-Webhook-Signature",
        .prefix = "sha256=",
        .prefix_optional = true,
        .secrets = &secret,
        .secret_count = 1,
    };
    struct fuzz_request request = {"X-Webhook-Signature", header, SLICE_NONE,
                                   SLICE_NONE};
    enum verify_result got = ask(&verifier, &request, body);
    struct buf good = BUF_INIT(128);

    sign_hex_header(secret, body, &good);
    if (got == VERIFY_OK)
        FUZZ_CHECK(slice_is_nocase(header, good.data) ||
                   slice_is_nocase(header, good.data + 7));
    request.signature = buf_slice(&good);
    FUZZ_CHECK(ask(&verifier, &request, body) ==
               (secret.len == 0 ? VERIFY_NO_SECRET : VERIFY_OK));
    buf_free(&good);
}

/* Whatever comes under its name, every kind ends with a result; only one that
   knows the secret itself could pass. */
static void
check_kinds(struct slice header, struct slice timestamp, struct slice secret,
            struct slice body)
{
    static const struct {
        const char *kind;
        const char *name;
    } rows[] = {
        {"stripe", "Stripe-Signature"},       {"github", "X-Hub-Signature-256"},
        {"shopify", "X-Shopify-Hmac-Sha256"}, {"linear", "Linear-Signature"},
        {"twilio", "X-Twilio-Signature"},     {"gitlab", "webhook-signature"},
        {"basic", "Authorization"},           {"token", "Authorization"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct verifier verifier = {
            .kind = rows[i].kind, .secrets = &secret, .secret_count = 1};
        struct fuzz_request request = {rows[i].name, header, SLICE("id"),
                                       timestamp};
        enum verify_result got = ask(&verifier, &request, body);

        if (got == VERIFY_OK)
            FUZZ_CHECK(verifier_takes_secret(&verifier, secret));
        if (got == VERIFY_OK && strcmp(rows[i].kind, "token") == 0)
            FUZZ_CHECK(has_part(header, secret));
    }
}

/* What we decode we would have written like that. */
static void
check_base64(struct slice text)
{
    uint8_t bytes[SIGN_SECRET_MAX];
    int len = decode_base64(text, bytes, sizeof(bytes));
    struct buf again = BUF_INIT(2 * sizeof(bytes));

    FUZZ_CHECK(len >= -1 && len <= (int)sizeof(bytes));
    if (len >= 0) {
        encode_base64(slice_make(bytes, (size_t)len), &again);
        FUZZ_CHECK(slice_equal(buf_slice(&again), text));
    }
    buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice header = fuzz_part(&input);
    struct slice id = fuzz_part(&input);
    struct slice timestamp = fuzz_part(&input);
    struct slice secret = fuzz_part(&input);
    struct slice body = fuzz_part(&input);

    check_hex(header, secret, body);
    check_standard(header, id, timestamp, secret, body);
    check_kinds(header, timestamp, secret, body);
    check_base64(header);
    check_base64(secret);
    return 0;
}
