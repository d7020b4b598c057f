/*
 * test_verify_standard.c - unit tests for core/verify: Standard Webhooks, Svix
 * and GitLab.
 */
#include "verify_case.h"

#define V1 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1_STRAY "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="
#define V1_WRONG "v1,00hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define V1A                                                                    \
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw" \
    "VLPo3mNl8EM+m7TBAg=="
#define V1A_WRONG                                                              \
    "v1a,AnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw" \
    "VLPo3mNl8EM+m7TBAg=="
#define ID "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TS "webhook-timestamp: 1614265330"
#define SIG "webhook-signature: "
#define TEN_WRONG                                                              \
    V1_WRONG " " V1_WRONG " " V1_WRONG " " V1_WRONG " " V1_WRONG " " V1_WRONG  \
             " " V1_WRONG " " V1_WRONG " " V1_WRONG " " V1_WRONG " "
#define SEVEN_WRONG_V1A                                                        \
    V1A_WRONG " " V1A_WRONG " " V1A_WRONG " " V1A_WRONG " " V1A_WRONG          \
              " " V1A_WRONG " " V1A_WRONG " "
#define NOW_S INT64_C(1614265330)
#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define PUBLIC "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="

static const struct slice key = {KEY, sizeof(KEY) - 1};
static const struct slice message_body = {"{\"test\": 2432232314}", 20};

/* Secret, id, time, body and signature are the vector that the Standard
   Webhooks libraries share. */
static void
test_v1(void)
{
    static const struct verify_case rows[] = {
        {"the vector", {ID, TS, SIG V1}, VERIFY_OK},
        {"behind another version", {ID, TS, SIG V1A " " V1}, VERIFY_OK},
        {"in front of a wrong one", {ID, TS, SIG V1 " " V1_WRONG}, VERIFY_OK},
        {"behind a wrong one", {ID, TS, SIG V1_WRONG " " V1}, VERIFY_OK},
        {"behind ten wrong ones", {ID, TS, SIG TEN_WRONG V1}, VERIFY_OK},
        {"behind more than anybody lists",
         {ID, TS, SIG TEN_WRONG TEN_WRONG TEN_WRONG TEN_WRONG V1},
         VERIFY_MALFORMED},
        {"joined with comma and space",
         {ID, TS, SIG V1_WRONG ", " V1},
         VERIFY_OK},
        {"a comma at the end", {ID, TS, SIG V1 ","}, VERIFY_OK},
        {"spaces too many", {ID, TS, SIG "  " V1 "  "}, VERIFY_OK},
        {"a wrong one", {ID, TS, SIG V1_WRONG}, VERIFY_MISMATCH},
        {"stray bits in the last character",
         {ID, TS, SIG V1_STRAY},
         VERIFY_MALFORMED},
        {"only a signature that is not the secret's",
         {ID, TS, SIG V1A},
         VERIFY_MISMATCH},
        {"the right bytes under another version",
         {ID, TS, SIG "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
         VERIFY_MALFORMED},
        {"the right bytes as ed25519",
         {ID, TS, SIG "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
         VERIFY_MALFORMED},
        {"no version",
         {ID, TS, SIG "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
         VERIFY_MALFORMED},
        {"a partial signature", {ID, TS, SIG "v1,g0hM9SsE"}, VERIFY_MALFORMED},
        {"a signature of nothing", {ID, TS, SIG "v1,"}, VERIFY_MALFORMED},
        {"two commas at the end", {ID, TS, SIG V1 ",,"}, VERIFY_MALFORMED},
        {"an empty list", {ID, TS, SIG}, VERIFY_MALFORMED},
        {"no list", {ID, TS}, VERIFY_MISSING},
        {"no id", {TS, SIG V1}, VERIFY_MISSING},
        {"no timestamp", {ID, SIG V1}, VERIFY_MISSING},
        {"two lists", {ID, TS, SIG V1, SIG V1}, VERIFY_MALFORMED},
        {"two ids", {ID, TS, SIG V1, ID}, VERIFY_MALFORMED},
        {"two timestamps", {ID, TS, SIG V1, TS}, VERIFY_MALFORMED},
        {"another id", {"webhook-id: msg_other", TS, SIG V1}, VERIFY_MISMATCH},
        {"an empty id", {"webhook-id: ", TS, SIG V1}, VERIFY_MALFORMED},
        {"a dot in the id",
         {"webhook-id: msg.1614265330", TS, SIG V1},
         VERIFY_MALFORMED},
        {"another timestamp",
         {ID, "webhook-timestamp: 1614265331", SIG V1},
         VERIFY_MISMATCH},
        {"a word", {ID, "webhook-timestamp: hello", SIG V1}, VERIFY_MALFORMED},
        {"an empty timestamp",
         {ID, "webhook-timestamp: ", SIG V1},
         VERIFY_MALFORMED},
        {"a negative one",
         {ID, "webhook-timestamp: -1614265330", SIG V1},
         VERIFY_MALFORMED},
        {"a fraction",
         {ID, "webhook-timestamp: 1614265330.5", SIG V1},
         VERIFY_MALFORMED},
        {"a leading zero",
         {ID, "webhook-timestamp: 01614265330", SIG V1},
         VERIFY_MALFORMED},
        {"white space",
         {ID, "webhook-timestamp:  1614265330", SIG V1},
         VERIFY_MALFORMED},
        {"NaN", {ID, "webhook-timestamp: NaN", SIG V1}, VERIFY_MALFORMED},
        {"milliseconds",
         {ID, "webhook-timestamp: 1614265330000", SIG V1},
         VERIFY_MALFORMED},
        {"too large for a time",
         {ID, "webhook-timestamp: 9223372036854775807", SIG V1},
         VERIFY_MALFORMED},
        {"Svix's names",
         {"svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "svix-timestamp: 1614265330",
          "svix-signature: " V1},
         VERIFY_OK},
        {"names of both do not mix",
         {ID, TS, "svix-signature: " V1},
         VERIFY_AMBIGUOUS},
        {"both", {ID, TS, SIG V1, "svix-signature: " V1}, VERIFY_AMBIGUOUS},
        {"an id beside the one that is signed",
         {ID, TS, SIG V1, "svix-id: msg_other"},
         VERIFY_AMBIGUOUS},
        {"the same for Svix's names",
         {"svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "svix-timestamp: 1614265330",
          "svix-signature: " V1, "webhook-id: msg_other"},
         VERIFY_AMBIGUOUS},
    };
    struct verifier verifier = case_verifier("standard", &key);
    struct verify_message message =
        case_message(&rows[0], SLICE("{\"test\": 2432232315}"), NOW_S);

    EXPECT_ROWS(rows, &verifier, message_body, NOW_S);
    expect("another body", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MISMATCH);
}

static void
test_the_window_is_open_both_ways(void)
{
    static const struct verify_case row = {"", {ID, TS, SIG V1}, VERIFY_OK};
    static const struct {
        const char *claim;
        int64_t now_s, window_s;
        enum verify_result want;
    } rows[] = {
        {"just old enough", NOW_S + 300, 0, VERIFY_OK},
        {"too old", NOW_S + 301, 0, VERIFY_STALE},
        {"just not too early", NOW_S - 300, 0, VERIFY_OK},
        {"from the future", NOW_S - 301, 0, VERIFY_STALE},
        {"a day in the future", NOW_S - 86400, 0, VERIFY_STALE},
        {"a window of its own", NOW_S + 900, 900, VERIFY_OK},
        {"outside it", NOW_S + 901, 900, VERIFY_STALE},
        {"a narrow one", NOW_S + 2, 1, VERIFY_STALE},
        {"one that is larger than time", 0, INT64_MAX, VERIFY_OK},
        {"no window, any time", 0, VERIFY_ANY_TIME, VERIFY_OK},
    };
    struct verifier verifier = case_verifier("standard", &key);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verify_message message =
            case_message(&row, message_body, rows[i].now_s);

        verifier.window_s = rows[i].window_s;
        expect(rows[i].claim, verify_message(&verifier, 1, &message, NULL),
               rows[i].want);
    }
}

/* The vector of Svix's server, and what of Postern's own secrets. */
static void
test_forms_of_secrets(void)
{
    static const struct {
        const char *claim;
        const char *secret;
        const char *signature;
        enum verify_result want;
    } rows[] = {
        {"Supabase's form", "v1," KEY, V1, VERIFY_OK},
        {"the second of Supabase's list", "v1,whsec_AAAA|v1," KEY, V1,
         VERIFY_OK},
        {"the first of it", "v1," KEY "|v1,whsec_AAAA", V1, VERIFY_OK},
        {"neither", "v1,whsec_AAAA|v1,whsec_BBBB", V1, VERIFY_MISMATCH},
        {"an empty item between", "v1,whsec_AAAA||v1," KEY, V1, VERIFY_OK},
        {"nothing in the list", "v1,|v1,whsec_", V1, VERIFY_NO_SECRET},
        {"an item that is no key", "v1," KEY "|your-secret-key",
         "v1,Aoz8wdM5yXLunKGPzWWd13IceFncOxzh9IxXOg7XFpc=", VERIFY_MISMATCH},
        {"a public key", PUBLIC, V1A, VERIFY_OK},
        {"a public key, forged", PUBLIC, V1A_WRONG, VERIFY_MISMATCH},
        {"a public key in Supabase's form", "v1a," PUBLIC, V1A, VERIFY_OK},
        {"with the private key behind it", "v1a," PUBLIC ":whsk_AAAA", V1A,
         VERIFY_OK},
        {"a public key in a list", "v1,whsec_AAAA|v1a," PUBLIC, V1A, VERIFY_OK},
        {"a public key behind a forged v1", PUBLIC, V1_WRONG " " V1A,
         VERIFY_OK},
        {"a public key behind seven forged ones", PUBLIC, SEVEN_WRONG_V1A V1A,
         VERIFY_OK},
        {"behind more than are tried", PUBLIC,
         SEVEN_WRONG_V1A V1A_WRONG " " V1A, VERIFY_MISMATCH},
        {"HMAC with the public key's text", PUBLIC,
         "v1,5x8OyKzbhse/W+9wr1k/MJ449DkW198WszonGENCB7U=", VERIFY_MISMATCH},
        {"HMAC with the public key's bytes", PUBLIC,
         "v1,aq/Av15OlX2MgScQjKXGZkGsLRP8vw0+IjKU5rUsRTc=", VERIFY_MISMATCH},
        {"a public key that is too short", "whpk_AAAA", V1A, VERIFY_NO_SECRET},
        {"other text is used as it is", "your-secret-key",
         "v1,Aoz8wdM5yXLunKGPzWWd13IceFncOxzh9IxXOg7XFpc=", VERIFY_OK},
        {"the whole text of a whsec_ secret is not its key", KEY,
         "v1,TcxlhK9b6UD6iVI1ZU2tTqp8PEVfYRseNNfa6b+LcUg=", VERIFY_MISMATCH},
        {"padding may be missing", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA",
         "v1,O6Os8pxiEeEz61IPEK5SMabYPFAPKauQxtXWfFUPYSs=", VERIFY_OK},
        {"the empty key is none", "whsec_",
         "v1,woH/1mJtZGSMCmpFTxRYbStS24eLLD/oXIYr4PYyZ7g=", VERIFY_NO_SECRET},
        {"nor is the prefix its own key", "whsec_",
         "v1,AUsemtRPIzthQtHnPgmHPUvj8jasw1M2BdSl+bqqaVQ=", VERIFY_NO_SECRET},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[1024];
        struct verify_case row = {rows[i].claim, {ID, TS, line}, rows[i].want};
        struct slice secret = slice_of(rows[i].secret);
        struct verifier verifier = case_verifier("standard", &secret);
        struct verify_message message = case_message(&row, message_body, NOW_S);

        snprintf(line, sizeof(line), SIG "%s", rows[i].signature);
        expect(rows[i].claim, verify_message(&verifier, 1, &message, NULL),
               rows[i].want);
        CU_ASSERT_EQUAL(verifier_takes_secret(&verifier, secret),
                        rows[i].want != VERIFY_NO_SECRET);
    }
}

static void
test_gitlab(void)
{
    static const struct slice secrets[] = {{"glsecret", 8},
                                           {KEY, sizeof(KEY) - 1}};
    static const struct verify_case both[] = {
        {"a signature", {ID, TS, SIG V1}, VERIFY_OK},
        {"a forged one", {ID, TS, SIG V1_WRONG}, VERIFY_MISMATCH},
        {"a forged one is not cured by the token",
         {ID, TS, SIG V1_WRONG, "X-Gitlab-Token: glsecret"},
         VERIFY_MISMATCH},
        {"a signature counts, whatever the token",
         {ID, TS, SIG V1, "X-Gitlab-Token: other"},
         VERIFY_OK},
        {"the token", {"X-Gitlab-Token: glsecret"}, VERIFY_OK},
        {"the token, and an id that nobody signs",
         {"X-Gitlab-Token: glsecret", ID},
         VERIFY_OK},
        {"another token", {"X-Gitlab-Token: glsecreT"}, VERIFY_MISMATCH},
        {"half of it", {"X-Gitlab-Token: glsec"}, VERIFY_MISMATCH},
        {"an empty token", {"X-Gitlab-Token: "}, VERIFY_MALFORMED},
        {"a signing secret is no token",
         {"X-Gitlab-Token: " KEY},
         VERIFY_MISMATCH},
        {"neither", {ID, TS}, VERIFY_MISSING},
        {"two tokens",
         {"X-Gitlab-Token: glsecret", "X-Gitlab-Token: glsecret"},
         VERIFY_MALFORMED},
    };
    struct verifier verifier = {
        .kind = "gitlab", .secrets = secrets, .secret_count = 2};
    struct verify_message message;
    size_t i;

    for (i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        message = case_message(&both[i], message_body, NOW_S);
        expect(both[i].claim, verify_message(&verifier, 1, &message, NULL),
               both[i].want);
    }
    message = case_message(&both[0], message_body, NOW_S + 301);
    expect("too old", verify_message(&verifier, 1, &message, NULL),
           VERIFY_STALE);
    verifier.secret_count = 1;
    expect("a token signs nothing",
           verify_message(&verifier, 1, &message, NULL), VERIFY_NO_SECRET);
    verifier.secrets = &secrets[1];
    message = case_message(&both[4], message_body, NOW_S);
    expect("no token is set", verify_message(&verifier, 1, &message, NULL),
           VERIFY_NO_SECRET);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"v1", test_v1},
        {"the window is open both ways", test_the_window_is_open_both_ways},
        {"forms of secrets", test_forms_of_secrets},
        {"gitlab", test_gitlab},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_standard", tests);
}
