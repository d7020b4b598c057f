/*
 * verify_twilio.c - Twilio signs the URL that it calls, with the form behind
 * it, or with the body's SHA-256 in its query.
 *
 * Which of a URL's spellings was signed differs between Twilio's products: with
 * the port or without, with the query as it is or encoded again. All are tried,
 * as Twilio's own libraries do.
 */
#include "verify_impl.h"

#include "encode.h"

#include <ctype.h>
#include <strings.h>

#define BODY_HASH "bodySHA256"
#define URL_SPELLINGS 4
#define URL_MAX (64 * 1024) /* bytes */

/* scheme://user@host:port/rest */
struct url {
    struct slice front; /* scheme://user@host */
    struct slice port;  /* with the colon, or empty */
    struct slice path;
    struct slice query; /* without '?' */
    bool has_query;
    const char *usual_port;
};

static struct slice
cut_at(struct slice *text, size_t len)
{
    struct slice front = slice_make(text->ptr, len);

    *text = slice_make(text->ptr + len, text->len - len);
    return front;
}

static size_t
span_until(struct slice text, const char *ends)
{
    size_t len = 0;

    while (len < text.len && strchr(ends, text.ptr[len]) == NULL)
        len++;
    return len;
}

static bool
split(struct slice text, struct url *url)
{
    struct slice rest = text;
    size_t scheme, host, i;

    if (text.len > 8 && strncasecmp(text.ptr, "https://", 8) == 0)
        scheme = 8, url->usual_port = ":443";
    else if (text.len > 7 && strncasecmp(text.ptr, "http://", 7) == 0)
        scheme = 7, url->usual_port = ":80";
    else
        return false;
    rest = slice_make(text.ptr + scheme, text.len - scheme);
    host = span_until(rest, "/?#");
    if (host == 0)
        return false;
    for (i = host; i > 0 && isdigit((unsigned char)rest.ptr[i - 1]); i--)
        continue;
    if (i > 0 && i < host && rest.ptr[i - 1] == ':') {
        url->port = slice_make(rest.ptr + i - 1, host - i + 1);
        url->front = slice_make(text.ptr, scheme + i - 1);
    } else {
        url->port = SLICE("");
        url->front = slice_make(text.ptr, scheme + host);
    }
    (void)cut_at(&rest, host);
    url->path = cut_at(&rest, span_until(rest, "?"));
    url->has_query = rest.len > 0;
    url->query =
        url->has_query ? slice_make(rest.ptr + 1, rest.len - 1) : SLICE("");
    return true;
}

/* As Node's querystring does: all but these bytes as %XX. */
static void
escape(struct slice text, struct buf *out)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (isalnum(c) || (c != '\0' && strchr("-_.!~*'()", c) != NULL))
            buf_add_char(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

static void
add_query_again(struct slice query, struct buf *out)
{
    struct form form;
    size_t i;

    if (!form_read(query, &form))
        return;
    for (i = 0; i < form.count; i++) {
        if (i > 0)
            buf_add_char(out, '&');
        escape(form.pairs[i].name, out);
        buf_add_char(out, '=');
        escape(form.pairs[i].value, out);
    }
    form_free(&form);
}

/* One of the four ways to write the URL. */
static void
spell(const struct url *url, unsigned way, struct buf *out)
{
    buf_clear(out);
    buf_add_slice(out, url->front);
    if ((way & 1) != 0 && url->port.len > 0)
        buf_add_slice(out, url->port);
    else if ((way & 1) != 0)
        buf_add_text(out, url->usual_port);
    buf_add_slice(out, url->path);
    if (!url->has_query)
        return;
    buf_add_char(out, '?');
    if ((way & 2) != 0)
        add_query_again(url->query, out);
    else
        buf_add_slice(out, url->query);
}

/* The value of bodySHA256 in the query; absent if there is none. */
static struct slice
body_hash(const struct url *url)
{
    const size_t len = sizeof(BODY_HASH) - 1;
    struct slice rest = url->query;

    while (rest.len > 0) {
        struct slice pair = cut_at(&rest, span_until(rest, "&"));

        if (pair.len > len && memcmp(pair.ptr, BODY_HASH "=", len + 1) == 0)
            return slice_make(pair.ptr + len + 1, pair.len - len - 1);
        if (rest.len > 0)
            (void)cut_at(&rest, 1);
    }
    return SLICE_NONE;
}

static bool
is_form(const struct verify_message *message)
{
    struct slice type;

    if (header_take(message, "Content-Type", &type) != VERIFY_OK)
        return false;
    type.len = span_until(type, ";");
    return slice_is_nocase(slice_trim(type),
                           "application/x-www-form-urlencoded");
}

/* Appends name and value of every pair of the form, in order. */
static enum verify_result
add_form(const struct verify_message *message, struct buf *out)
{
    struct form form;
    size_t i;

    if (message->body.len == 0)
        return VERIFY_OK;
    /* Nothing would sign any other body. */
    if (!is_form(message) || !form_read(message->body, &form))
        return VERIFY_MALFORMED;
    form_sort(&form);
    for (i = 0; i < form.count; i++) {
        buf_add_slice(out, form.pairs[i].name);
        buf_add_slice(out, form.pairs[i].value);
    }
    form_free(&form);
    return VERIFY_OK;
}

/* What is signed behind the URL, in *behind; or the body's hash is checked. */
static enum verify_result
check_body(const struct checking *checking, const struct url *url,
           struct buf *behind, bool *same)
{
    const struct verify_message *message = checking->message;
    struct slice hash = body_hash(url);
    uint8_t got[SIGN_MAC], want[SIGN_MAC];

    *same = true;
    if (hash.ptr == NULL)
        return add_form(message, behind);
    if (!decode_hex(hash, got, SIGN_MAC))
        return VERIFY_MALFORMED;
    sign_sha256(message->body, want);
    *same = sign_equal(got, want, SIGN_MAC);
    return VERIFY_OK;
}

/* All spellings are tried. */
static enum verify_result
check_spellings(struct checking *checking, const struct url *url,
                struct slice behind, const struct claim *claim)
{
    enum verify_result result = VERIFY_MISMATCH;
    struct buf written = BUF_INIT(URL_MAX);
    unsigned way;

    for (way = 0; way < URL_SPELLINGS; way++) {
        struct text text;

        spell(url, way, &written);
        text.parts[0] = buf_slice(&written);
        text.parts[1] = behind;
        text.count = 2;
        if (buf_ok(&written) && keys_check(checking, &text, claim) == VERIFY_OK)
            result = VERIFY_OK;
    }
    buf_free(&written);
    return result;
}

enum verify_result
check_twilio(struct checking *checking)
{
    const struct verify_message *message = checking->message;
    const struct scheme *scheme = &checking->scheme;
    struct buf behind = BUF_INIT(message->body.len);
    struct claim claim = {.count = 0};
    enum verify_result result;
    struct slice header;
    struct url url;
    bool same = false;

    if (message->url.ptr == NULL || message->url.len > URL_MAX / 4 ||
        !split(message->url, &url))
        return VERIFY_UNUSABLE;
    if (!keys_any(checking))
        return VERIFY_NO_SECRET;
    result = header_take(message, scheme->signature[0], &header);
    if (result == VERIFY_OK && !scheme->read(scheme, header, &claim))
        result = VERIFY_MALFORMED;
    if (result == VERIFY_OK)
        result = check_body(checking, &url, &behind, &same);
    if (result == VERIFY_OK)
        result = check_spellings(checking, &url, buf_slice(&behind), &claim);
    if (result == VERIFY_OK && !same)
        result = VERIFY_MISMATCH;
    buf_free(&behind);
    return result;
}
