/*
 * test_verify_hmac.c - unit tests for core/verify: the configurable kind.
 */
#include "verify_case.h"

#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HEX_UPPER                                                              \
    "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17"
#define HEX_OTHER                                                              \
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18"
#define BASE64 "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc="
#define NAME "X-Webhook-Signature"
#define SIG NAME ": "

static const struct slice secret = {"It's a Secret to Everybody", 26};
static const struct slice body = {"Hello, World!", 13};

/* The secret, body and MAC are the example of GitHub's documentation. */
static void
test_hex_with_or_without_prefix(void)
{
    static const struct verify_case rows[] = {
        {"bare hex", {SIG HEX}, VERIFY_OK},
        {"the name in other letters", {"x-webhook-signature: " HEX}, VERIFY_OK},
        {"with the prefix", {SIG "sha256=" HEX}, VERIFY_OK},
        {"capital letters", {SIG HEX_UPPER}, VERIFY_OK},
        {"capital letters with the prefix",
         {SIG "sha256=" HEX_UPPER},
         VERIFY_OK},
        {"one bit off", {SIG HEX_OTHER}, VERIFY_MISMATCH},
        {"no header", {NULL}, VERIFY_MISSING},
        {"an empty header", {SIG}, VERIFY_MALFORMED},
        {"the prefix alone", {SIG "sha256="}, VERIFY_MALFORMED},
        {"a digit short",
         {SIG "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e"
              "1"},
         VERIFY_MALFORMED},
        {"half of it",
         {SIG "757107ea0eb2509fc211221cce984b8a"},
         VERIFY_MALFORMED},
        {"a digit more", {SIG HEX "0"}, VERIFY_MALFORMED},
        {"the prefix twice", {SIG "sha256=sha256=" HEX}, VERIFY_MALFORMED},
        {"another prefix", {SIG "sha1=" HEX}, VERIFY_MALFORMED},
        {"a prefix in capitals", {SIG "SHA256=" HEX}, VERIFY_MALFORMED},
        {"white space in front", {SIG " " HEX}, VERIFY_MALFORMED},
        {"white space behind", {SIG HEX " "}, VERIFY_MALFORMED},
        {"white space behind the prefix",
         {SIG "sha256= " HEX},
         VERIFY_MALFORMED},
        {"two signatures", {SIG HEX "," HEX}, VERIFY_MALFORMED},
        {"two lines, joined", {SIG HEX ", " HEX}, VERIFY_MALFORMED},
        {"two lines", {SIG HEX, SIG HEX}, VERIFY_MALFORMED},
        {"no hex",
         {SIG "g57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e"
              "17"},
         VERIFY_MALFORMED},
        {"base64 of the MAC", {SIG BASE64}, VERIFY_MALFORMED},
    };
    struct verifier verifier = case_verifier("hmac", &secret);
    static const struct slice guess = {"guess", 5};
    struct verify_message message = case_message(&rows[0], body, 0);

    verifier.header = NAME;
    verifier.prefix = "sha256=";
    verifier.prefix_optional = true;
    EXPECT_ROWS(rows, &verifier, body, 0);
    message.body = SLICE("Hello");
    expect("another body", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MISMATCH);
    verifier.secrets = &guess;
    message.body = body;
    expect("another secret", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MISMATCH);
}

static struct slice
header_with_nul(void *arg, const char *name)
{
    (void)arg;
    return strcasecmp(name, NAME) == 0
               ? slice_make("757107ea0eb2509fc211221cce984b8\0"
                            "37570b6d7586c22c46f4379c8b043e17",
                            64)
               : SLICE_NONE;
}

static void
test_a_nul_is_no_digit(void)
{
    struct verifier verifier = case_verifier("hmac", &secret);
    struct verify_message message = {.header = header_with_nul, .body = body};

    verifier.header = NAME;
    expect("a NUL inside", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MALFORMED);
}

static void
test_base64_with_a_prefix_that_must_be_there(void)
{
    static const struct verify_case rows[] = {
        {"right", {SIG "sha256=" BASE64}, VERIFY_OK},
        {"the prefix is missing", {SIG BASE64}, VERIFY_MALFORMED},
        {"hex", {SIG "sha256=" HEX}, VERIFY_MALFORMED},
        {"no padding",
         {SIG "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc"},
         VERIFY_MALFORMED},
        {"the alphabet of URLs",
         {SIG "sha256=dXEH6g6yUJ_CESIczphLijdXC211hsIsRvQ3nIsEPhc="},
         VERIFY_MALFORMED},
        {"stray bits",
         {SIG "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhd="},
         VERIFY_MALFORMED},
        {"31 bytes",
         {SIG "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPg=="},
         VERIFY_MALFORMED},
        {"another",
         {SIG "sha256=AXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc="},
         VERIFY_MISMATCH},
    };
    struct verifier verifier = case_verifier("hmac", &secret);

    verifier.header = NAME;
    verifier.prefix = "sha256=";
    verifier.base64 = true;
    EXPECT_ROWS(rows, &verifier, body, 0);
}

/* HMAC-SHA512 of "msg_1.1614265330123.{}" with "k". */
#define SHA512                                                                 \
    "3fe4a85db8415fc8fa90ecbdc5167cb7f51a2672c635d4d313f821eae3118bcadfea1f73" \
    "b6c0bddbbd942b15161f48b55825938d2cd474afe89c8f75c8b21fb4"

static void
test_a_template_signs_headers_too(void)
{
    static const struct verify_case rows[] = {
        {"right",
         {"X-Sig: " SHA512, "X-Time: 1614265330123", "X-Id: msg_1"},
         VERIFY_OK},
        {"another id",
         {"X-Sig: " SHA512, "X-Time: 1614265330123", "X-Id: msg_2"},
         VERIFY_MISMATCH},
        {"the id takes the dot",
         {"X-Sig: " SHA512, "X-Time: 330123", "X-Id: msg_1.1614265"},
         VERIFY_STALE},
        {"another time",
         {"X-Sig: " SHA512, "X-Time: 1614265330124", "X-Id: msg_1"},
         VERIFY_MISMATCH},
        {"no time", {"X-Sig: " SHA512, "X-Id: msg_1"}, VERIFY_MISSING},
        {"no id", {"X-Sig: " SHA512, "X-Time: 1614265330123"}, VERIFY_MISSING},
        {"an empty id",
         {"X-Sig: " SHA512, "X-Time: 1614265330123", "X-Id: "},
         VERIFY_MALFORMED},
        {"a dot in the id",
         {"X-Sig: " SHA512, "X-Time: 1614265330123", "X-Id: msg.1"},
         VERIFY_MALFORMED},
        {"two times",
         {"X-Sig: " SHA512, "X-Time: 1614265330123", "X-Id: msg_1",
          "X-Time: 1614265330123"},
         VERIFY_MALFORMED},
        {"a word for a time",
         {"X-Sig: " SHA512, "X-Time: hello", "X-Id: msg_1"},
         VERIFY_MALFORMED},
        {"SHA-256 in place of SHA-512",
         {"X-Sig: " HEX, "X-Time: 1614265330123", "X-Id: msg_1"},
         VERIFY_MALFORMED},
    };
    static const struct slice key = {"k", 1};
    struct verifier verifier = case_verifier("hmac", &key);
    struct verify_message message = case_message(&rows[0], SLICE("{}"), 0);

    verifier.header = "X-Sig";
    verifier.digest = VERIFY_SHA512;
    verifier.signed_text = "{id}.{timestamp}.{body}";
    verifier.timestamp_header = "X-Time";
    verifier.id_header = "X-Id";
    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 1614265330);
    expect("too old", verify_message(&verifier, 1, &message, NULL),
           VERIFY_STALE);
    verifier.window_s = VERIFY_ANY_TIME;
    expect("any time", verify_message(&verifier, 1, &message, NULL), VERIFY_OK);
    verifier.window_s = 10;
    message.now_us = INT64_C(1614265340000000);
    expect("in a window of its own",
           verify_message(&verifier, 1, &message, NULL), VERIFY_OK);
    message.now_us = INT64_C(1614265340124000);
    expect("a millisecond too old",
           verify_message(&verifier, 1, &message, NULL), VERIFY_STALE);
}

static void
test_sha1_only_if_it_is_asked_for(void)
{
    static const struct verify_case rows[] = {
        {"sha1",
         {"X-Sig: sha1=cd5db8ad80a5f76d54ce6d879c8e1c0e1c9c8dcc"},
         VERIFY_OK},
        {"sha1, forged",
         {"X-Sig: sha1=ad5db8ad80a5f76d54ce6d879c8e1c0e1c9c8dcc"},
         VERIFY_MISMATCH},
    };
    static const struct slice key = {"k", 1};
    struct verifier verifier = case_verifier("hmac", &key);
    struct verify_message message = case_message(&rows[0], SLICE("{}"), 0);

    verifier.header = "X-Sig";
    verifier.prefix = "sha1=";
    expect("not asked for", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MALFORMED);
    verifier.digest = VERIFY_SHA1;
    EXPECT_ROWS(rows, &verifier, SLICE("{}"), 0);
}

static void
test_the_url_can_be_signed(void)
{
    /* HMAC-SHA256 of "https://a.example/hook?x=1Hello, World!". */
    static const struct verify_case row = {
        "",
        {"X-Sig: "
         "aa5527eaa03261deb4d3e405846f46908d914cbee210503116c797e413339e5d"},
        VERIFY_OK};
    struct verifier verifier = case_verifier("hmac", &secret);
    struct verify_message message = case_message(&row, body, 0);

    verifier.header = "X-Sig";
    verifier.signed_text = "{url}{body}";
    expect("it is not known", verify_message(&verifier, 1, &message, NULL),
           VERIFY_UNUSABLE);
    message.url = SLICE("https://a.example/hook?x=1");
    expect("it is known", verify_message(&verifier, 1, &message, NULL),
           row.want);
    message.url = SLICE("https://a.example/hook?x=2");
    expect("another", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MISMATCH);
}

static void
test_what_is_wrong_with_a_verifier_is_said(void)
{
    static const struct {
        struct verifier verifier;
        const char *word; /* of the problem; NULL = none */
    } rows[] = {
        {{.kind = "hmac", .header = "X-A"}, NULL},
        {{.kind = "hmac"}, "name of the header"},
        {{.kind = "hmac", .header = ""}, "no name"},
        {{.kind = "hmac", .header = "X A"}, "no name"},
        {{.kind = "hmac", .header = "X:"}, "no name"},
        {{.kind = "hmac", .header = "X-A", .signed_text = ""}, "{body}"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "x"}, "{body}, once"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "{body}{body}"},
         "{body}, once"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "{body}{x}"},
         "knows"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "{body"}, "knows"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "{body}}"}, "knows"},
        {{.kind = "hmac", .header = "X-A", .signed_text = "{id}.{body}"},
         "{id}"},
        {{.kind = "hmac", .header = "X-A", .id_header = "X-B"}, "{id}"},
        {{.kind = "hmac",
          .header = "X-A",
          .id_header = "X-B",
          .signed_text = "{id}{body}"},
         "ends it"},
        {{.kind = "hmac", .header = "X-A", .timestamp_header = "X-B"},
         "{timestamp}"},
        {{.kind = "hmac",
          .header = "X-A",
          .timestamp_header = "X-B",
          .signed_text = "{timestamp}{body}"},
         NULL},
        {{.kind = "hmac",
          .header = "X-A",
          .signed_text = "a{url}b{url}c{url}d{url}e{url}f{url}g{body}"},
         "too many"},
        {{.kind = "hmac", .header = "X-A", .digest = (enum verify_digest)3},
         "digest"},
        {{.kind = "hmac", .header = "X-A", .window_s = -2}, "negative"},
        {{.kind = "github"}, NULL},
        {{.kind = "github", .header = "X-A"}, "fixed"},
        {{.kind = "github", .base64 = true}, "fixed"},
        {{.kind = "token", .header = "X-A", .prefix = "Key "}, NULL},
        {{.kind = "token", .base64 = true}, "token knows"},
        {{.kind = "md5"}, "no such kind"},
        {{.kind = NULL}, "no such kind"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *problem = verifier_problem(&rows[i].verifier);
        bool as_said =
            rows[i].word == NULL
                ? problem == NULL
                : problem != NULL && strstr(problem, rows[i].word) != NULL;

        if (!as_said)
            fprintf(stderr, "\nrow %zu: %s\n", i,
                    problem == NULL ? "no problem" : problem);
        CU_ASSERT(as_said);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"hex with or without prefix", test_hex_with_or_without_prefix},
        {"a NUL is no digit", test_a_nul_is_no_digit},
        {"base64 with a prefix that must be there",
         test_base64_with_a_prefix_that_must_be_there},
        {"a template signs headers too", test_a_template_signs_headers_too},
        {"sha1 only if it is asked for", test_sha1_only_if_it_is_asked_for},
        {"the URL can be signed", test_the_url_can_be_signed},
        {"what is wrong with a verifier is said",
         test_what_is_wrong_with_a_verifier_is_said},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_hmac", tests);
}
