/*
 * store_source.h - sources in the database: make, show, change, remove; their
 * secrets.
 *
 * Every function takes the application whose sources the caller may see;
 * another one's source is DB_NONE. 0 = any.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include "buf.h"
#include "db.h"
#include "seal.h"
#include "sign.h"
#include "slice.h"
#include "source_form.h"
#include "source_options.h"
#include "verifier_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source_row {
    uint32_t id;
    uint32_t application_id;
    char *name;
    char *provider;
    char *description; /* "" */
    struct verifier_list verifiers;
    bool unreadable; /* secrets sealed with another key, or damaged */
    bool has_api_key;
    char *handshake;   /* "none", "awaiting", "captured" */
    char *key_columns; /* JSON object, or NULL */
    uint32_t max_attempts;
    uint32_t retry_delay_s;
    uint32_t concurrency;
    bool relay_received; /* relays on receipt, not after processing */
    uint32_t hook_id;    /* subscription of invalidate_url; 0 = none */
    int64_t created_at_us;
    int64_t updated_at_us;
    struct source_options options;
};

struct source_list {
    struct source_row *rows; /* by id */
    size_t count;
    bool more; /* there are others behind the last */
};

/* Which one is meant: by id, or where that is 0 by name. */
struct source_ref {
    uint32_t id;
    struct slice name;
};

/* "src_..." or a name. */
struct source_ref source_ref_of(struct slice text);

/* after: the id that the page begins behind. */
enum db_result store_source_list(struct db *db, const struct sealer *sealer,
                                 uint32_t application_id, uint32_t after,
                                 size_t limit, struct source_list *list)
    __attribute__((warn_unused_result));
void source_list_free(struct source_list *list);

enum db_result store_source_get(struct db *db, const struct sealer *sealer,
                                uint32_t application_id,
                                const struct source_ref *ref,
                                struct source_row *row)
    __attribute__((warn_unused_result));
void source_row_free(struct source_row *row);

/* Why something was not done though the database works. */
enum source_action {
    SOURCE_DONE,
    SOURCE_NAME_TAKEN,
    SOURCE_BAD_SECRET,   /* none that this kind of verifier can use */
    SOURCE_UNREADABLE,   /* the present secrets are to stay, and no key opens
                            them */
    SOURCE_TOO_LARGE,    /* more options or secrets than one source may have */
    SOURCE_NO_HANDSHAKE, /* its provider sends no token */
    SOURCE_NOT_CAPTURED, /* nothing waits for being confirmed */
    SOURCE_NOT_OURS,     /* its provider makes the secret: it has to be given */
    SOURCE_ACTIONS
};

/* The source, and the secret that may be shown now and never again. */
struct source_made {
    uint32_t id;
    char secret[VERIFIER_SECRET_BYTES + 1]; /* "": none to be shown */
};

/*
 * What the form says. A secret is made where none is given and the choice is
 * ours (provider.h); a source of a provider that makes it itself, and sends it,
 * awaits it. *action is written with DB_OK; only for SOURCE_DONE anything was
 * stored and *made is filled (wipe it). Where a source of that name was removed
 * a moment ago, waits until every program knows that it is gone.
 */
enum db_result
store_source_insert(struct db *db, const struct sealer *sealer,
                    const struct source_form *form, uint32_t application_id,
                    struct source_made *made, enum source_action *action)
    __attribute__((warn_unused_result));

/* Only what is given changes; a name as in store_source_insert(). move_to: the
   application it is to belong to then; 0 = stays. */
enum db_result store_source_update(struct db *db, const struct sealer *sealer,
                                   const struct source_form *form,
                                   uint32_t application_id,
                                   const struct source_ref *ref,
                                   uint32_t move_to, enum source_action *action)
    __attribute__((warn_unused_result));

/* Its history stays, its live jobs become `cancelled`, its name is free. */
enum db_result store_source_delete(struct db *db, uint32_t application_id,
                                   const struct source_ref *ref)
    __attribute__((warn_unused_result));

/* A new secret for the first verifier, in front of the present ones, or with
   drop_others in their place. secret: absent = one is made. */
enum db_result
store_source_rotate(struct db *db, const struct sealer *sealer,
                    uint32_t application_id, const struct source_ref *ref,
                    struct slice secret, bool drop_others,
                    struct source_made *made, enum source_action *action)
    __attribute__((warn_unused_result));

/* The next token that the provider sends is kept (store_handshake.h); one that
   waits for being confirmed is thrown away. Live secrets stay as they are. */
enum db_result store_source_await(struct db *db, uint32_t application_id,
                                  const struct source_ref *ref,
                                  enum source_action *action)
    __attribute__((warn_unused_result));

/* The token that was kept becomes the secret: of the verifiers that are usual
   for the provider, with keep_others in front of the present ones. */
enum db_result store_source_confirm(struct db *db, const struct sealer *sealer,
                                    uint32_t application_id,
                                    const struct source_ref *ref,
                                    bool keep_others, struct source_made *made,
                                    enum source_action *action)
    __attribute__((warn_unused_result));

/* The JSON that the API shows; secret: NULL, or what may be shown now. */
void source_print(const struct source_row *row, const char *secret,
                  struct buf *out);

#endif /* STORE_SOURCE_H */
