/*
 * test_verify.c - unit tests for core/verify.c
 */
#include "verify.h"

#include "sign.h"
#include "unit.h"

#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HEX_UPPER                                                              \
    "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17"
#define HEX_OTHER                                                              \
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18"

static const struct slice secret = {"It's a Secret to Everybody", 26};
static const struct slice body = {"Hello, World!", 13};

static void
expect(const char *claim, enum verify_result got, enum verify_result want)
{
    if (got != want)
        fprintf(stderr, "\n%s: got %s, want %s\n", claim,
                verify_result_name(got), verify_result_name(want));
    CU_ASSERT_EQUAL(got, want);
}

/* The secret, body and MAC are the example of GitHub's documentation. */
static void
test_hex(void)
{
    static const struct {
        const char *claim;
        struct slice header;
        enum verify_result want;
    } rows[] = {
        {"bare hex", {HEX, 64}, VERIFY_OK},
        {"with the prefix", {"sha256=" HEX, 71}, VERIFY_OK},
        {"capital letters", {HEX_UPPER, 64}, VERIFY_OK},
        {"capital letters with the prefix",
         {"sha256=" HEX_UPPER, 71},
         VERIFY_OK},
        {"one bit off", {HEX_OTHER, 64}, VERIFY_MISMATCH},
        {"no header", {NULL, 0}, VERIFY_MISSING},
        {"an empty header", {"", 0}, VERIFY_MALFORMED},
        {"the prefix alone", {"sha256=", 7}, VERIFY_MALFORMED},
        {"a digit short", {HEX, 63}, VERIFY_MALFORMED},
        {"half of it", {HEX, 32}, VERIFY_MALFORMED},
        {"a digit more", {HEX "0", 65}, VERIFY_MALFORMED},
        {"the prefix twice", {"sha256=sha256=" HEX, 78}, VERIFY_MALFORMED},
        {"another prefix", {"sha1=" HEX, 69}, VERIFY_MALFORMED},
        {"a prefix in capitals", {"SHA256=" HEX, 71}, VERIFY_MALFORMED},
        {"white space in front", {" " HEX, 65}, VERIFY_MALFORMED},
        {"white space behind", {HEX " ", 65}, VERIFY_MALFORMED},
        {"white space behind the prefix",
         {"sha256= " HEX, 72},
         VERIFY_MALFORMED},
        {"two signatures", {HEX "," HEX, 129}, VERIFY_MALFORMED},
        {"two signatures, a space", {HEX ", " HEX, 130}, VERIFY_MALFORMED},
        {"a NUL inside",
         {"757107ea0eb2509fc211221cce984b8\0"
          "37570b6d7586c22c46f4379c8b043e17",
          64},
         VERIFY_MALFORMED},
        {"no hex",
         {"g57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
          64},
         VERIFY_MALFORMED},
        {"base64 of the MAC",
         {"dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=", 44},
         VERIFY_MALFORMED},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i].claim, verify_hex(rows[i].header, secret, body),
               rows[i].want);
    expect("another body", verify_hex(rows[0].header, secret, SLICE("Hello")),
           VERIFY_MISMATCH);
    expect("another secret", verify_hex(rows[0].header, SLICE("guess"), body),
           VERIFY_MISMATCH);
    expect("no secret", verify_hex(rows[0].header, SLICE_NONE, body),
           VERIFY_NO_SECRET);
}

/* An HMAC with the empty key is something anybody can make. */
static void
test_empty_secret_is_none(void)
{
    struct slice empty[] = {{"", 0}, {NULL, 0}};
    struct buf header = BUF_INIT(128);
    struct verify_headers headers = {.webhook_signature = SLICE_NONE};

    sign_hex_header(SLICE(""), body, &header);
    headers.webhook_signature = buf_slice(&header);
    expect("empty", verify_hex(buf_slice(&header), SLICE(""), body),
           VERIFY_NO_SECRET);
    expect("a list of empty ones",
           verify_request("supabase", &headers, empty, 2, body, NULL),
           VERIFY_NO_SECRET);
    empty[1] = secret;
    expect("an empty one beside a real one",
           verify_request("supabase", &headers, empty, 2, body, NULL),
           VERIFY_MISMATCH);
    buf_free(&header);
}

static void
test_headers_of_providers(void)
{
    static const struct slice good = {"sha256=" HEX, 71};
    static const struct slice bad = {HEX_OTHER, 64};
    static const struct slice none = {NULL, 0};
    const struct {
        const char *claim;
        const char *provider;
        struct verify_headers headers;
        enum verify_result want;
    } rows[] = {
        {"supabase", "supabase", {good, none}, VERIFY_OK},
        {"supabase, forged", "supabase", {bad, none}, VERIFY_MISMATCH},
        {"supabase, nothing", "supabase", {none, none}, VERIFY_MISSING},
        {"supabase knows no X-Notion-Signature",
         "supabase",
         {none, good},
         VERIFY_MISSING},
        {"supabase, both", "supabase", {good, good}, VERIFY_AMBIGUOUS},
        {"notion by its own header", "notion", {none, good}, VERIFY_OK},
        {"notion by the common header", "notion", {good, none}, VERIFY_OK},
        {"notion, both", "notion", {good, good}, VERIFY_AMBIGUOUS},
        {"notion, a good one does not cure a bad one",
         "notion",
         {bad, good},
         VERIFY_AMBIGUOUS},
        {"notion, nothing", "notion", {none, none}, VERIFY_MISSING},
        {"notion, forged", "notion", {none, bad}, VERIFY_MISMATCH},
        {"an unknown provider is refused",
         "github",
         {good, none},
         VERIFY_MISSING},
        {"a provider without a name", "", {good, none}, VERIFY_MISSING},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect(rows[i].claim,
               verify_request(rows[i].provider, &rows[i].headers, &secret, 1,
                              body, NULL),
               rows[i].want);
        expect("no secrets at all",
               verify_request(rows[i].provider, &rows[i].headers, NULL, 0, body,
                              NULL),
               VERIFY_NO_SECRET);
    }
}

static void
test_all_live_secrets_are_tried(void)
{
    const struct verify_headers headers = {.webhook_signature = {HEX, 64}};
    struct slice secrets[3];
    size_t at, i;

    for (at = 0; at < 3; at++) {
        size_t used = 99;

        for (i = 0; i < 3; i++)
            secrets[i] = i == at ? secret : SLICE("another");
        expect("one of three",
               verify_request("supabase", &headers, secrets, 3, body, &used),
               VERIFY_OK);
        CU_ASSERT_EQUAL(used, at);
        used = 99;
        secrets[at] = SLICE("expired");
        expect("none of three",
               verify_request("supabase", &headers, secrets, 3, body, &used),
               VERIFY_MISMATCH);
        CU_ASSERT_EQUAL(used, 99);
    }
    secrets[0] = secrets[2] = secret;
    expect("the first that fits",
           verify_request("supabase", &headers, secrets, 3, body, &at),
           VERIFY_OK);
    CU_ASSERT_EQUAL(at, 0);
}

#define V1 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1_OTHER "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="
#define V1_WRONG "v1,00hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1A                                                                    \
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw" \
    "VLPo3mNl8EM+m7TBAg=="

#define NOW_S INT64_C(1614265330)

/* Secret, id, time, body and signature are the vector that the Standard
   Webhooks libraries share. */
static void
test_standard(void)
{
    static const struct {
        const char *claim;
        const char *id, *timestamp, *signatures;
        int64_t now_s, window_s;
        enum verify_result want;
    } rows[] = {
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TS "1614265330"
        {"the vector", ID, TS, V1, NOW_S, 300, VERIFY_OK},
        {"behind another version", ID, TS, V1A " " V1, NOW_S, 300, VERIFY_OK},
        {"in front of a wrong one", ID, TS, V1 " " V1_WRONG, NOW_S, 300,
         VERIFY_OK},
        {"behind a wrong one", ID, TS, V1_WRONG " " V1, NOW_S, 300, VERIFY_OK},
        {"a list joined with comma and space", ID, TS, V1_WRONG ", " V1, NOW_S,
         300, VERIFY_OK},
        {"a comma at the end", ID, TS, V1 ",", NOW_S, 300, VERIFY_OK},
        {"spaces too many", ID, TS, "  " V1 "  ", NOW_S, 300, VERIFY_OK},
        {"a wrong one", ID, TS, V1_WRONG, NOW_S, 300, VERIFY_MISMATCH},
        {"stray bits in the last character", ID, TS, V1_OTHER, NOW_S, 300,
         VERIFY_MALFORMED},
        {"only another version", ID, TS, V1A, NOW_S, 300, VERIFY_MALFORMED},
        {"the right bytes under another version", ID, TS,
         "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", NOW_S, 300,
         VERIFY_MALFORMED},
        {"no version", ID, TS, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
         NOW_S, 300, VERIFY_MALFORMED},
        {"a partial signature", ID, TS, "v1,g0hM9SsE", NOW_S, 300,
         VERIFY_MALFORMED},
        {"a signature of nothing", ID, TS, "v1,", NOW_S, 300, VERIFY_MALFORMED},
        {"two commas at the end", ID, TS, V1 ",,", NOW_S, 300,
         VERIFY_MALFORMED},
        {"an empty list", ID, TS, "", NOW_S, 300, VERIFY_MALFORMED},
        {"no list", ID, TS, NULL, NOW_S, 300, VERIFY_MISSING},
        {"no id", NULL, TS, V1, NOW_S, 300, VERIFY_MISSING},
        {"no timestamp", ID, NULL, V1, NOW_S, 300, VERIFY_MISSING},
        {"another id", "msg_other", TS, V1, NOW_S, 300, VERIFY_MISMATCH},
        {"an empty id", "", TS, V1, NOW_S, 300, VERIFY_MALFORMED},
        {"a dot in the id", "msg.1614265330", TS, V1, NOW_S, 300,
         VERIFY_MALFORMED},
        {"another timestamp", ID, "1614265331", V1, NOW_S, 300,
         VERIFY_MISMATCH},
        {"a word", ID, "hello", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"an empty timestamp", ID, "", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"a negative one", ID, "-1614265330", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"a fraction", ID, "1614265330.5", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"a leading zero", ID, "01614265330", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"white space", ID, " 1614265330", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"NaN", ID, "NaN", V1, NOW_S, 300, VERIFY_MALFORMED},
        {"too large for a time", ID, "9223372036854775807", V1, NOW_S, 300,
         VERIFY_MALFORMED},
        {"just old enough", ID, TS, V1, NOW_S + 300, 300, VERIFY_OK},
        {"too old", ID, TS, V1, NOW_S + 301, 300, VERIFY_STALE},
        {"just not too early", ID, TS, V1, NOW_S - 300, 300, VERIFY_OK},
        {"from the future", ID, TS, V1, NOW_S - 301, 300, VERIFY_STALE},
        {"no window, any time", ID, TS, V1, 0, 0, VERIFY_OK},
    };
    const struct slice key = SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const struct slice message = SLICE("{\"test\": 2432232314}");
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i].claim,
               verify_standard(slice_of(rows[i].id),
                               slice_of(rows[i].timestamp),
                               slice_of(rows[i].signatures), key, message,
                               rows[i].now_s, rows[i].window_s),
               rows[i].want);
    expect("another body",
           verify_standard(SLICE(ID), SLICE(TS), SLICE(V1), key,
                           SLICE("{\"test\": 2432232315}"), NOW_S, 300),
           VERIFY_MISMATCH);
    expect("no secret",
           verify_standard(SLICE(ID), SLICE(TS), SLICE(V1), SLICE(""), message,
                           NOW_S, 300),
           VERIFY_NO_SECRET);
}

static void
test_names(void)
{
    CU_ASSERT_STRING_EQUAL(verify_result_name(VERIFY_OK), "ok");
    CU_ASSERT_STRING_EQUAL(verify_result_name(VERIFY_NO_SECRET), "no_secret");
    CU_ASSERT_STRING_EQUAL(verify_result_name(VERIFY_MISSING),
                           "missing_signature");
    CU_ASSERT_STRING_EQUAL(verify_result_name(VERIFY_MISMATCH),
                           "signature_mismatch");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"hex", test_hex},
        {"an empty secret is none", test_empty_secret_is_none},
        {"headers of providers", test_headers_of_providers},
        {"all live secrets are tried", test_all_live_secrets_are_tried},
        {"standard", test_standard},
        {"names", test_names},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify", tests);
}
