/*
 * fuzz_signature.c - signature headers: only what has been made with the secret
 * passes, whatever stands around it.
 *
 * Input: a header, an id, a timestamp, a secret, a body, with borders.
 */
#include "fuzz.h"

#include "encode.h"
#include "sign.h"
#include "verify.h"

#define NOW_S INT64_C(1767279600)
#define WINDOW_S INT64_C(300)

static bool
has_part(struct slice text, struct slice part)
{
    return text.len >= part.len &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* Base64 of the MAC stands in the header, or it is refused. */
static void
check_standard(struct slice header, struct slice id, struct slice timestamp,
               struct slice secret, struct slice body)
{
    enum verify_result got =
        verify_standard(id, timestamp, header, secret, body, NOW_S, WINDOW_S);
    struct buf good = BUF_INIT(128);

    FUZZ_CHECK(verify_result_name(got) != NULL);
    sign_standard_header(secret, id, NOW_S, body, &good);
    if (got == VERIFY_OK)
        FUZZ_CHECK(has_part(header, SLICE("v1,")));
    if (got == VERIFY_OK && slice_is(timestamp, "1767279600"))
        FUZZ_CHECK(has_part(header, buf_slice(&good)));

    got = verify_standard(id, SLICE("1767279600"), buf_slice(&good), secret,
                          body, NOW_S, WINDOW_S);
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
    const struct verify_headers headers = {header, SLICE_NONE};
    enum verify_result got = verify_hex(header, secret, body);
    struct buf good = BUF_INIT(128);
    size_t used = 99;

    FUZZ_CHECK(verify_request("supabase", &headers, &secret, 1, body, &used) ==
               got);
    FUZZ_CHECK(verify_request("notion", &headers, &secret, 1, body, NULL) ==
               got);
    FUZZ_CHECK(used == (got == VERIFY_OK ? 0 : 99));
    sign_hex_header(secret, body, &good);
    if (got == VERIFY_OK)
        FUZZ_CHECK(slice_is_nocase(header, good.data) ||
                   slice_is_nocase(header, good.data + 7));
    FUZZ_CHECK(verify_hex(buf_slice(&good), secret, body) ==
               (secret.len == 0 ? VERIFY_NO_SECRET : VERIFY_OK));
    buf_free(&good);
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
    check_base64(header);
    check_base64(secret);
    return 0;
}
