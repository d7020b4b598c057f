/*
 * test_verify_public.c - unit tests for core/verify: signatures that a public
 * key checks.
 */
#include "verify_case.h"

/* The key is the first of RFC 8032's test vectors. */
#define DISCORD_KEY                                                            \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define DISCORD_SIG                                                            \
    "6717018d11001fe0389bdbcbbf20cebcbfd77b7f8c662a308c67fd17f7183d018f64c5db" \
    "9617aa2a0850ca2cd1349c38076b26f8b3f47e68136bcca223e02f05"
#define DISCORD "X-Signature-Ed25519: " DISCORD_SIG
#define DISCORD_TIME "X-Signature-Timestamp: 1614265330"
#define NOW_S INT64_C(1614265330)

static void
test_discord(void)
{
    static const struct verify_case rows[] = {
        {"right", {DISCORD, DISCORD_TIME}, VERIFY_OK},
        {"another time",
         {DISCORD, "X-Signature-Timestamp: 1614265331"},
         VERIFY_MISMATCH},
        {"a digit of the time moved into the body",
         {DISCORD, "X-Signature-Timestamp: 161426533"},
         VERIFY_STALE},
        {"no time", {DISCORD}, VERIFY_MISSING},
        {"no signature", {DISCORD_TIME}, VERIFY_MISSING},
        {"half of it",
         {"X-Signature-Ed25519: "
          "6717018d11001fe0389bdbcbbf20cebcbfd77b7f8c662a308c67fd17f7183d01",
          DISCORD_TIME},
         VERIFY_MALFORMED},
        {"one bit off",
         {"X-Signature-Ed25519: "
          "7717018d11001fe0389bdbcbbf20cebcbfd77b7f8c662a308c67fd17f7183d01"
          "8f64c5db9617aa2a0850ca2cd1349c38076b26f8b3f47e68136bcca223e02f05",
          DISCORD_TIME},
         VERIFY_MISMATCH},
        {"all zeros",
         {"X-Signature-Ed25519: "
          "0000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000",
          DISCORD_TIME},
         VERIFY_MISMATCH},
    };
    static const struct verify_case late = {
        "too old, or early", {DISCORD, DISCORD_TIME}, VERIFY_STALE};
    struct slice keys[] = {{DISCORD_KEY, 64}, {NULL, 0}, {NULL, 0}};
    struct verifier verifier = case_verifier("discord", &keys[0]);
    struct verify_message message = case_message(&rows[0], SLICE("{}"), NOW_S);
    struct verify_match match = {99, 99};

    EXPECT_ROWS(rows, &verifier, SLICE("{\"type\":1}"), NOW_S);
    expect_rows(&late, 1, &verifier, SLICE("{\"type\":1}"), NOW_S + 301);
    expect_rows(&late, 1, &verifier, SLICE("{\"type\":1}"), NOW_S - 301);
    expect("another body", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MISMATCH);
    keys[0] = SLICE("not a key");
    message.body = SLICE("{\"type\":1}");
    expect("no key", verify_message(&verifier, 1, &message, NULL),
           VERIFY_NO_SECRET);
    keys[1] = SLICE(
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    keys[2] = SLICE(DISCORD_KEY);
    verifier.secret_count = 3;
    expect("the third is the key",
           verify_message(&verifier, 1, &message, &match), VERIFY_OK);
    CU_ASSERT_EQUAL(match.secret, 2);
}

/* The vector of SendGrid's own library. */
#define SG_KEY                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/"                               \
    "n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+"                       \
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define SG_SIG                                                                 \
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+"  \
    "luQAbPIqHh89M15TluLtEZtM="
#define SG_NAME "X-Twilio-Email-Event-Webhook-"
#define SG_TIME SG_NAME "Timestamp: 1600112502"
#define SG_BODY                                                                \
    "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":"        \
    "\"Bounced Address\",\"sg_event_id\":"                                     \
    "\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\","                 \
    "\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-"           \
    "756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":"                          \
    "\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\","              \
    "\"timestamp\":1600112492}]\r\n"

static void
test_sendgrid(void)
{
    static const struct verify_case rows[] = {
        {"the vector", {SG_NAME "Signature: " SG_SIG, SG_TIME}, VERIFY_OK},
        {"another time",
         {SG_NAME "Signature: " SG_SIG, SG_NAME "Timestamp: 1600112503"},
         VERIFY_MISMATCH},
        {"no time", {SG_NAME "Signature: " SG_SIG}, VERIFY_MISSING},
        {"an empty time",
         {SG_NAME "Signature: " SG_SIG, SG_NAME "Timestamp: "},
         VERIFY_MALFORMED},
        {"no signature", {SG_TIME}, VERIFY_MISSING},
        {"no DER", {SG_NAME "Signature: AAAA", SG_TIME}, VERIFY_MISMATCH},
        {"no base64", {SG_NAME "Signature: !", SG_TIME}, VERIFY_MALFORMED},
        {"too long for one",
         {SG_NAME "Signature: " SG_SIG SG_SIG, SG_TIME},
         VERIFY_MALFORMED},
    };
    static const char p384[] =
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEVmnsbh4Vkq7UWY49rcQTKDky1PNWIl/"
        "fM1ZarU9agv4+5mbcZ31quL4Kq3Ui8gJRg4y/P0nGRDZj+P7D/"
        "mDefnlxlPcLuBcafiYezugKwe6TLSiuxOitMdJu3haziib/";
    struct slice key = SLICE(SG_KEY);
    struct verifier verifier = case_verifier("sendgrid", &key);
    struct verify_message message = case_message(&rows[0], SLICE(SG_BODY), 0);

    EXPECT_ROWS(rows, &verifier, SLICE(SG_BODY), 0);
    message.body = slice_make(SG_BODY, sizeof(SG_BODY) - 3);
    expect("without the line's end",
           verify_message(&verifier, 1, &message, NULL), VERIFY_MISMATCH);
    message.body = SLICE(SG_BODY);
    verifier.window_s = 300;
    expect("a window, if one is set",
           verify_message(&verifier, 1, &message, NULL), VERIFY_STALE);
    key = slice_of(p384);
    expect("a key on another curve",
           verify_message(&verifier, 1, &message, NULL), VERIFY_NO_SECRET);
    key = SLICE("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4");
    expect("half a key", verify_message(&verifier, 1, &message, NULL),
           VERIFY_NO_SECRET);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"discord", test_discord},
        {"sendgrid", test_sendgrid},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_public", tests);
}
