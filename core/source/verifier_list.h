/*
 * verifier_list.h - how the requests to a source are checked, with the secrets:
 * what the sealed column sources.secrets holds.
 *
 * A JSON list of verifiers, members of struct verifier under these names, all
 * but kind and secrets only where they say something:
 *
 *   [{"kind":"hmac","header":"X-Sig","prefix":"sha256=","prefix_optional":true,
 *     "encoding":"base64","digest":"sha512","signed":"{timestamp}.{body}",
 *     "timestamp_header":"X-Time","id_header":"X-Id","window":300,
 *     "secrets":["newest","older"]}]
 *
 * The kind "preset" - and, from the first version, "hmac" without a header -
 * stands for the verifiers that are usual for the source's provider
 * (verify_preset.h), all with these secrets.
 */
#ifndef VERIFIER_LIST_H
#define VERIFIER_LIST_H

#include "buf.h"
#include "catalog.h"
#include "slice.h"
#include "verify.h"

#include <stdbool.h>
#include <stddef.h>

#define VERIFIER_ENTRIES_MAX 7     /* a preset may stand for two */
#define VERIFIER_SECRETS_MAX 5     /* live ones of one verifier */
#define VERIFIER_SECRET_BYTES 1024 /* of one */
#define VERIFIER_JSON_MAX                                                      \
    ((size_t)VERIFIER_ENTRIES_MAX *                                            \
     (VERIFIER_SECRETS_MAX * VERIFIER_SECRET_BYTES * 6 + 8192))
#define VERIFIER_PRESET "preset" /* a kind */

/* Owns its texts and secrets. A verifier's `kind` VERIFIER_PRESET is for
   verifier_list_expand() alone. */
struct verifier_list {
    struct verifier list[VERIFIER_ENTRIES_MAX];
    size_t count;
};

/* False: no such list, or too long; *list is then empty. Kinds are not looked
   at: verify_message() refuses everything where it does not know one. */
bool verifier_list_read(struct slice json, struct verifier_list *list)
    __attribute__((warn_unused_result));
void verifier_list_free(struct verifier_list *list); /* wipes the secrets */

/* As above. */
void verifier_list_print(const struct verifier_list *list, struct buf *out);
/* For people: the same with the number of secrets in their place. */
void verifier_list_show(const struct verifier_list *list, struct buf *out);

/* One verifier more, a copy; false if the list is full. */
bool verifier_list_add(struct verifier_list *list,
                       const struct verifier *verifier)
    __attribute__((warn_unused_result));

/* The secret, in front of the present ones (keep: the oldest goes where there
   are too many) or in their place. Nothing changes for one that is there. */
void verifier_set_secret(struct verifier *verifier, struct slice secret,
                         bool keep);

void verifier_drop_secrets(struct verifier *verifier);

/* The verifiers, presets as what they stand for, in one array; free it with
   verifier_array_free(). NULL, *count 0: an empty list. */
struct verifier *verifier_list_expand(const struct verifier_list *list,
                                      const char *provider, size_t *count);
void verifier_array_free(struct verifier *verifiers, size_t count);

/* The live secrets of all of them. */
size_t verifier_list_secrets(const struct verifier_list *list);

#endif /* VERIFIER_LIST_H */
