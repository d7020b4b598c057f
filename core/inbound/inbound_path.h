/*
 * inbound_path.h - where something stands in a request: in its JSON or in a
 * header.
 *
 *   $.a.b[0].c     members and items from the top on; the "$." may be left out
 *   $              the whole
 *   $["a.b"].c     a member whose name is no plain word
 *   header:NAME    a header, in any letter case
 *   ONE|OTHER      the first of them that is there
 *
 * A plain name is any text without dots, brackets, '|' and white space; between
 * brackets and quotes ('"' or '\'') it is anything but that quote. Paths are
 * short and look at each level once, so a body costs no more than its length
 * for each step.
 */
#ifndef INBOUND_PATH_H
#define INBOUND_PATH_H

#include "json.h"
#include "slice.h"

#include <stdbool.h>

#define INBOUND_PATH_MAX 256 /* bytes of a text with all its alternatives */
#define INBOUND_PATH_STEPS 16

/* What may be looked at. */
struct inbound_place {
    struct json_value json; /* that json_read() has accepted; text absent:
                               there is none */
    struct slice (*header)(void *arg, const char *name); /* or NULL */
    void *arg;
};

/* NULL, or what is wrong with it: a static text that ends a sentence such as
   "the path: ...". */
const char *inbound_path_problem(struct slice path);

/* The JSON value; the first alternative that is there and not null. Headers are
   left out. */
bool inbound_path_value(const char *path, const struct json_value *json,
                        struct json_value *value);

/* The text of the first alternative that has one: a header, a string or a
   number, not empty and well-formed UTF-8. Points into the request or into
   scratch, which has to live as long. Absent: there is none. */
struct slice inbound_path_text(const char *path,
                               const struct inbound_place *place,
                               struct buf *scratch);

#endif /* INBOUND_PATH_H */
