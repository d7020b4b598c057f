/*
 * store_token.h - statements about API tokens.
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include "db.h"

#include <stdint.h>

/* Notes that the token has just been used (last_used_at). No change of
   configuration: the version stays. */
enum db_result store_token_touch(struct db *db, uint32_t token_id)
    __attribute__((warn_unused_result));

#endif /* STORE_TOKEN_H */
