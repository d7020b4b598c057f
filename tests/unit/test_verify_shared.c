/*
 * test_verify_shared.c - unit tests for core/verify: secrets that are sent as
 * they are.
 */
#include "verify_case.h"

static const struct slice secrets[] = {{"open sesame", 11}, {"older", 5}};

static void
test_bearer(void)
{
    static const struct verify_case rows[] = {
        {"right", {"Authorization: Bearer open sesame"}, VERIFY_OK},
        {"the word in other letters",
         {"authorization: bearer open sesame"},
         VERIFY_OK},
        {"two spaces", {"Authorization: Bearer  open sesame"}, VERIFY_OK},
        {"another", {"Authorization: Bearer open sesamE"}, VERIFY_MISMATCH},
        {"the beginning of it",
         {"Authorization: Bearer open"},
         VERIFY_MISMATCH},
        {"longer", {"Authorization: Bearer open sesame!"}, VERIFY_MISMATCH},
        {"empty", {"Authorization: Bearer "}, VERIFY_MALFORMED},
        {"the word alone", {"Authorization: Bearer"}, VERIFY_MISSING},
        {"without the word", {"Authorization: open sesame"}, VERIFY_MISSING},
        {"another word", {"Authorization: Basic open sesame"}, VERIFY_MISSING},
        {"no header", {NULL}, VERIFY_MISSING},
        {"twice",
         {"Authorization: Bearer open sesame",
          "Authorization: Bearer open sesame"},
         VERIFY_MALFORMED},
        {"two lines, joined",
         {"Authorization: Bearer open sesame, Bearer open sesame"},
         VERIFY_MISMATCH},
    };
    static const struct verify_case older = {
        "the older secret", {"Authorization: Bearer older"}, VERIFY_OK};
    struct verifier verifier = {
        .kind = "token", .secrets = secrets, .secret_count = 2};
    struct verify_message message = case_message(&older, SLICE(""), 0);
    struct verify_match match = {99, 99};

    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 0);
    expect(older.claim, verify_message(&verifier, 1, &message, &match),
           VERIFY_OK);
    CU_ASSERT_EQUAL(match.secret, 1);
    verifier.header = "authorization";
    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 0);
}

static void
test_a_header_of_its_own(void)
{
    static const struct verify_case rows[] = {
        {"right", {"X-Webhook-Secret: open sesame"}, VERIFY_OK},
        {"a word in front",
         {"X-Webhook-Secret: Bearer open sesame"},
         VERIFY_MISMATCH},
        {"empty", {"X-Webhook-Secret: "}, VERIFY_MALFORMED},
        {"in Authorization",
         {"Authorization: Bearer open sesame"},
         VERIFY_MISSING},
    };
    static const struct verify_case prefixed[] = {
        {"right", {"Authorization: Key open sesame"}, VERIFY_OK},
        {"another word",
         {"Authorization: Bearer open sesame"},
         VERIFY_MALFORMED},
        {"the word alone", {"Authorization: Key "}, VERIFY_MALFORMED},
    };
    struct verifier verifier = case_verifier("token", secrets);

    verifier.header = "X-Webhook-Secret";
    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 0);
    verifier.header = NULL;
    verifier.prefix = "Key ";
    EXPECT_ROWS(prefixed, &verifier, SLICE("{}"), 0);
}

/* User and password are RFC 7617's. */
static void
test_basic(void)
{
    static const struct verify_case rows[] = {
        {"right",
         {"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
         VERIFY_OK},
        {"another password",
         {"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtRQ=="},
         VERIFY_MISMATCH},
        {"no colon", {"Authorization: Basic QWxhZGRpbg=="}, VERIFY_MALFORMED},
        {"as plain text",
         {"Authorization: Basic Aladdin:open sesame"},
         VERIFY_MALFORMED},
        {"as a bearer",
         {"Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
         VERIFY_MISSING},
        {"nothing", {"Authorization: Basic "}, VERIFY_MALFORMED},
    };
    static const struct slice credentials = {"Aladdin:open sesame", 19};
    struct verifier verifier = case_verifier("basic", &credentials);

    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 0);
    CU_ASSERT_TRUE(verifier_takes_secret(&verifier, credentials));
    CU_ASSERT_FALSE(verifier_takes_secret(&verifier, SLICE("Aladdin")));
    CU_ASSERT_FALSE(verifier_takes_secret(&verifier, SLICE("")));
}

/* One header, two kinds: the word tells them apart. */
static void
test_bearer_beside_basic(void)
{
    static const struct slice credentials = {"Aladdin:open sesame", 19};
    static const struct verify_case basic = {
        "", {"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, VERIFY_OK};
    static const struct verify_case bearer = {
        "", {"Authorization: Bearer open sesame"}, VERIFY_OK};
    const struct verifier verifiers[] = {
        case_verifier("token", secrets),
        case_verifier("basic", &credentials),
    };
    struct verify_message message = case_message(&basic, SLICE(""), 0);
    struct verify_match match = {99, 99};

    expect("basic", verify_message(verifiers, 2, &message, &match), VERIFY_OK);
    CU_ASSERT_EQUAL(match.verifier, 1);
    message = case_message(&bearer, SLICE(""), 0);
    expect("bearer", verify_message(verifiers, 2, &message, &match), VERIFY_OK);
    CU_ASSERT_EQUAL(match.verifier, 0);
}

/* An HMAC's header and a token in the same one are told apart by nothing. */
static void
test_one_header_for_two_kinds_is_refused(void)
{
    static const struct verify_case row = {
        "", {"X-Webhook-Signature: open sesame"}, VERIFY_AMBIGUOUS};
    const struct verifier verifiers[] = {
        {.kind = "token",
         .header = "X-Webhook-Signature",
         .secrets = secrets,
         .secret_count = 1},
        {.kind = "hmac",
         .header = "X-Webhook-Signature",
         .secrets = secrets,
         .secret_count = 1},
    };
    struct verify_message message = case_message(&row, SLICE(""), 0);

    expect("both", verify_message(verifiers, 2, &message, NULL), row.want);
    expect("the token alone", verify_message(verifiers, 1, &message, NULL),
           VERIFY_OK);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"bearer", test_bearer},
        {"a header of its own", test_a_header_of_its_own},
        {"basic", test_basic},
        {"bearer beside basic", test_bearer_beside_basic},
        {"one header for two kinds is refused",
         test_one_header_for_two_kinds_is_refused},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_shared", tests);
}
