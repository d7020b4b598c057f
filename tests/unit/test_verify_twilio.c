/*
 * test_verify_twilio.c - unit tests for core/verify: Twilio signs the URL and
 * the form.
 */
#include "verify_case.h"

#define NAME "X-Twilio-Signature: "
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"
/* The example of Twilio's documentation. */
#define GOOD "RSOYDt4T1cUTdK1PDd93/VVr8B8="
#define PARAMS                                                                 \
    "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&" \
    "CallSid=CA1234567890ABCDE"
#define JSON "{\"property\": \"value\", \"boolean\": true}"
#define JSON_HASH                                                              \
    "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define JSON_URL URL "&bodySHA256=" JSON_HASH
#define JSON_GOOD "a9nBmqA0ju/hNViExpshrM61xv4="

static const struct slice token = {"12345", 5};

static const struct {
    struct verify_case request;
    const char *url;
    const char *body;
} rows[] = {
    {{"the vector", {NAME GOOD, FORM}, VERIFY_OK}, URL, PARAMS},
    {{"with a character set", {NAME GOOD, FORM "; charset=UTF-8"}, VERIFY_OK},
     URL,
     PARAMS},
    {{"another URL", {NAME GOOD, FORM}, VERIFY_MISMATCH},
     "https://mycompany.com/myapp.php?foo=1&bar=3",
     PARAMS},
    {{"http in place of https", {NAME GOOD, FORM}, VERIFY_MISMATCH},
     "http://mycompany.com/myapp.php?foo=1&bar=2",
     PARAMS},
    {{"no query", {NAME GOOD, FORM}, VERIFY_MISMATCH},
     "https://mycompany.com/myapp.php",
     PARAMS},
    {{"signed without the port that we have", {NAME GOOD, FORM}, VERIFY_OK},
     "https://mycompany.com:443/myapp.php?foo=1&bar=2",
     PARAMS},
    {{"signed without a port of our own", {NAME GOOD, FORM}, VERIFY_OK},
     "https://mycompany.com:8443/myapp.php?foo=1&bar=2",
     PARAMS},
    {{"signed with the usual port",
      {NAME "kvajT1Ptam85bY51eRf/AJRuM3w=", FORM},
      VERIFY_OK},
     URL,
     PARAMS},
    {{"signed with our port",
      {NAME "c/Dwi+GXbGAqLAxxAiIwJJeWwhc=", FORM},
      VERIFY_OK},
     "https://mycompany.com:8080/myapp.php?foo=1&bar=2",
     PARAMS},
    {{"signed with a port that is not ours",
      {NAME "c/Dwi+GXbGAqLAxxAiIwJJeWwhc=", FORM},
      VERIFY_MISMATCH},
     URL,
     PARAMS},
    {{"signed with the query encoded again",
      {NAME "8/492C0SZ7DMUeCkXCyqXkvdGms=", FORM},
      VERIFY_OK},
     "https://mycompany.com/myapp.php?foo=a+b&bar",
     PARAMS},
    {{"equal pairs count once, in order",
      {NAME "kPKI5BSt7VMjmC253DhMjLsjg0Y=", FORM},
      VERIFY_OK},
     URL,
     "MediaUrl=b&Sid=CA123&MediaUrl=a&MediaUrl=b&%C3%89mile=Zo%C3%AB+%2B"},
    {{"a field more", {NAME GOOD, FORM}, VERIFY_MISMATCH}, URL, PARAMS "&X=1"},
    {{"a field less", {NAME GOOD, FORM}, VERIFY_MISMATCH}, URL, "Digits=1234"},
    {{"no body and no fields",
      {NAME "zYQTYrRWXE7LtzbG4PfP7/bkkGo="},
      VERIFY_OK},
     URL,
     ""},
    {{"a body that nothing signs",
      {NAME "zYQTYrRWXE7LtzbG4PfP7/bkkGo=", "Content-Type: application/json"},
      VERIFY_MALFORMED},
     URL,
     JSON},
    {{"a body without a type",
      {NAME "zYQTYrRWXE7LtzbG4PfP7/bkkGo="},
      VERIFY_MALFORMED},
     URL,
     JSON},
    {{"JSON by its hash", {NAME JSON_GOOD}, VERIFY_OK}, JSON_URL, JSON},
    {{"JSON by its hash, called a form", {NAME JSON_GOOD, FORM}, VERIFY_OK},
     JSON_URL,
     JSON},
    {{"another JSON", {NAME JSON_GOOD}, VERIFY_MISMATCH},
     JSON_URL,
     "{\"property\": \"value\", \"boolean\": false}"},
    {{"the right hash that nobody signed", {NAME GOOD}, VERIFY_MISMATCH},
     JSON_URL,
     JSON},
    {{"half a hash", {NAME JSON_GOOD}, VERIFY_MALFORMED},
     URL "&bodySHA256=0a1ff7634d9ab3b9",
     JSON},
    {{"no signature", {FORM}, VERIFY_MISSING}, URL, PARAMS},
    {{"an empty signature", {NAME, FORM}, VERIFY_MALFORMED}, URL, PARAMS},
    {{"hex", {NAME "452398", FORM}, VERIFY_MALFORMED}, URL, PARAMS},
    {{"SHA-256",
      {NAME "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=", FORM},
      VERIFY_MALFORMED},
     URL,
     PARAMS},
    {{"two signatures", {NAME GOOD, NAME GOOD, FORM}, VERIFY_MALFORMED},
     URL,
     PARAMS},
    {{"the URL is not known", {NAME GOOD, FORM}, VERIFY_UNUSABLE},
     NULL,
     PARAMS},
    {{"the URL is none", {NAME GOOD, FORM}, VERIFY_UNUSABLE},
     "mycompany.com/myapp.php",
     PARAMS},
    {{"the URL has no host", {NAME GOOD, FORM}, VERIFY_UNUSABLE},
     "https:///myapp.php",
     PARAMS},
};

static void
test_rows(void)
{
    struct verifier verifier = case_verifier("twilio", &token);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct verify_case *request = &rows[i].request;
        struct verify_message message =
            case_message(request, slice_of(rows[i].body), 0);

        message.url = slice_of(rows[i].url);
        expect(request->claim, verify_message(&verifier, 1, &message, NULL),
               request->want);
    }
}

static void
test_all_tokens_are_tried(void)
{
    struct slice tokens[] = {SLICE("54321"), token};
    struct verifier verifier = {
        .kind = "twilio", .secrets = tokens, .secret_count = 2};
    struct verify_message message =
        case_message(&rows[0].request, SLICE(PARAMS), 0);
    struct verify_match match = {99, 99};

    message.url = SLICE(URL);
    expect("the second", verify_message(&verifier, 1, &message, &match),
           VERIFY_OK);
    CU_ASSERT_EQUAL(match.secret, 1);
    verifier.secret_count = 1;
    expect("only another", verify_message(&verifier, 1, &message, &match),
           VERIFY_MISMATCH);
}

static void
test_a_form_has_a_bound(void)
{
    struct verifier verifier = case_verifier("twilio", &token);
    struct verify_message message = case_message(&rows[0].request, token, 0);
    struct buf body = BUF_INIT(8192);
    int i;

    for (i = 0; i < 2000; i++)
        buf_add_text(&body, "a=&");
    message.body = buf_slice(&body);
    message.url = SLICE(URL);
    expect("2000 pairs", verify_message(&verifier, 1, &message, NULL),
           VERIFY_MALFORMED);
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows", test_rows},
        {"all tokens are tried", test_all_tokens_are_tried},
        {"a form has a bound", test_a_form_has_a_bound},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verify_twilio", tests);
}
