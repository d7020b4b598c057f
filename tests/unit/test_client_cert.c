/*
 * test_client_cert.c - unit tests for core/outgoing/client_cert.c, with
 * certificates that are made for them.
 */
#include "client_cert.h"

#include "clock.h"
#include "json.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define END "2031-05-06T07:08:09Z"
#define END_ASN1 "20310506070809Z"
#define PEM_MAX 100000

static EVP_PKEY *
make_key(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    return key;
}

static void
append(struct buf *pem, BIO *from)
{
    char *text;
    long len = BIO_get_mem_data(from, &text);

    buf_add(pem, text, (size_t)len);
    BIO_free(from);
}

/* names: UTF-8, each one an OU, the last one the CN. */
static void
add_certificate(struct buf *pem, EVP_PKEY *key, const char *const *names)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASN1_TIME *end = ASN1_TIME_new();
    BIO *out = BIO_new(BIO_s_mem());

    for (; *names != NULL; names++)
        CU_ASSERT_EQUAL_FATAL(X509_NAME_add_entry_by_txt(
                                  subject, names[1] == NULL ? "CN" : "OU",
                                  MBSTRING_UTF8, (const unsigned char *)*names,
                                  -1, -1, 0),
                              1);
    CU_ASSERT_EQUAL_FATAL(ASN1_TIME_set_string(end, END_ASN1), 1);
    CU_ASSERT_EQUAL_FATAL(X509_set1_notAfter(certificate, end), 1);
    CU_ASSERT_PTR_NOT_NULL(
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    CU_ASSERT_EQUAL_FATAL(X509_set_pubkey(certificate, key), 1);
    CU_ASSERT_FATAL(X509_sign(certificate, key, EVP_sha256()) > 0);
    CU_ASSERT_EQUAL_FATAL(PEM_write_bio_X509(out, certificate), 1);
    append(pem, out);
    ASN1_TIME_free(end);
    X509_free(certificate);
}

static void
add_key(struct buf *pem, EVP_PKEY *key, const char *password)
{
    const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_128_cbc();
    BIO *out = BIO_new(BIO_s_mem());

    CU_ASSERT_EQUAL_FATAL(PEM_write_bio_PKCS8PrivateKey(
                              out, key, cipher, password,
                              password == NULL ? 0 : (int)strlen(password),
                              NULL, NULL),
                          1);
    append(pem, out);
}

static const char *const client[] = {"client", NULL};
static const char *const issuer[] = {"issuer", NULL};

static void
expect_good(const struct buf *pem, const char *subject)
{
    struct buf shown = BUF_INIT(CLIENT_CERT_SHOWN_MAX);
    struct buf why = BUF_INIT(CLIENT_CERT_WHY_MAX);
    struct buf want = BUF_INIT(CLIENT_CERT_SHOWN_MAX);

    CU_ASSERT(client_cert_check(buf_slice(pem), &shown, &why));
    CU_ASSERT_EQUAL(why.len, 0);
    buf_addf(&want, "{\"subject\":\"%s\",\"expires_at\":\"" END "\"}", subject);
    CU_ASSERT_STRING_EQUAL(shown.data, want.data);
    buf_free(&shown);
    buf_free(&why);
    buf_free(&want);
}

static void
expect_refused(struct slice pem, const char *reason)
{
    struct buf shown = BUF_INIT(CLIENT_CERT_SHOWN_MAX);
    struct buf why = BUF_INIT(CLIENT_CERT_WHY_MAX);

    CU_ASSERT(!client_cert_check(pem, &shown, &why));
    CU_ASSERT_EQUAL(shown.len, 0);
    CU_ASSERT(buf_ok(&why));
    if (why.data == NULL || strstr(why.data, reason) == NULL)
        fprintf(stderr, "\n%s: %s\n", reason, why.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, reason));
    buf_free(&shown);
    buf_free(&why);
}

static void
test_orders_that_are_good(void)
{
    struct buf pem = BUF_INIT(PEM_MAX);
    EVP_PKEY *key = make_key(), *other = make_key();

    add_certificate(&pem, key, client);
    add_key(&pem, key, NULL);
    expect_good(&pem, "CN=client");
    buf_clear(&pem);
    add_key(&pem, key, NULL);
    add_certificate(&pem, key, client);
    expect_good(&pem, "CN=client");
    /* Its issuer follows, and between them stands what is no PEM. */
    buf_clear(&pem);
    buf_add_text(&pem, "Bag Attributes\r\n    friendlyName: x\r\n");
    add_certificate(&pem, key, client);
    add_certificate(&pem, other, issuer);
    add_key(&pem, key, NULL);
    expect_good(&pem, "CN=client");
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    buf_free(&pem);
}

static void
test_what_cannot_be_used(void)
{
    struct buf pem = BUF_INIT(PEM_MAX);
    EVP_PKEY *key = make_key(), *other = make_key();

    expect_refused(SLICE(""), "empty or too large");
    expect_refused(SLICE("hello"), "no certificate");
    expect_refused(SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n"
                         "-----END CERTIFICATE-----\n"),
                   "no certificate");
    add_key(&pem, key, NULL);
    expect_refused(buf_slice(&pem), "no certificate");
    buf_clear(&pem);
    add_certificate(&pem, key, client);
    expect_refused(buf_slice(&pem), "no private key");
    add_key(&pem, other, NULL);
    expect_refused(buf_slice(&pem), "not that of the first certificate");
    /* The issuer stands first. */
    buf_clear(&pem);
    add_certificate(&pem, other, issuer);
    add_certificate(&pem, key, client);
    add_key(&pem, key, NULL);
    expect_refused(buf_slice(&pem), "not that of the first certificate");
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    buf_free(&pem);
}

/* And nobody is asked for the password. */
static void
test_a_key_with_a_password(void)
{
    struct buf pem = BUF_INIT(PEM_MAX);
    EVP_PKEY *key = make_key();

    add_certificate(&pem, key, client);
    add_key(&pem, key, "secret");
    expect_refused(buf_slice(&pem), "without a password");
    EVP_PKEY_free(key);
    buf_free(&pem);
}

static void
test_sizes(void)
{
    struct buf pem = BUF_INIT(PEM_MAX);
    EVP_PKEY *key = make_key();

    add_certificate(&pem, key, client);
    add_key(&pem, key, NULL);
    while (pem.len < CLIENT_CERT_MAX)
        buf_add_char(&pem, '\n');
    expect_good(&pem, "CN=client");
    buf_add_char(&pem, '\n');
    expect_refused(buf_slice(&pem), "empty or too large");
    EVP_PKEY_free(key);
    buf_free(&pem);
}

static void
test_names_of_all_kinds(void)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"a b", "CN=a b"},       {"M\xc3\xbcller", "CN=M\xc3\xbcller"},
        {"a,b", "CN=a\\\\,b"},   {"a\"b", "CN=a\\\\\\\"b"},
        {"a\nb", "CN=a\\\\0Ab"}, {"<b>", "CN=\\\\<b\\\\>"},
    };
    struct buf pem = BUF_INIT(PEM_MAX);
    EVP_PKEY *key = make_key();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const names[] = {rows[i].name, NULL};

        buf_clear(&pem);
        add_certificate(&pem, key, names);
        add_key(&pem, key, NULL);
        expect_good(&pem, rows[i].shown);
    }
    EVP_PKEY_free(key);
    buf_free(&pem);
}

/* Wherever a long name is cut, what is shown is JSON still. */
static void
test_a_long_name_is_cut(void)
{
    static const char word[] = "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac\"\\\x01,";
    const char *const names[] = {word, word, word, word, word, word,
                                 word, word, word, word, word, word,
                                 word, word, word, word, word, NULL};
    EVP_PKEY *key = make_key();
    size_t i;

    for (i = 0; i < sizeof(word) - 1; i++) {
        const char *shifted[sizeof(names) / sizeof(names[0])];
        struct buf pem = BUF_INIT(PEM_MAX);
        struct buf shown = BUF_INIT(CLIENT_CERT_SHOWN_MAX);
        struct buf why = BUF_INIT(CLIENT_CERT_WHY_MAX);
        struct json_value json;

        memcpy(shifted, names, sizeof(names));
        shifted[16] = "aaaaaaaaaaaaaaaa" + i;
        add_certificate(&pem, key, shifted);
        add_key(&pem, key, NULL);
        CU_ASSERT(client_cert_check(buf_slice(&pem), &shown, &why));
        CU_ASSERT(buf_ok(&shown));
        CU_ASSERT(json_read(buf_slice(&shown), &json, NULL));
        CU_ASSERT_PTR_NOT_NULL(strstr(shown.data, END));
        buf_free(&pem);
        buf_free(&shown);
        buf_free(&why);
    }
    EVP_PKEY_free(key);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"orders that are good", test_orders_that_are_good},
        {"what cannot be used", test_what_cannot_be_used},
        {"a key with a password", test_a_key_with_a_password},
        {"sizes", test_sizes},
        {"names of all kinds", test_names_of_all_kinds},
        {"a long name is cut", test_a_long_name_is_cut},
        CU_TEST_INFO_NULL,
    };

    return unit_run("client_cert", tests);
}
