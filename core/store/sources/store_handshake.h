/*
 * store_handshake.h - the SQL that keeps a token which a provider has sent to
 * a source that awaits one.
 *
 * It waits in sources.captured_token, sealed at the place
 * {"sources", "captured_token", application, source}, for an operator to
 * confirm it: only then does it sign anything.
 */
#ifndef STORE_HANDSHAKE_H
#define STORE_HANDSHAKE_H

#include "db.h"
#include "seal.h"
#include "slice.h"

#include <stdint.h>

/* DB_NONE: the source does not await a token (any more). Nothing that is there
   is ever overwritten: of two tokens at once the first one stays. */
enum db_result store_handshake_capture(struct db *db,
                                       const struct sealer *sealer,
                                       uint32_t application_id,
                                       uint32_t source_id, struct slice token)
    __attribute__((warn_unused_result));

#endif /* STORE_HANDSHAKE_H */
