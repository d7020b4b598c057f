/*
 * idempotency.h - a POST repeated with the same Idempotency-Key is answered
 * like the first, and done once.
 *
 * The first one stores a row before it starts and its answer when it is done;
 * both survive this process. A repeat while the first is under way: 409 with
 * Retry-After. The same key with another body: 422. Answers of 500 and above
 * are not kept: such a request may be repeated for real. Keys live 24 hours
 * and belong to one application and one path.
 */
#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include "app.h"
#include "store_idempotency.h"

#include <stdbool.h>

#define IDEMPOTENCY_KEY_MAX 255 /* printable ASCII characters */

struct idempotency {
    bool claimed; /* this request is the first with its key */
    struct idempotency_key key;
};

/* Does the request have the header? */
bool idempotency_is_asked(const struct request *request);

/*
 * Before the handler. True: run it, then call idempotency_end(). False:
 * exchange->reply is the answer (the stored one, 409, 422 or 503). A request
 * without the header always gives true.
 */
bool idempotency_begin(struct exchange *exchange,
                       struct idempotency *idempotency)
    __attribute__((warn_unused_result));

/* After the handler: keeps its answer, or gives the key back. */
void idempotency_end(struct exchange *exchange,
                     const struct idempotency *idempotency);

/* True for 1..255 printable characters. */
bool idempotency_key_is_valid(struct slice key);

/* An answer as it is kept: content type and headers as lines, an empty line,
   the body. Unpacking false: not what was packed. */
void idempotency_pack(const struct reply *reply, struct buf *out);
bool idempotency_unpack(struct slice packed, int status, struct reply *reply)
    __attribute__((warn_unused_result));

#endif /* IDEMPOTENCY_H */
