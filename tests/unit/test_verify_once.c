/*
 * test_verify_once.c - unit tests for core/verify: what makes a request the
 * only one of its kind.
 */
#include "verify_case.h"

#define NOW_S INT64_C(1767225600)
#define MAC "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define OTHER_MAC                                                              \
    "857107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

static const struct slice secret = {"a secret", 8};

static struct verifier
timed_hmac(void)
{
    struct verifier verifier = case_verifier("hmac", &secret);

    verifier.header = "X-Sig";
    verifier.signed_text = "{timestamp}.{body}";
    verifier.timestamp_header = "X-Time";
    return verifier;
}

static bool
once(const struct verifier *verifier, const struct verify_case *row,
     const char *body, uint8_t hash[32])
{
    struct verify_message message = case_message(row, slice_of(body), NOW_S);

    return verify_once(verifier, 1, &message, hash);
}

/* Who signs a time or an id sends each request once. */
static void
test_who_signs_a_moment(void)
{
    static const struct {
        const char *kind;
        struct verify_case row;
        bool want;
    } rows[] = {
        {"github", {"", {"X-Hub-Signature-256: sha256=" MAC}, 0}, false},
        {"notion", {"", {"X-Notion-Signature: sha256=" MAC}, 0}, false},
        {"bitbucket", {"", {"X-Hub-Signature: sha256=" MAC}, 0}, false},
        {"linear", {"", {"Linear-Signature: " MAC}, 0}, true},
        {"slack",
         {"",
          {"X-Slack-Signature: v0=" MAC, "X-Slack-Request-Timestamp: 1"},
          0},
         true},
        {"stripe", {"", {"Stripe-Signature: t=1,v1=" MAC}, 0}, true},
        {"standard",
         {"",
          {"webhook-signature: v1,dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=",
           "webhook-timestamp: 1", "webhook-id: a"},
          0},
         true},
        {"gitlab", {"", {"X-Gitlab-Token: a secret"}, 0}, false},
        {"token", {"", {"Authorization: Bearer a secret"}, 0}, false},
        {"basic", {"", {"Authorization: Basic YTpi"}, 0}, false},
        {"twilio", {"", {"X-Twilio-Signature: AAAA"}, 0}, false},
        {"slack", {"", {"X-Slack-Signature: v0=" MAC}, 0}, false},
        {"slack", {"", {NULL}, 0}, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verifier verifier = case_verifier(rows[i].kind, &secret);
        uint8_t hash[32];
        bool got = once(&verifier, &rows[i].row, "{}", hash);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s (row %zu): got %d\n", rows[i].kind, i, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

/* All that is signed counts, and nothing else of the request. */
static void
test_what_counts(void)
{
    static const struct {
        const char *claim, *body;
        struct verify_case row;
        bool same;
    } rows[] = {
        {"the same again",
         "{}",
         {"", {"X-Sig: " MAC, "X-Time: 1767225600"}, 0},
         true},
        {"another spelling of the signature",
         "{}",
         {"",
          {"x-sig: "
           "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
           "X-Time: 1767225600"},
          0},
         true},
        {"a header that is not signed",
         "{}",
         {"", {"X-Sig: " MAC, "X-Time: 1767225600", "X-Id: 1"}, 0},
         true},
        {"another signature: whether it is right is asked elsewhere",
         "{}",
         {"", {"X-Sig: " OTHER_MAC, "X-Time: 1767225600"}, 0},
         true},
        {"another time",
         "{}",
         {"", {"X-Sig: " MAC, "X-Time: 1767225601"}, 0},
         false},
        {"another body",
         "{ }",
         {"", {"X-Sig: " MAC, "X-Time: 1767225600"}, 0},
         false},
    };
    const struct verifier verifier = timed_hmac();
    uint8_t first[32], hash[32];
    size_t i;

    CU_ASSERT_TRUE_FATAL(once(&verifier, &rows[0].row, "{}", first));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool same = once(&verifier, &rows[i].row, rows[i].body, hash) &&
                    memcmp(hash, first, sizeof(hash)) == 0;

        if (same != rows[i].same)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, same);
        CU_ASSERT_EQUAL(same, rows[i].same);
    }
}

/* Headers of two verifiers, or none: there is nothing to go by. */
static void
test_the_verifier_that_decides(void)
{
    const struct verifier both[] = {timed_hmac(),
                                    case_verifier("token", &secret)};
    const struct verify_case timed = {
        "", {"X-Sig: " MAC, "X-Time: 1767225600"}, 0};
    const struct verify_case token = {"", {"Authorization: Bearer x"}, 0};
    const struct verify_case two = {
        "",
        {"X-Sig: " MAC, "X-Time: 1767225600", "Authorization: Bearer x"},
        0};
    struct verify_message message = case_message(&timed, SLICE("{}"), NOW_S);
    uint8_t hash[32];

    CU_ASSERT_TRUE(verify_once(both, 2, &message, hash));
    message = case_message(&token, SLICE("{}"), NOW_S);
    CU_ASSERT_FALSE(verify_once(both, 2, &message, hash));
    message = case_message(&two, SLICE("{}"), NOW_S);
    CU_ASSERT_FALSE(verify_once(both, 2, &message, hash));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"who signs a moment", test_who_signs_a_moment},
        {"what counts", test_what_counts},
        {"the verifier that decides", test_the_verifier_that_decides},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_once", tests);
}
