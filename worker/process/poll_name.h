/*
 * poll_name.h - a database of Notion's that option poll_tables has by its name:
 * it is searched for once (POST {api}/v1/search), and polled by the id found,
 * which is kept in the position.
 *
 * Names are compared exactly. What is not shared with the integration is not
 * found; of two databases of one name none is taken.
 */
#ifndef POLL_NAME_H
#define POLL_NAME_H

#include "buf.h"
#include "json.h"
#include "poll_position.h"
#include "poller.h"

#include <stdbool.h>
#include <stdint.h>

/* It is a name, and nobody knows of what. */
bool poll_name_is_open(const struct poll_order *order,
                       const struct poll_position *position);

/* The id to be polled: the table itself, or what was found. */
const char *poll_name_id(const struct poll_order *order,
                         const struct poll_position *position);

/* The body of the search. */
void poll_name_question(const struct poll_order *order,
                        const struct poll_position *position, struct buf *body);

/* What came back. True: the id is in the position, or there is another page of
   names: ask again. False: *why says so (static), and the search begins anew
   the next time. */
bool poll_name_read(const struct json_value *body, uint32_t status,
                    const struct poll_order *order,
                    struct poll_position *position, const char **why)
    __attribute__((warn_unused_result));

#endif /* POLL_NAME_H */
