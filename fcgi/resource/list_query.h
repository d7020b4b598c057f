/*
 * list_query.h - the parameters that each list of the management API knows.
 *
 * A misspelt filter that is left out silently shows more than was asked for, so
 * a list refuses what it does not know. Receivers, Svix's family and everything
 * that is no list take any query.
 */
#ifndef LIST_QUERY_H
#define LIST_QUERY_H

#include "app.h"

#include <stdbool.h>

/* path: of the route, as its table has it. False: the answer is written, 422
   with the name that is not known and the one it is most like. */
bool list_query_check(struct exchange *exchange, const char *path)
    __attribute__((warn_unused_result));

#endif /* LIST_QUERY_H */
