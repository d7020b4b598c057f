/*
 * seal.h - secrets at rest: AES-256-GCM with a key that is not in the database.
 *
 *   sealed = version 1 (1 byte) | key id (4 bytes) | nonce (12) | text | tag (16)
 *
 * The additional data is the place of the value, "table:column:application:row",
 * so a sealed value copied to another row does not open there. The key id is
 * the first 4 bytes of SHA-256 of the key: a wrong key is told from damage.
 *
 * The key file holds 64 hex digits and a newline, mode 0600.
 */
#ifndef SEAL_H
#define SEAL_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_OVERHEAD 33 /* bytes a sealed value is longer than its text */

struct sealer; /* opaque; thread-safe */

/* NULL: *why says what is wrong with the key file and what to do. */
struct sealer *seal_open_key(const char *key_file, struct buf *why);
struct sealer *seal_from_key(const uint8_t key[32]); /* for tests */
void seal_close(struct sealer *sealer);              /* wipes the key */

/* Makes a key file. False with errno (EEXIST: never overwrites). */
bool seal_make_key_file(const char *path) __attribute__((warn_unused_result));

/* Where a value lives; row 0 before the row exists is not allowed. */
struct seal_place {
    const char *table;
    const char *column;
    uint64_t application;
    uint64_t row;
};

void seal_value(const struct sealer *sealer, struct seal_place place,
                struct slice text, struct buf *out);

enum seal_result {
    SEAL_OK,
    SEAL_OTHER_KEY, /* sealed with a key that this process does not have */
    SEAL_DAMAGED    /* not ours, cut, changed, or from another place */
};

/* Appends the text to out; free it with buf_wipe(). */
enum seal_result seal_reveal(const struct sealer *sealer,
                             struct seal_place place, struct slice sealed,
                             struct buf *out)
    __attribute__((warn_unused_result));

#endif /* SEAL_H */
