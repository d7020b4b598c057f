/*
 * verifier_list.c - how the requests to a source are checked, with the secrets:
 * read, printed, copied, wiped.
 */
#include "verifier_list.h"

#include "alloc.h"
#include "json.h"
#include "member.h"
#include "verify_preset.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048 /* bytes of a name or template */

/* The members that are texts; each where a struct verifier has it. */
static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"kind", offsetof(struct verifier, kind)},
    {"header", offsetof(struct verifier, header)},
    {"prefix", offsetof(struct verifier, prefix)},
    {"signed", offsetof(struct verifier, signed_text)},
    {"timestamp_header", offsetof(struct verifier, timestamp_header)},
    {"id_header", offsetof(struct verifier, id_header)},
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* In the order of enum verify_digest. */
static const char *const digests[] = {"sha256", "sha512", "sha1"};
#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

static const char **
text_place(struct verifier *verifier, size_t i)
{
    return (const char **)(void *)((char *)verifier + texts[i].offset);
}

static const char *
text_at(const struct verifier *verifier, size_t i)
{
    return *(const char *const *)(const void *)((const char *)verifier +
                                                texts[i].offset);
}

/* The list was made by us, though the struct says const. */
static void
wipe_secrets(struct verifier *verifier)
{
    struct slice *list = (struct slice *)(uintptr_t)verifier->secrets;
    size_t i;

    for (i = 0; i < verifier->secret_count; i++) {
        if (list[i].len > 0)
            OPENSSL_cleanse((void *)(uintptr_t)list[i].ptr, list[i].len);
        slice_free(&list[i]);
    }
    free(list);
    verifier->secrets = NULL;
    verifier->secret_count = 0;
}

static void
wipe_verifier(struct verifier *verifier)
{
    size_t i;

    wipe_secrets(verifier);
    for (i = 0; i < TEXTS; i++)
        free((void *)(uintptr_t)text_at(verifier, i));
    memset(verifier, 0, sizeof(*verifier));
}

static void
copy_secrets(struct verifier *to, const struct slice *secrets, size_t count)
{
    struct slice *list = xcalloc(count + 1, sizeof(*list));
    size_t i;

    for (i = 0; i < count; i++)
        list[i] = slice_copy(secrets[i]);
    to->secrets = list;
    to->secret_count = count;
}

/* `to` is not freed. */
static void
copy_verifier(struct verifier *to, const struct verifier *from)
{
    size_t i;

    *to = *from;
    for (i = 0; i < TEXTS; i++)
        *text_place(to, i) = slice_text(slice_of(text_at(from, i)));
    copy_secrets(to, from->secrets, from->secret_count);
}

static char *
string_of(struct json_value value)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    char *taken = NULL;

    if (value.type == JSON_STRING)
        json_decode_string(value.text, &text);
    if (value.type == JSON_STRING && buf_ok(&text) &&
        memchr(buf_slice(&text).ptr, '\0', text.len) == NULL)
        taken = text.data == NULL ? xstrdup("") : buf_take(&text);
    buf_free(&text);
    return taken;
}

static void
read_secrets(struct verifier *verifier, struct slice object)
{
    struct slice secrets[VERIFIER_SECRETS_MAX];
    struct buf text[VERIFIER_SECRETS_MAX];
    struct json_value list;
    struct json_member item;
    size_t count = 0, at = 0, i;

    if (!json_find(object, "secrets", &list) || list.type != JSON_ARRAY)
        return;
    while (count < VERIFIER_SECRETS_MAX && json_next(list.text, &at, &item)) {
        if (item.value.type != JSON_STRING)
            continue;
        buf_init(&text[count], item.value.text.len + 1);
        json_decode_string(item.value.text, &text[count]);
        secrets[count] = buf_slice(&text[count]);
        count++;
    }
    copy_secrets(verifier, secrets, count);
    for (i = 0; i < count; i++)
        buf_wipe(&text[i]);
}

static void
set_kind(struct verifier *verifier, const char *kind)
{
    free((void *)(uintptr_t)verifier->kind);
    verifier->kind = xstrdup(kind);
}

/* What is not as it should be leaves a verifier that verify.h refuses, not one
   that checks less than was asked for. */
static void
read_verifier(struct slice object, struct verifier *verifier)
{
    struct json_value value;
    bool broken = false, has_header = json_find(object, "header", &value);
    size_t i;

    memset(verifier, 0, sizeof(*verifier));
    for (i = 0; i < TEXTS; i++) {
        if (!json_find(object, texts[i].name, &value))
            continue;
        *text_place(verifier, i) = string_of(value);
        broken = broken || text_at(verifier, i) == NULL;
    }
    if (broken || verifier->kind == NULL)
        set_kind(verifier, "");
    else if (!has_header && strcmp(verifier->kind, "hmac") == 0)
        set_kind(verifier, VERIFIER_PRESET);
    verifier->prefix_optional = json_find(object, "prefix_optional", &value) &&
                                slice_is(value.text, "true");
    verifier->base64 = json_find(object, "encoding", &value) &&
                       slice_is(value.text, "\"base64\"");
    if (json_find(object, "digest", &value) && value.text.len > 2)
        for (i = 0; i < DIGESTS; i++)
            if (slice_is(slice_make(value.text.ptr + 1, value.text.len - 2),
                         digests[i]))
                verifier->digest = (enum verify_digest)i;
    if (json_find(object, "window", &value) && value.type == JSON_NUMBER)
        (void)!json_integer(value.text, VERIFY_ANY_TIME, INT32_MAX,
                            &verifier->window_s);
    read_secrets(verifier, object);
}

bool
verifier_list_read(struct slice json, struct verifier_list *list)
{
    struct json_value array;
    struct json_member item;
    size_t at = 0;

    memset(list, 0, sizeof(*list));
    if (json.ptr == NULL || !json_read(json, &array, NULL) ||
        array.type != JSON_ARRAY)
        return false;
    while (json_next(array.text, &at, &item)) {
        if (item.value.type != JSON_OBJECT ||
            list->count == VERIFIER_ENTRIES_MAX) {
            verifier_list_free(list);
            return false;
        }
        read_verifier(item.value.text, &list->list[list->count++]);
    }
    return true;
}

void
verifier_list_free(struct verifier_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        wipe_verifier(&list->list[i]);
    memset(list, 0, sizeof(*list));
}

bool
verifier_list_add(struct verifier_list *list, const struct verifier *verifier)
{
    if (list->count == VERIFIER_ENTRIES_MAX)
        return false;
    copy_verifier(&list->list[list->count++], verifier);
    return true;
}

void
verifier_set_secret(struct verifier *verifier, struct slice secret, bool keep)
{
    struct slice wanted[VERIFIER_SECRETS_MAX] = {secret};
    struct verifier old = *verifier;
    size_t count = 1, i;

    for (i = 0; keep && i < old.secret_count && count < VERIFIER_SECRETS_MAX;
         i++)
        if (!slice_equal(old.secrets[i], secret))
            wanted[count++] = old.secrets[i];
    copy_secrets(verifier, wanted, count);
    wipe_secrets(&old);
}

void
verifier_drop_secrets(struct verifier *verifier)
{
    wipe_secrets(verifier);
}

static void
print_one(const struct verifier *verifier, bool shown, struct buf *out)
{
    size_t i;

    member_next(out);
    buf_add_char(out, '{');
    for (i = 0; i < TEXTS; i++)
        if (text_at(verifier, i) != NULL)
            member_text(out, texts[i].name, text_at(verifier, i));
    if (verifier->prefix_optional)
        member_bool(out, "prefix_optional", true);
    if (strcmp(verifier->kind, "hmac") == 0) {
        member_text(out, "encoding", verifier->base64 ? "base64" : "hex");
        member_text(out, "digest", digests[verifier->digest]);
    }
    if (verifier->window_s != 0) {
        member_name(out, "window");
        buf_add_i64(out, verifier->window_s);
    }
    member_name(out, "secrets");
    if (shown) {
        buf_add_u64(out, verifier->secret_count);
    } else {
        buf_add_char(out, '[');
        for (i = 0; i < verifier->secret_count; i++) {
            member_next(out);
            json_add_string(out, verifier->secrets[i]);
        }
        buf_add_char(out, ']');
    }
    buf_add_char(out, '}');
}

static void
print_all(const struct verifier_list *list, bool shown, struct buf *out)
{
    size_t i;

    buf_add_char(out, '[');
    for (i = 0; i < list->count; i++)
        print_one(&list->list[i], shown, out);
    buf_add_char(out, ']');
}

void
verifier_list_print(const struct verifier_list *list, struct buf *out)
{
    print_all(list, false, out);
}

void
verifier_list_show(const struct verifier_list *list, struct buf *out)
{
    print_all(list, true, out);
}

/* A provider without a preset keeps the kind, which verify.h refuses. */
static size_t
expand_one(const struct verifier *from, const char *provider,
           struct verifier *out)
{
    const struct preset *preset = preset_find(provider);
    size_t i;

    if (strcmp(from->kind, VERIFIER_PRESET) != 0 || preset == NULL) {
        copy_verifier(out, from);
        return 1;
    }
    for (i = 0; i < preset->verifier_count; i++) {
        struct verifier usual = preset->verifiers[i];

        usual.secrets = from->secrets;
        usual.secret_count = from->secret_count;
        copy_verifier(&out[i], &usual);
    }
    return preset->verifier_count;
}

struct verifier *
verifier_list_expand(const struct verifier_list *list, const char *provider,
                     size_t *count)
{
    struct verifier *out;
    size_t i;

    *count = 0;
    if (list->count == 0)
        return NULL;
    out = xcalloc(SOURCE_VERIFIERS_MAX, sizeof(*out));
    for (i = 0;
         i < list->count && *count + PRESET_VERIFIERS <= SOURCE_VERIFIERS_MAX;
         i++)
        *count += expand_one(&list->list[i], provider, &out[*count]);
    return out;
}

void
verifier_array_free(struct verifier *verifiers, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        wipe_verifier(&verifiers[i]);
    free(verifiers);
}

size_t
verifier_list_secrets(const struct verifier_list *list)
{
    size_t count = 0, i;

    for (i = 0; i < list->count; i++)
        count += list->list[i].secret_count;
    return count;
}
