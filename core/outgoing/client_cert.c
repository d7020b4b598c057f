/*
 * client_cert.c - the certificate of a delivery in TLS; see client_cert.h.
 */
#include "client_cert.h"

#include "clock.h"
#include "json.h"
#include "member.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#define SUBJECT_MAX 256 /* bytes of a name that are shown */

static bool
wrong(struct buf *why, const char *reason)
{
    buf_add_text(why, reason);
    return false;
}

/* Nobody is there to be asked. */
static int
no_password(char *text, int size, int writing, void *arg)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int64_t
end_us(const X509 *certificate)
{
    struct tm tm = {0};

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * CLOCK_US_PER_S;
}

static void
print(const X509 *certificate, struct buf *shown)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *start = NULL;
    long len = 0;

    if (text != NULL &&
        X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_get_mem_data(text, &start);
    if (len > SUBJECT_MAX)
        len = SUBJECT_MAX;
    buf_add_char(shown, '{');
    member_slice(shown, "subject",
                 slice_make(len > 0 ? start : "", len > 0 ? (size_t)len : 0));
    member_time(shown, "expires_at", end_us(certificate));
    buf_add_char(shown, '}');
    BIO_free(text);
}

static BIO *
reader(struct slice pem)
{
    return BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

bool
client_cert_check(struct slice pem, struct buf *shown, struct buf *why)
{
    BIO *first = NULL, *second = NULL;
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    bool good = false;

    if (pem.len == 0 || pem.len > CLIENT_CERT_MAX)
        return wrong(why, "is empty or too large");
    first = reader(pem);
    second = reader(pem);
    if (first != NULL)
        certificate = PEM_read_bio_X509(first, NULL, no_password, NULL);
    if (second != NULL)
        key = PEM_read_bio_PrivateKey(second, NULL, no_password, NULL);
    if (certificate == NULL)
        (void)wrong(why, "has no certificate in PEM");
    else if (key == NULL)
        (void)wrong(why, "has no private key in PEM that can be read without "
                         "a password");
    else if (X509_check_private_key(certificate, key) != 1)
        (void)wrong(why, "the private key is not that of the first "
                         "certificate");
    else
        good = true;
    if (good)
        print(certificate, shown);
    ERR_clear_error();
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(first);
    BIO_free(second);
    return good;
}
