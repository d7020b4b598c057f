/*
 * test_verify_provider.c - unit tests for core/verify: providers that sign with
 * HMAC-SHA256, each in a way of its own.
 */
#include "verify_case.h"

#define NOW_S INT64_C(1614265330)

static void
expect_kind(const char *kind, struct slice secret,
            const struct verify_case *rows, size_t count, struct slice body,
            int64_t now_s)
{
    struct verifier verifier = case_verifier(kind, &secret);

    expect_rows(rows, count, &verifier, body, now_s);
}

#define EXPECT_KIND(kind, secret, rows, body, now_s)                           \
    expect_kind(kind, secret, rows, sizeof(rows) / sizeof((rows)[0]), body,    \
                now_s)

/* The example of GitHub's documentation. */
static void
test_github(void)
{
#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    static const struct verify_case rows[] = {
        {"the vector", {"X-Hub-Signature-256: sha256=" HEX}, VERIFY_OK},
        {"beside the older header",
         {"X-Hub-Signature: sha1=0000000000000000000000000000000000000000",
          "X-Hub-Signature-256: sha256=" HEX},
         VERIFY_OK},
        {"the older header alone",
         {"X-Hub-Signature: sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"},
         VERIFY_MISSING},
        {"the right MAC under the older name",
         {"X-Hub-Signature: sha256=" HEX},
         VERIFY_MISSING},
        {"no prefix", {"X-Hub-Signature-256: " HEX}, VERIFY_MALFORMED},
        {"another prefix",
         {"X-Hub-Signature-256: sha1=" HEX},
         VERIFY_MALFORMED},
        {"short hex",
         {"X-Hub-Signature-256: sha256=757107ea0eb2"},
         VERIFY_MALFORMED},
        {"twice",
         {"X-Hub-Signature-256: sha256=" HEX,
          "X-Hub-Signature-256: sha256=" HEX},
         VERIFY_MALFORMED},
        {"forged",
         {"X-Hub-Signature-256: sha256=0571"
          "07ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
         VERIFY_MISMATCH},
    };

    EXPECT_KIND("github", SLICE("It's a Secret to Everybody"), rows,
                SLICE("Hello, World!"), 0);
}

/* The example of Bitbucket's documentation. */
static void
test_bitbucket(void)
{
    static const struct verify_case rows[] = {
        {"the vector",
         {"X-Hub-Signature: sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c2"
          "14ace1f2937e133263c9"},
         VERIFY_OK},
        {"GitHub's SHA-1 under that name",
         {"X-Hub-Signature: sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"},
         VERIFY_MALFORMED},
        {"GitHub's newer name",
         {"X-Hub-Signature-256: sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d9"
          "76c214ace1f2937e133263c9"},
         VERIFY_MISSING},
    };

    EXPECT_KIND("bitbucket", SLICE("It's a Secret to Everybody"), rows,
                SLICE("Hello World!"), 0);
}

/* The example of Notion's documentation. */
static void
test_notion(void)
{
#define TOKEN "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
#define MAC "461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735"
    static const struct verify_case rows[] = {
        {"the vector", {"X-Notion-Signature: sha256=" MAC}, VERIFY_OK},
        {"capital letters",
         {"X-Notion-Signature: "
          "sha256=461E8CBCBA8A75C3EDD866F0E71280F5A85CBF21EFF040EBD10FE266DF38A"
          "735"},
         VERIFY_OK},
        {"no prefix", {"X-Notion-Signature: " MAC}, VERIFY_MALFORMED},
        {"the token itself", {"X-Notion-Signature: " TOKEN}, VERIFY_MALFORMED},
        {"missing", {NULL}, VERIFY_MISSING},
    };

    EXPECT_KIND("notion", SLICE(TOKEN), rows,
                SLICE("{\"verification_token\":\"" TOKEN "\"}"), 0);
}

static void
test_stripe(void)
{
#define S "Stripe-Signature: "
#define S_MAC "b8c8703981e1a1f8e75806c66c4f775d100d2b9a10ff009117cb11be6ed1a8c4"
#define S_NOT "a8c8703981e1a1f8e75806c66c4f775d100d2b9a10ff009117cb11be6ed1a8c4"
    static const struct verify_case rows[] = {
        {"Stripe's own helper", {S "t=1614265330,v1=" S_MAC}, VERIFY_OK},
        {"the second v1", {S "t=1614265330,v1=" S_NOT ",v1=" S_MAC}, VERIFY_OK},
        {"the first v1", {S "t=1614265330,v1=" S_MAC ",v1=" S_NOT}, VERIFY_OK},
        {"a decoy beside it",
         {S "t=1614265330,v1=" S_MAC ",v0=" S_NOT},
         VERIFY_OK},
        {"spaces between", {S "t=1614265330, v1=" S_MAC}, VERIFY_OK},
        {"the time last", {S "v1=" S_MAC ",t=1614265330"}, VERIFY_OK},
        {"schemes nobody knows",
         {S "t=1614265330,v2=x,v1=" S_MAC ",y"},
         VERIFY_OK},
        {"a short one beside it",
         {S "t=1614265330,v1=b8c8,v1=" S_MAC},
         VERIFY_OK},
        {"the right MAC as v0", {S "t=1614265330,v0=" S_MAC}, VERIFY_MALFORMED},
        {"forged", {S "t=1614265330,v1=" S_NOT}, VERIFY_MISMATCH},
        {"another time", {S "t=1614265331,v1=" S_MAC}, VERIFY_MISMATCH},
        {"no time", {S "v1=" S_MAC}, VERIFY_MALFORMED},
        {"two times",
         {S "t=1614265330,t=1614265330,v1=" S_MAC},
         VERIFY_MALFORMED},
        {"two lines, joined",
         {S "t=1614265330,v1=" S_NOT ", t=1614265330,v1=" S_MAC},
         VERIFY_MALFORMED},
        {"two lines",
         {S "t=1614265330,v1=" S_MAC, S "t=1614265330,v1=" S_MAC},
         VERIFY_MALFORMED},
        {"no signature", {S "t=1614265330"}, VERIFY_MALFORMED},
        {"a short signature", {S "t=1614265330,v1=b8c8"}, VERIFY_MALFORMED},
        {"an empty time", {S "t=,v1=" S_MAC}, VERIFY_MALFORMED},
        {"a word", {S "t=hello,v1=" S_MAC}, VERIFY_MALFORMED},
        {"a negative time", {S "t=-1614265330,v1=" S_MAC}, VERIFY_MALFORMED},
        {"NaN", {S "t=NaN,v1=" S_MAC}, VERIFY_MALFORMED},
        {"an empty header", {S}, VERIFY_MALFORMED},
        {"missing", {NULL}, VERIFY_MISSING},
    };
    static const struct verify_case old = {
        "too old", {S "t=1614265330,v1=" S_MAC}, VERIFY_STALE};
    static const struct slice secret = {"whsec_test_secret", 17};
    const struct slice body =
        SLICE("{\n  \"id\": \"evt_1\",\n  \"object\": \"event\"\n}");

    EXPECT_KIND("stripe", secret, rows, body, NOW_S);
    expect_kind("stripe", secret, &old, 1, body, NOW_S + 301);
    expect_kind("stripe", secret, &old, 1, body, NOW_S - 301);
}

/* The example of Slack's documentation. */
static void
test_slack(void)
{
#define SLACK                                                                  \
    "X-Slack-Signature: v0="                                                   \
    "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
#define SLACK_TIME "X-Slack-Request-Timestamp: 1531420618"
    static const struct verify_case rows[] = {
        {"the vector", {SLACK, SLACK_TIME}, VERIFY_OK},
        {"another time",
         {SLACK, "X-Slack-Request-Timestamp: 1531420619"},
         VERIFY_MISMATCH},
        {"a word", {SLACK, "X-Slack-Request-Timestamp: now"}, VERIFY_MALFORMED},
        {"a colon in the time",
         {SLACK, "X-Slack-Request-Timestamp: 1531420618:"},
         VERIFY_MALFORMED},
        {"two times", {SLACK, SLACK_TIME, SLACK_TIME}, VERIFY_MALFORMED},
        {"no time", {SLACK}, VERIFY_MISSING},
        {"no signature", {SLACK_TIME}, VERIFY_MISSING},
        {"another version",
         {"X-Slack-Signature: v1="
          "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
          SLACK_TIME},
         VERIFY_MALFORMED},
        {"no version",
         {"X-Slack-Signature: "
          "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
          SLACK_TIME},
         VERIFY_MALFORMED},
    };
    static const struct verify_case late = {
        "too old, or early", {SLACK, SLACK_TIME}, VERIFY_STALE};
    const struct slice secret = SLICE("8f742231b10e8888abcd99yyyzzz85a5");
    const struct slice body = SLICE(
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain="
        "testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id="
        "U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
        "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        "47445629121.803a0bc887a14d10d2c447fce8b6703c");

    EXPECT_KIND("slack", secret, rows, body, 1531420618);
    expect_kind("slack", secret, &late, 1, body, 1531420618 + 301);
    expect_kind("slack", secret, &late, 1, body, 1531420618 - 301);
}

static void
test_shopify(void)
{
#define SHOP "2YHqT2KCoSbIjah4CZbSTLDvQskPPGlqhMf3FoCT2/A="
    static const struct verify_case rows[] = {
        {"right", {"X-Shopify-Hmac-Sha256: " SHOP}, VERIFY_OK},
        {"the newer family", {"shopify-hmac-sha256: " SHOP}, VERIFY_OK},
        {"both",
         {"X-Shopify-Hmac-Sha256: " SHOP, "shopify-hmac-sha256: " SHOP},
         VERIFY_AMBIGUOUS},
        {"hex",
         {"X-Shopify-Hmac-Sha256: "
          "d981ea4f6282a126c88da8780996d24cb0ef42c90f3c696a84c7f7168093dbf0"},
         VERIFY_MALFORMED},
        {"forged",
         {"X-Shopify-Hmac-Sha256: "
          "3YHqT2KCoSbIjah4CZbSTLDvQskPPGlqhMf3FoCT2/A="},
         VERIFY_MISMATCH},
        {"missing", {"X-Shopify-Topic: orders/create"}, VERIFY_MISSING},
    };

    EXPECT_KIND("shopify", SLICE("hush"), rows,
                SLICE("{\n  \"id\": \"evt_1\",\n  \"object\": \"event\"\n}"),
                0);
}

/* The time stands in the body, in milliseconds. */
static void
test_linear(void)
{
    const struct {
        const char *claim;
        struct slice body;
        const char *mac;
        int64_t now_s;
        enum verify_result want;
    } rows[] = {
#define L_BODY "{\"action\":\"create\",\"webhookTimestamp\":1614265330123}"
#define L_MAC "1d09012d2e09305c913c33b0521181b646eb8a62908151c074b27beb612b00e8"
        {"right", SLICE(L_BODY), L_MAC, NOW_S, VERIFY_OK},
        {"a minute old", SLICE(L_BODY), L_MAC, NOW_S + 60, VERIFY_OK},
        {"older", SLICE(L_BODY), L_MAC, NOW_S + 61, VERIFY_STALE},
        {"from the future", SLICE(L_BODY), L_MAC, NOW_S - 60, VERIFY_STALE},
        {"no time is signed", SLICE("{\"action\":\"create\"}"),
         "11c5f2085f1b5109af0047bd3ba11bfa9526eead34858087e905ac45bd73c6b6",
         NOW_S, VERIFY_MALFORMED},
        {"a time as text", SLICE("{\"webhookTimestamp\":\"1614265330123\"}"),
         "86ab58e436110b0801cd77911e837a7971abfedc2c9a23349fea53381d4bd961",
         NOW_S, VERIFY_MALFORMED},
        {"a forged body is not looked at", SLICE("{\"webhookTimestamp\":1}"),
         L_MAC, NOW_S, VERIFY_MISMATCH},
        {"a prefix", SLICE(L_BODY), "sha256=" L_MAC, NOW_S, VERIFY_MALFORMED},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[128];
        struct verify_case row = {rows[i].claim,
                                  {line, "Linear-Timestamp: 1614265330123"},
                                  rows[i].want};

        snprintf(line, sizeof(line), "Linear-Signature: %s", rows[i].mac);
        expect_kind("linear", SLICE("lin_wh_secret"), &row, 1, rows[i].body,
                    rows[i].now_s);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"github", test_github}, {"bitbucket", test_bitbucket},
        {"notion", test_notion}, {"stripe", test_stripe},
        {"slack", test_slack},   {"shopify", test_shopify},
        {"linear", test_linear}, CU_TEST_INFO_NULL,
    };

    return unit_run("verify_provider", tests);
}
