/*
 * simulate_sign.c - signs a simulated webhook as its source wants it.
 */
#include "simulate.h"

#include "catalog.h"
#include "clock.h"
#include "encode.h"
#include "output.h"
#include "sign.h"
#include "source_defaults.h"
#include "verify_preset.h"

#include <string.h>

static void
add_line(struct buf *headers, const char *name, const char *prefix,
         struct slice value)
{
    buf_addf(headers, "%s: %s", name, prefix == NULL ? "" : prefix);
    buf_add_slice(headers, value);
    buf_add_text(headers, "\r\n");
}

static void
add_hmac(const struct verifier *verifier, const char *header,
         const char *prefix, struct slice secret, struct slice body,
         struct buf *headers)
{
    struct buf text = BUF_INIT(SIGN_MAC * 2);
    char hex[SIGN_MAC * 2 + 1];
    uint8_t mac[SIGN_MAC];

    sign_hmac_sha256(secret, body, mac);
    encode_hex(mac, sizeof(mac), hex);
    if (verifier->base64)
        encode_base64(slice_make(mac, sizeof(mac)), &text);
    else
        buf_add_text(&text, hex);
    add_line(headers, header, prefix, buf_slice(&text));
    buf_free(&text);
}

static void
add_standard(struct slice secret, struct slice body, struct buf *headers)
{
    int64_t now_s = clock_wall_us() / CLOCK_US_PER_S;
    char id[37];

    simulate_uuid(id);
    buf_addf(headers,
             "webhook-id: %s\r\nwebhook-timestamp: %lld\r\n"
             "webhook-signature: ",
             id, (long long)now_s);
    sign_standard_header(secret, slice_of(id), now_s, body, headers);
    buf_add_text(headers, "\r\n");
}

/* False: what that verifier checks is not made here. */
static bool
add_signature(const struct verifier *verifier, struct slice secret,
              struct slice body, struct buf *headers)
{
    const char *kind = verifier->kind;
    bool plain = verifier->signed_text == NULL ||
                 strcmp(verifier->signed_text, "{body}") == 0;

    if (strcmp(kind, "notion") == 0)
        add_hmac(verifier, "X-Notion-Signature", "sha256=", secret, body,
                 headers);
    else if (strcmp(kind, "hmac") == 0 && plain &&
             verifier->digest == VERIFY_SHA256)
        add_hmac(verifier, verifier->header, verifier->prefix, secret, body,
                 headers);
    else if (strcmp(kind, "standard") == 0)
        add_standard(secret, body, headers);
    else if (strcmp(kind, "token") == 0 && verifier->header != NULL)
        add_line(headers, verifier->header, verifier->prefix, secret);
    else if (strcmp(kind, "token") == 0)
        add_line(headers, "Authorization", "Bearer ", secret);
    else
        return false;
    return true;
}

/* The first way of a provider. */
static bool
add_usual(const char *provider, struct slice secret, struct slice body,
          struct buf *headers)
{
    const struct preset *preset = preset_find(provider);

    return preset != NULL && preset->verifier_count > 0 &&
           add_signature(&preset->verifiers[0], secret, body, headers);
}

static int
sign_as_set_up(const struct cli *cli, const struct source *source,
               struct slice body, struct buf *headers)
{
    struct source_verifiers verifiers;
    size_t i;

    if (source->secrets_unreadable)
        return output_error(EXIT_CONFIG,
                            "the secrets of %s were sealed with another key",
                            source->name);
    source_effective_verifiers(source, &cli->settings, &verifiers);
    for (i = 0; i < verifiers.count; i++) {
        const struct verifier *verifier = &verifiers.list[i];

        if (verifier->secret_count > 0 &&
            add_signature(verifier, verifier->secrets[0], body, headers))
            return EXIT_OK;
    }
    return output_error(EXIT_CONFIG,
                        "%s has no secret that this command could sign with; "
                        "`postern source set %s --secret S`, or --secret here",
                        source->name, source->name);
}

int
simulate_sign(struct cli *cli, const char *name, const char *provider,
              const char *secret, struct slice body, struct buf *headers)
{
    const struct catalog_snapshot *snapshot = NULL;
    const struct source *source = NULL;
    struct catalog *catalog = NULL;
    enum db_result result;
    int code;

    if (secret != NULL)
        return add_usual(provider, slice_of(secret), body, headers)
                   ? EXIT_OK
                   : output_error(EXIT_BUG, "%s cannot be signed for",
                                  provider);
    code = cli_sealer(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    catalog = catalog_new(cli->sealer);
    result = catalog_refresh(catalog, cli->db);
    if (result != DB_OK) {
        code = cli_db_error(cli, result, "read the sources");
        goto out;
    }
    snapshot = catalog_take(catalog);
    source = catalog_source_named(snapshot, slice_of(name));
    code = source == NULL
               ? output_error(EXIT_NONE,
                              "there is no source '%s'; `postern source list` "
                              "shows them",
                              name)
               : sign_as_set_up(cli, source, body, headers);
    catalog_release(snapshot);
out:
    catalog_free(catalog);
    return code;
}
