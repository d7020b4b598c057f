/*
 * store_source_secret.c - which verifiers and secrets a source has after a
 * change.
 */
#include "store_source_impl.h"

#include "provider.h"
#include "sign.h"
#include "sql.h"
#include "verify_preset.h"

#include <openssl/crypto.h>
#include <string.h>

#define SEALED_COLUMN_MAX 65535 /* bytes of a BLOB */

/* Kinds whose secret is whatever both sides agree on, so that we may make
   one. */
static const char *const free_kinds[] = {"hmac",   "standard",  "github",
                                         "gitlab", "bitbucket", "token"};

static bool
is_preset(const struct verifier *verifier)
{
    return strcmp(verifier->kind, VERIFIER_PRESET) == 0;
}

static bool
is_ours_to_make(const struct source_row *row)
{
    const struct verifier_list *list = &row->verifiers;
    size_t i;

    if (list->count == 0 || is_preset(&list->list[0]))
        return provider_named(row->provider)->secret_is_ours;
    for (i = 0; i < sizeof(free_kinds) / sizeof(free_kinds[0]); i++)
        if (strcmp(list->list[0].kind, free_kinds[i]) == 0)
            return true;
    return false;
}

static bool
takes(const struct verifier *verifiers, size_t count, struct slice secret)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (verifier_takes_secret(&verifiers[i], secret))
            return true;
    return false;
}

/* The provider's usual verifiers share the secret; one of them at least has to
   be able to use it. */
static bool
takes_all(const struct verifier *verifier, const char *provider)
{
    const struct preset *preset = preset_find(provider);
    bool usual = is_preset(verifier);
    size_t i;

    if (usual && preset == NULL)
        return verifier->secret_count == 0;
    for (i = 0; i < verifier->secret_count; i++)
        if (!takes(usual ? preset->verifiers : verifier,
                   usual ? preset->verifier_count : 1, verifier->secrets[i]))
            return false;
    return true;
}

bool
store_source_takes(const struct source_row *row)
{
    size_t i;

    for (i = 0; i < row->verifiers.count; i++)
        if (!takes_all(&row->verifiers.list[i], row->provider))
            return false;
    return true;
}

static bool
same_place(const struct verifier *a, const struct verifier *b)
{
    if (strcmp(a->kind, b->kind) != 0 ||
        (a->header == NULL) != (b->header == NULL))
        return false;
    return a->header == NULL || slice_is_nocase(slice_of(a->header), b->header);
}

/* The secrets of the present verifier in that place. */
static void
borrow_secrets(const struct verifier_list *present, struct verifier *verifier)
{
    size_t i;

    verifier->secrets = NULL;
    verifier->secret_count = 0;
    for (i = 0; i < present->count; i++) {
        if (same_place(&present->list[i], verifier)) {
            verifier->secrets = present->list[i].secrets;
            verifier->secret_count = present->list[i].secret_count;
            return;
        }
    }
}

/* The form's verifiers in place of the present ones. An empty list means what
   is usual for the provider, which keeps its secrets. */
static void
replace_verifiers(const struct source_form *form, struct source_row *row)
{
    const struct verifier preset = {.kind = VERIFIER_PRESET};
    struct verifier_list wanted = {.count = 0};
    size_t i;

    for (i = 0; i < form->verifiers.count; i++) {
        struct verifier one = form->verifiers.list[i];

        if (form->no_secrets[i])
            borrow_secrets(&row->verifiers, &one);
        (void)!verifier_list_add(&wanted, &one);
    }
    if (form->verifiers.count == 0) {
        struct verifier one = preset;

        borrow_secrets(&row->verifiers, &one);
        (void)!verifier_list_add(&wanted, &one);
    }
    verifier_list_free(&row->verifiers);
    row->verifiers = wanted;
}

/* Where a secret goes that belongs to the source as a whole. */
static struct verifier *
first_verifier(struct source_row *row)
{
    const struct verifier preset = {.kind = VERIFIER_PRESET};

    if (row->verifiers.count == 0)
        (void)!verifier_list_add(&row->verifiers, &preset);
    return &row->verifiers.list[0];
}

static void
make_secret(struct source_change *change)
{
    char secret[SIGN_SECRET_TEXT_MAX];

    sign_make_secret(secret);
    verifier_set_secret(first_verifier(&change->row), slice_of(secret), false);
    if (change->made != NULL)
        memcpy(change->made->secret, secret, sizeof(secret));
    OPENSSL_cleanse(secret, sizeof(secret));
}

static void
set_secret(struct source_change *change, const struct body_value *secret,
           bool keep)
{
    struct source_row *row = &change->row;

    if (secret->null)
        verifier_drop_secrets(first_verifier(row));
    else
        verifier_set_secret(first_verifier(row),
                            slice_make(secret->text, secret->text_len), keep);
}

/* Does anything of the present secrets stay? */
static bool
needs_present(const struct source_form *form, bool keep)
{
    size_t i;

    if (form->verifiers_given && form->verifiers.count > 0) {
        for (i = 0; i < form->verifiers.count; i++)
            if (form->no_secrets[i])
                return true;
        return false;
    }
    return keep ||
           (form->verifiers_given && !form->value[SOURCE_SECRET_FIELD].given);
}

void
store_source_compose(struct source_change *change, bool is_new)
{
    const struct source_form *form = change->form;
    const struct body_value *secret = &form->value[SOURCE_SECRET_FIELD];
    bool keep = form->value[SOURCE_KEEP_SECRETS_FIELD].number != 0;
    bool moves =
        change->move_to != 0 && change->move_to != change->row.application_id;
    struct source_row *row = &change->row;
    bool replaced = secret->given || secret->null || form->verifiers_given;

    if (row->unreadable && (replaced ? needs_present(form, keep) : moves)) {
        change->action = SOURCE_UNREADABLE;
        return;
    }
    if (form->verifiers_given)
        replace_verifiers(form, row);
    if (secret->given || secret->null)
        set_secret(change, secret, keep);
    else if (is_new && verifier_list_secrets(&row->verifiers) == 0 &&
             is_ours_to_make(row))
        make_secret(change);
    if (replaced)
        row->unreadable = false;
    if (!store_source_takes(row))
        change->action = SOURCE_BAD_SECRET;
}

void
store_source_add_sealed(struct buf *sql, const struct source_change *change,
                        const char *column, struct slice text)
{
    struct seal_place place = {"sources", column, change->row.application_id,
                               change->row.id};
    struct buf sealed = BUF_INIT(text.len + SEAL_OVERHEAD + 1);

    sql_raw(sql, ", ");
    sql_raw(sql, column);
    sql_raw(sql, " = ");
    if (text.ptr == NULL) {
        sql_raw(sql, "NULL");
    } else {
        seal_value(change->sealer, place, text, &sealed);
        sql_bytes(sql, buf_slice(&sealed));
    }
    buf_free(&sealed);
}

void
store_source_add_secrets(struct buf *sql, struct source_change *change)
{
    struct buf text = BUF_INIT(SEALED_COLUMN_MAX - SEAL_OVERHEAD);

    /* Sealed with another key: it stays as it is. */
    if (change->row.unreadable)
        return;
    verifier_list_print(&change->row.verifiers, &text);
    if (!buf_ok(&text))
        change->action = SOURCE_TOO_LARGE;
    else
        store_source_add_sealed(
            sql, change, "secrets",
            change->row.verifiers.count == 0 ? SLICE_NONE : buf_slice(&text));
    buf_wipe(&text);
}
