/*
 * test_verify.c - unit tests for core/verify/verify.c and verify_preset.c:
 * which verifier decides, and with which secret.
 */
#include "verify_preset.h"

#include "sign.h"
#include "verify_case.h"

#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HEX_OTHER                                                              \
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18"
#define OURS "X-Webhook-Signature: "
#define NOTION "X-Notion-Signature: "
#define NOW_S INT64_C(1614265330)

static const struct slice secret = {"It's a Secret to Everybody", 26};
static const struct slice body = {"Hello, World!", 13};

static enum verify_result
ask(const char *provider, const struct slice *secrets, size_t count,
    const struct verify_case *row, size_t *used)
{
    struct verify_message message = case_message(row, body, NOW_S);
    struct verify_match match = {99, 99};
    enum verify_result result =
        preset_verify(provider, secrets, count, &message, &match);

    if (used != NULL)
        *used = match.secret;
    return result;
}

static void
test_headers_of_providers(void)
{
    static const struct {
        const char *provider;
        struct verify_case request;
    } rows[] = {
        {"supabase", {"supabase", {OURS "sha256=" HEX}, VERIFY_OK}},
        {"supabase", {"without the prefix", {OURS HEX}, VERIFY_OK}},
        {"supabase", {"forged", {OURS HEX_OTHER}, VERIFY_MISMATCH}},
        {"supabase", {"nothing", {NULL}, VERIFY_MISSING}},
        {"supabase",
         {"supabase knows no X-Notion-Signature",
          {NOTION "sha256=" HEX},
          VERIFY_MISSING}},
        {"supabase",
         {"a header that is nobody's changes nothing",
          {NOTION "sha256=" HEX_OTHER, OURS HEX},
          VERIFY_OK}},
        {"supabase",
         {"the header twice", {OURS HEX, OURS HEX}, VERIFY_MALFORMED}},
        {"supabase",
         {"the header twice, the second forged",
          {OURS HEX, OURS HEX_OTHER},
          VERIFY_MALFORMED}},
        {"notion",
         {"notion by its own header", {NOTION "sha256=" HEX}, VERIFY_OK}},
        {"notion", {"its own without prefix", {NOTION HEX}, VERIFY_MALFORMED}},
        {"notion", {"by the common header", {OURS HEX}, VERIFY_OK}},
        {"notion",
         {"both", {OURS HEX, NOTION "sha256=" HEX}, VERIFY_AMBIGUOUS}},
        {"notion",
         {"a good one does not cure a bad one",
          {OURS HEX_OTHER, NOTION "sha256=" HEX},
          VERIFY_AMBIGUOUS}},
        {"notion", {"nothing", {NULL}, VERIFY_MISSING}},
        {"notion", {"forged", {NOTION "sha256=" HEX_OTHER}, VERIFY_MISMATCH}},
        {"github", {"another provider's header", {OURS HEX}, VERIFY_MISSING}},
        {"nobody",
         {"an unknown provider is refused", {OURS HEX}, VERIFY_UNUSABLE}},
        {"", {"a provider without a name", {OURS HEX}, VERIFY_UNUSABLE}},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct verify_case *row = &rows[i].request;

        expect(row->claim, ask(rows[i].provider, &secret, 1, row, NULL),
               row->want);
        expect("no secrets at all", ask(rows[i].provider, NULL, 0, row, NULL),
               VERIFY_NO_SECRET);
    }
}

/* An HMAC with the empty key is something anybody can make. */
static void
test_empty_secret_is_none(void)
{
    struct slice empty[] = {{"", 0}, {NULL, 0}};
    struct buf header = BUF_INIT(128);
    struct verify_case row = {.claim = ""};

    buf_add_text(&header, OURS);
    sign_hex_header(SLICE(""), body, &header);
    row.headers[0] = header.data;
    expect("a list of empty ones", ask("supabase", empty, 2, &row, NULL),
           VERIFY_NO_SECRET);
    empty[1] = secret;
    expect("an empty one beside a real one",
           ask("supabase", empty, 2, &row, NULL), VERIFY_MISMATCH);
    buf_free(&header);
}

static void
test_all_live_secrets_are_tried(void)
{
    static const struct verify_case row = {"", {OURS HEX}, VERIFY_OK};
    struct slice secrets[3];
    size_t at, used, i;

    for (at = 0; at < 3; at++) {
        for (i = 0; i < 3; i++)
            secrets[i] = i == at ? secret : SLICE("another");
        expect("one of three", ask("supabase", secrets, 3, &row, &used),
               VERIFY_OK);
        CU_ASSERT_EQUAL(used, at);
        secrets[at] = SLICE("expired");
        expect("none of three", ask("supabase", secrets, 3, &row, &used),
               VERIFY_MISMATCH);
        CU_ASSERT_EQUAL(used, 99);
    }
    secrets[0] = secrets[2] = secret;
    expect("the first that fits", ask("supabase", secrets, 3, &row, &used),
           VERIFY_OK);
    CU_ASSERT_EQUAL(used, 0);
}

/* Secrets of one verifier are none of another's. */
static void
test_verifiers_have_their_own_secrets(void)
{
    static const struct slice other = {"another", 7};
    static const struct verify_case github = {
        "", {"X-Hub-Signature-256: sha256=" HEX}, VERIFY_OK};
    struct verifier verifiers[] = {
        case_verifier("bitbucket", &other),
        case_verifier("github", &secret),
    };
    struct verify_message message = case_message(&github, body, NOW_S);
    struct verify_match match = {99, 99};

    expect("the second of two", verify_message(verifiers, 2, &message, &match),
           VERIFY_OK);
    CU_ASSERT_EQUAL(match.verifier, 1);
    CU_ASSERT_EQUAL(match.secret, 0);
    verifiers[0].secrets = &secret;
    verifiers[1].secrets = &other;
    expect("with the other's secret",
           verify_message(verifiers, 2, &message, NULL), VERIFY_MISMATCH);
    verifiers[1].secret_count = 0;
    expect("without one", verify_message(verifiers, 2, &message, NULL),
           VERIFY_NO_SECRET);
    verifiers[0].kind = "magic";
    expect("an unknown kind anywhere",
           verify_message(verifiers, 2, &message, NULL), VERIFY_UNUSABLE);
    verifiers[0].kind = NULL;
    expect("no kind", verify_message(verifiers, 2, &message, NULL),
           VERIFY_UNUSABLE);
    expect("no verifier", verify_message(verifiers, 0, &message, NULL),
           VERIFY_NO_SECRET);
}

static void
test_presets_are_right(void)
{
    const struct preset *preset;
    size_t i, at;

    for (i = 0; (preset = preset_at(i)) != NULL; i++) {
        CU_ASSERT(preset->verifier_count >= 1);
        CU_ASSERT(preset->verifier_count <= PRESET_VERIFIERS);
        CU_ASSERT_PTR_EQUAL(preset_find(preset->provider), preset);
        for (at = 0; at < preset->verifier_count; at++) {
            const char *problem = verifier_problem(&preset->verifiers[at]);

            if (problem != NULL)
                fprintf(stderr, "\n%s: %s\n", preset->provider, problem);
            CU_ASSERT_PTR_NULL(problem);
            CU_ASSERT_EQUAL(preset->verifiers[at].secret_count, 0);
        }
    }
    CU_ASSERT(i >= 15);
    CU_ASSERT_PTR_NULL(preset_find("nobody"));
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
    CU_ASSERT_STRING_EQUAL(verify_result_name(VERIFY_UNUSABLE),
                           "unusable_verifier");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"headers of providers", test_headers_of_providers},
        {"an empty secret is none", test_empty_secret_is_none},
        {"all live secrets are tried", test_all_live_secrets_are_tried},
        {"verifiers have their own secrets",
         test_verifiers_have_their_own_secrets},
        {"presets are right", test_presets_are_right},
        {"names", test_names},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify", tests);
}
