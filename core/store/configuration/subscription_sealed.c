/*
 * subscription_sealed.c - the secrets of a form as columns; see
 * subscription_sealed.h.
 */
#include "subscription_sealed.h"

#include "client_cert.h"
#include "endpoint_auth.h"
#include "json.h"
#include "sign_pair.h"
#include "sql.h"

#include <openssl/crypto.h>

#define HEADERS_TEXT_MAX (SUBSCRIPTION_HEADERS_MAX * 7) /* as JSON, escaped */
#define AUTH_SHOWN_MAX ((size_t)ENDPOINT_AUTH_MAX * 6)

void
subscription_seal_text(struct buf *sql, const struct subscription_seal *seal,
                       const char *column, struct slice text)
{
    struct seal_place place = {"subscriptions", column, seal->application_id,
                               seal->id};
    struct buf sealed = BUF_INIT(text.len + SEAL_OVERHEAD + 1);

    seal_value(seal->sealer, place, text, &sealed);
    sql_bytes(sql, buf_slice(&sealed));
    buf_free(&sealed);
}

static void
add_column(struct buf *sql, const struct subscription_seal *seal,
           const char *column, struct slice text)
{
    sql_raw(sql, ", ");
    sql_raw(sql, column);
    sql_raw(sql, " = ");
    subscription_seal_text(sql, seal, column, text);
}

/* {"name":"value"}; shown: "***" in place of the values. */
static void
print_headers(const struct body_value *headers, bool shown, struct buf *out)
{
    size_t i;

    buf_add_char(out, '{');
    for (i = 0; i < headers->item_count; i++) {
        const struct body_item *item = &headers->items[i];

        if (i > 0)
            buf_add_char(out, ',');
        json_add_string(out, slice_make(item->name, item->name_len));
        buf_add_char(out, ':');
        json_add_string(out, shown ? SLICE("***")
                                   : slice_make(item->text, item->text_len));
    }
    buf_add_char(out, '}');
}

static void
add_headers(struct buf *sql, const struct subscription_seal *seal,
            const struct body_value *headers)
{
    struct buf text = BUF_INIT(HEADERS_TEXT_MAX);

    if (headers->item_count == 0) {
        sql_raw(sql, ", headers = NULL, headers_shown = NULL");
        return;
    }
    print_headers(headers, false, &text);
    add_column(sql, seal, "headers", buf_slice(&text));
    buf_wipe(&text);
    print_headers(headers, true, &text);
    sql_raw(sql, ", headers_shown = ");
    sql_text(sql, buf_slice(&text));
    buf_free(&text);
}

static void
add_auth(struct buf *sql, const struct subscription_seal *seal,
         const struct body_value *value)
{
    struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
    struct buf text = BUF_INIT(AUTH_SHOWN_MAX);
    struct endpoint_auth *auth = NULL;

    if (value->given)
        auth = endpoint_auth_read(value->raw, &why);
    if (auth == NULL) { /* null: the form has checked all others */
        sql_raw(sql, ", auth = NULL, auth_shown = NULL");
    } else {
        json_minify(value->raw, &text);
        add_column(sql, seal, "auth", buf_slice(&text));
        buf_wipe(&text);
        endpoint_auth_print_shown(auth, &text);
        sql_raw(sql, ", auth_shown = ");
        sql_text(sql, buf_slice(&text));
    }
    endpoint_auth_free(auth);
    buf_free(&text);
    buf_free(&why);
}

/* Who has a pair keeps it: receivers know its public half. */
static void
add_pair(struct buf *sql, const struct subscription_seal *seal,
         const struct body_value *value)
{
    char private_text[SIGN_PRIVATE_TEXT_MAX], public_text[SIGN_PUBLIC_TEXT_MAX];

    if (!value->given || value->number == 0) {
        sql_raw(sql, ", signing_pair = NULL, old_signing_pair = NULL, "
                     "public_key = NULL");
        return;
    }
    sign_make_pair(private_text, public_text);
    sql_raw(sql, ", signing_pair = COALESCE(signing_pair, ");
    subscription_seal_text(sql, seal, "signing_pair", slice_of(private_text));
    sql_raw(sql, "), public_key = COALESCE(public_key, ");
    sql_text(sql, slice_of(public_text));
    sql_raw(sql, ")");
    OPENSSL_cleanse(private_text, sizeof(private_text));
}

static void
add_certificate(struct buf *sql, const struct subscription_seal *seal,
                const struct body_value *value)
{
    struct buf shown = BUF_INIT(CLIENT_CERT_SHOWN_MAX);
    struct buf why = BUF_INIT(CLIENT_CERT_WHY_MAX);
    struct slice pem = slice_make(value->text, value->text_len);

    if (value->given && client_cert_check(pem, &shown, &why)) {
        add_column(sql, seal, "client_certificate", pem);
        sql_raw(sql, ", certificate_shown = ");
        sql_text(sql, buf_slice(&shown));
    } else {
        sql_raw(sql, ", client_certificate = NULL, certificate_shown = NULL");
    }
    buf_free(&shown);
    buf_free(&why);
}

void
subscription_sealed_add(struct buf *sql, const struct subscription_seal *seal,
                        const struct subscription_form *form)
{
    static const struct {
        enum subscription_field field;
        void (*add)(struct buf *sql, const struct subscription_seal *seal,
                    const struct body_value *value);
    } rows[] = {
        {FORM_HEADERS, add_headers},
        {FORM_AUTH, add_auth},
        {FORM_ED25519, add_pair},
        {FORM_CLIENT_CERTIFICATE, add_certificate},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct body_value *value = &form->value[rows[i].field];

        if (value->given || value->null)
            rows[i].add(sql, seal, value);
    }
}
