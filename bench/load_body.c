/*
 * load_body.c - see load_body.h.
 */
#include "load_body.h"

#include "encode.h"
#include "sign.h"

#include <string.h>

#define BODY_MAX 1000000

bool
load_body_valid(const struct load_body *body)
{
    if (strcmp(body->kind, "supabase") == 0)
        return body->secret != NULL;
    return strcmp(body->kind, "trigger") == 0 ||
           strcmp(body->kind, "fixed") == 0;
}

static void
add_padding(struct buf *out, size_t used, uint64_t wanted)
{
    size_t len = wanted > used ? (size_t)wanted - used : 0;
    char *room = len == 0 ? NULL : buf_reserve(out, len);

    if (room == NULL)
        return;
    memset(room, 'x', len);
    buf_advance(out, len);
}

/* "n", "t" and the padding, up to body_bytes with `tail` behind it. */
static void
add_data(const struct load_body *body, uint64_t n, int64_t due_us,
         const char *tail, struct buf *out)
{
    buf_addf(out, "{\"n\":%llu,\"t\":%lld,\"pad\":\"", (unsigned long long)n,
             (long long)due_us);
    add_padding(out, out->len + strlen(tail), body->body_bytes);
    buf_add_text(out, tail);
}

static void
make_body(const struct load_body *body, uint64_t n, int64_t due_us,
          struct buf *out)
{
    if (strcmp(body->kind, "supabase") == 0) {
        buf_addf(out,
                 "{\"event_type\":\"insert\",\"source\":\"supabase\","
                 "\"table_name\":\"orders\",\"record_id\":\"%s-%llu\","
                 "\"timestamp\":\"2026-01-01T15:00:00Z\",\"data\":",
                 body->tag, (unsigned long long)n);
        add_data(body, n, due_us, "\"}}", out);
    } else if (strcmp(body->kind, "trigger") == 0) {
        buf_addf(out, "{\"event\":\"%s", body->event);
        if (body->types > 0)
            buf_addf(out, ".%llu", (unsigned long long)(n % body->types));
        buf_add_text(out, "\",\"data\":");
        add_data(body, n, due_us, "\"}}", out);
    } else {
        add_data(body, 0, 0, "\"}", out);
    }
}

static void
add_signature(const struct load_body *body, struct slice text, struct buf *out)
{
    uint8_t mac[SIGN_MAC];
    char hex[2 * SIGN_MAC + 1];

    if (body->secret == NULL)
        return;
    sign_hmac_sha256(slice_of(body->secret), text, mac);
    encode_hex(mac, sizeof(mac), hex);
    buf_addf(out, "X-Webhook-Signature: sha256=%s\r\n", hex);
}

void
load_body_request(const struct load_body *body, const char *path, uint64_t n,
                  int64_t due_us, struct buf *out)
{
    struct buf text = BUF_INIT(BODY_MAX);

    make_body(body, n, due_us, &text);
    buf_addf(out,
             "POST %s HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n",
             path, text.len);
    if (body->token != NULL)
        buf_addf(out, "Authorization: Bearer %s\r\n", body->token);
    add_signature(body, buf_slice(&text), out);
    buf_add_text(out, "\r\n");
    buf_add_slice(out, buf_slice(&text));
    buf_free(&text);
}
