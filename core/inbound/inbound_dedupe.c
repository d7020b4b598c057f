/*
 * inbound_dedupe.c - what tells that an event was received before; see
 * inbound_dedupe.h.
 */
#include "inbound_dedupe.h"

#include "encode.h"
#include "provider.h"

#include <openssl/sha.h>

#define NONE "none"
#define BODY "body_sha256"
#define SIGNATURE "signature"
#define JSON "json:"
#define HEADER "header:"

static bool
starts(struct slice text, const char *word)
{
    size_t len = strlen(word);

    return text.len > len && memcmp(text.ptr, word, len) == 0;
}

/* Takes the first alternative off. */
static struct slice
next_rule(struct slice *rest)
{
    const char *end = memchr(rest->ptr, '|', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    size_t taken = end == NULL ? len : len + 1;
    struct slice one = slice_make(rest->ptr, len);

    *rest = slice_make(rest->ptr + taken, rest->len - taken);
    return one;
}

const char *
inbound_dedupe_problem(struct slice rule)
{
    const char *problem = NULL;

    if (rule.len == 0 || rule.len > INBOUND_PATH_MAX)
        return rule.len == 0 ? "must not be empty" : "is too long";
    if (rule.ptr[rule.len - 1] == '|')
        return "must not end with |";
    while (rule.len > 0 && problem == NULL) {
        struct slice one = next_rule(&rule);

        if (slice_is(one, NONE) || slice_is(one, BODY) ||
            slice_is(one, SIGNATURE))
            continue;
        if (starts(one, JSON))
            problem = inbound_path_problem(
                slice_make(one.ptr + strlen(JSON), one.len - strlen(JSON)));
        else if (starts(one, HEADER))
            problem = inbound_path_problem(one);
        else
            problem = "must be none, header:NAME, json:PATH, signature or "
                      "body_sha256";
    }
    return problem;
}

static void
add_hash(const uint8_t hash[SHA256_DIGEST_LENGTH], struct buf *key)
{
    char hex[2 * SHA256_DIGEST_LENGTH + 1];

    encode_hex(hash, SHA256_DIGEST_LENGTH, hex);
    buf_add_text(key, hex);
}

static void
add_body_hash(struct slice body, struct buf *key)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)(body.len == 0 ? "" : body.ptr), body.len,
           hash);
    add_hash(hash, key);
}

/* The value by one rule; false: it has none. */
static bool
add_value(struct slice rule, const struct inbound_request *request,
          const struct inbound_place *place, struct buf *key)
{
    struct buf scratch = BUF_INIT(0);
    char path[INBOUND_PATH_MAX + 1];
    struct slice text = SLICE_NONE;

    if (slice_is(rule, BODY)) {
        add_body_hash(request->body, key);
        return true;
    }
    if (slice_is(rule, SIGNATURE)) {
        if (request->once != NULL)
            add_hash(request->once, key);
        return request->once != NULL;
    }
    if (starts(rule, JSON))
        rule = slice_make(rule.ptr + strlen(JSON), rule.len - strlen(JSON));
    else if (!starts(rule, HEADER))
        return false;
    if (rule.len <= INBOUND_PATH_MAX) {
        memcpy(path, rule.ptr, rule.len);
        path[rule.len] = '\0';
        text = inbound_path_text(path, place, &scratch);
    }
    if (text.ptr != NULL)
        buf_add_slice(key, text);
    buf_free(&scratch);
    return text.ptr != NULL;
}

const char *
inbound_dedupe_rule(const struct source *source)
{
    return source->options.dedupe != NULL
               ? source->options.dedupe
               : provider_named(source->provider)->dedupe;
}

bool
inbound_dedupe_asks_signature(const struct source *source)
{
    struct slice rest = slice_of(inbound_dedupe_rule(source));

    while (rest.len > 0)
        if (slice_is(next_rule(&rest), SIGNATURE))
            return true;
    return false;
}

void
inbound_dedupe(const struct source *source,
               const struct inbound_request *request,
               const struct json_value *payload, struct inbound *in)
{
    const struct inbound_place place = {
        .json = *payload, .header = request->header, .arg = request->arg};
    struct slice rest = slice_of(inbound_dedupe_rule(source));

    /* What is in the request fits. */
    buf_free(&in->key);
    buf_init(&in->key, SIZE_MAX / 4);
    while (rest.len > 0) {
        if (add_value(next_rule(&rest), request, &place, &in->key)) {
            in->dedupe = buf_slice(&in->key);
            return;
        }
    }
}
