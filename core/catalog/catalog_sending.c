/*
 * catalog_sending.c - what a subscription's requests are made with: secrets
 * unsealed, templates and filters compiled, keys opened, once for each row.
 *
 * What cannot be read - sealed with another key, or of a newer version - is
 * never left out silently: nothing passes such a filter, and no request is made
 * without its credentials or in another format.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "client_cert.h"
#include "endpoint_auth.h"
#include "filter.h"
#include "log.h"
#include "sign_pair.h"
#include "store_catalog.h"
#include "template.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.catalog"
#define SEALED_MAX                                                             \
    ((size_t)CLIENT_CERT_MAX * 2) /* bytes of an unsealed value */

static void
wipe(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

static void
set_unreadable(struct subscription *sub, const char *what, const char *why)
{
    sub->unreadable = what;
    if (why != NULL)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("subscription", sub->id)),
                    "%s: %s", what, why);
}

static bool
unseal(const struct sealer *sealer, const struct subscription *sub,
       const char *column, struct slice cell, struct buf *text)
{
    const struct seal_place place = {"subscriptions", column,
                                     sub->application_id, sub->id};

    return cell.ptr != NULL && catalog_unseal(sealer, place, cell, text);
}

static char *
text_of(const struct sealer *sealer, const struct subscription *sub,
        const char *column, struct slice cell)
{
    struct buf text = BUF_INIT(SEALED_MAX);
    char *secret = NULL;

    if (unseal(sealer, sub, column, cell, &text))
        secret = catalog_text_of(buf_slice(&text));
    buf_wipe(&text);
    return secret;
}

static void
read_headers(const struct sealer *sealer, struct subscription *sub,
             struct slice cell)
{
    struct buf text = BUF_INIT(SEALED_MAX);
    struct json_member member;
    struct slice object;
    size_t at = 0;

    if (cell.ptr == NULL)
        return;
    if (!unseal(sealer, sub, "headers", cell, &text)) {
        set_unreadable(sub, "The headers of the webhook cannot be read", NULL);
        goto out;
    }
    object = catalog_json_container(buf_slice(&text), JSON_OBJECT);
    if (object.ptr == NULL)
        goto out;
    sub->headers = xcalloc(catalog_json_count(object), sizeof(*sub->headers));
    while (json_next(object, &at, &member)) {
        struct header *header = &sub->headers[sub->header_count];

        if (member.value.type != JSON_STRING)
            continue;
        header->name = catalog_text_of(member.name);
        header->value = catalog_json_string(member.value.text);
        sub->header_count++;
    }
out:
    buf_wipe(&text);
}

static void
read_auth(const struct sealer *sealer, struct subscription *sub,
          struct slice cell)
{
    struct buf why = BUF_INIT(ENDPOINT_AUTH_WHY_MAX);
    struct buf text = BUF_INIT(SEALED_MAX);
    struct slice object = SLICE_NONE;

    if (cell.ptr == NULL)
        return;
    if (unseal(sealer, sub, "auth", cell, &text))
        object = catalog_json_container(buf_slice(&text), JSON_OBJECT);
    if (object.ptr != NULL)
        sub->auth = endpoint_auth_read(object, &why);
    if (sub->auth == NULL)
        set_unreadable(sub, "The credentials for the endpoint cannot be read",
                       why.len > 0 ? why.data : NULL);
    buf_wipe(&text);
    buf_free(&why);
}

static struct sign_pair *
read_pair(const struct sealer *sealer, const struct subscription *sub,
          const char *column, struct slice cell)
{
    struct buf text = BUF_INIT(SEALED_MAX);
    struct sign_pair *pair = NULL;

    if (unseal(sealer, sub, column, cell, &text))
        pair = sign_pair_open(buf_slice(&text));
    buf_wipe(&text);
    return pair;
}

static void
read_format(struct subscription *sub, const struct slice *cells)
{
    struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);
    enum template_kind kind = slice_is(cells[SUB_TEMPLATE_TYPE], "text")
                                  ? TEMPLATE_TEXT
                                  : TEMPLATE_JSON;

    if (!format_from_name(cells[SUB_FORMAT], &sub->format)) {
        sub->format = FORMAT_ENVELOPE;
        set_unreadable(sub, "The format of the webhook is not known", "");
    }
    sub->cloudevents_source = slice_text(cells[SUB_CLOUDEVENTS_SOURCE]);
    if (sub->format == FORMAT_TEMPLATE && cells[SUB_TEMPLATE].ptr != NULL)
        sub->template = template_compile(cells[SUB_TEMPLATE], kind, &why);
    if (sub->format == FORMAT_TEMPLATE && sub->template == NULL)
        set_unreadable(sub, "The template of the webhook cannot be used",
                       why.len > 0 ? why.data : "there is none");
    buf_free(&why);
}

static void
read_filter(struct subscription *sub, struct slice cell)
{
    struct buf why = BUF_INIT(FILTER_WHY_MAX);
    struct json_value value;

    sub->filtered = cell.ptr != NULL;
    if (!sub->filtered)
        return;
    if (json_read(cell, &value, NULL) && value.type == JSON_OBJECT)
        sub->filter = filter_compile(value.text, &why);
    if (sub->filter == NULL)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("subscription", sub->id)),
                    "The filter of the webhook cannot be used, so no event "
                    "passes it: %s",
                    why.len > 0 ? why.data : "it is no JSON object");
    buf_free(&why);
}

void
catalog_sending_fill(struct subscription *sub, const struct sealer *sealer,
                     const struct slice *cells)
{
    sub->secret = text_of(sealer, sub, "secret", cells[SUB_SECRET]);
    sub->old_secret = text_of(sealer, sub, "old_secret", cells[SUB_OLD_SECRET]);
    sub->old_secret_until_us = db_time_us(cells[SUB_OLD_SECRET_UNTIL]);
    sub->pair = read_pair(sealer, sub, "signing_pair", cells[SUB_PAIR]);
    sub->old_pair =
        read_pair(sealer, sub, "old_signing_pair", cells[SUB_OLD_PAIR]);
    sub->naming = slice_is(cells[SUB_SIGNATURE_HEADERS], "svix") ? SIGN_SVIX
                                                                 : SIGN_WEBHOOK;
    read_headers(sealer, sub, cells[SUB_HEADERS]);
    read_auth(sealer, sub, cells[SUB_AUTH]);
    sub->certificate =
        text_of(sealer, sub, "client_certificate", cells[SUB_CERTIFICATE]);
    read_format(sub, cells);
    read_filter(sub, cells[SUB_FILTER]);
    if (cells[SUB_PAIR].ptr != NULL && sub->pair == NULL)
        set_unreadable(sub, "The key pair of the webhook cannot be read", NULL);
    if (cells[SUB_CERTIFICATE].ptr != NULL && sub->certificate == NULL)
        set_unreadable(sub, "The client certificate cannot be read", NULL);
}

void
catalog_sending_free(struct subscription *sub)
{
    size_t i;

    for (i = 0; i < sub->header_count; i++) {
        free(sub->headers[i].name);
        wipe(sub->headers[i].value);
    }
    free(sub->headers);
    wipe(sub->secret);
    wipe(sub->old_secret);
    wipe(sub->certificate);
    sign_pair_free(sub->pair);
    sign_pair_free(sub->old_pair);
    endpoint_auth_free(sub->auth);
    template_free(sub->template);
    filter_free(sub->filter);
    free(sub->cloudevents_source);
}
