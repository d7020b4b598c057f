/*
 * store_token.h - API tokens in the database: make, show, revoke.
 *
 * A token is "pst_" and 43 characters of base64url (32 random bytes). Only its
 * SHA-256 is stored; the text is shown once, when it is made.
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include "catalog.h"
#include "db.h"

#include <stddef.h>
#include <stdint.h>

#define TOKEN_TEXT_MAX 48  /* bytes, with NUL */
#define TOKEN_SHOWN_MAX 16 /* first characters that stay visible */

struct token_row {
    uint32_t id;
    uint32_t application_id;
    char name[401];
    enum scope scope;
    char shown[TOKEN_SHOWN_MAX + 1];
    int64_t created_at_us;
    int64_t expires_at_us;   /* 0 = never */
    int64_t revoked_at_us;   /* 0 = is not */
    int64_t last_used_at_us; /* 0 = never */
};

struct token_list {
    struct token_row *rows; /* by id */
    size_t count;
};

const char *scope_name(enum scope scope);
bool scope_from_name(struct slice name, enum scope *scope)
    __attribute__((warn_unused_result));

/* expires_in_s 0: never. text: to be shown once and wiped. */
enum db_result store_token_insert(struct db *db, uint32_t application_id,
                                  struct slice name, enum scope scope,
                                  uint64_t expires_in_s, uint32_t *id,
                                  char text[TOKEN_TEXT_MAX])
    __attribute__((warn_unused_result));

enum db_result store_token_list(struct db *db, struct token_list *list)
    __attribute__((warn_unused_result));
void token_list_free(struct token_list *list);

/* DB_NONE: there is no such token, or it is revoked already. */
enum db_result store_token_revoke(struct db *db, uint32_t id)
    __attribute__((warn_unused_result));

/* Notes that the token has just been used (last_used_at). No change of
   configuration: the version stays. */
enum db_result store_token_touch(struct db *db, uint32_t token_id)
    __attribute__((warn_unused_result));

#endif /* STORE_TOKEN_H */
