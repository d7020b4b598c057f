/*
 * fastcgi_params.h - name-value pairs as FastCGI writes them (FastCGI
 * Specification 1.0, section 3.4): two lengths of one byte, or of four with
 * the highest bit set, then name and value.
 */
#ifndef FASTCGI_PARAMS_H
#define FASTCGI_PARAMS_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define FASTCGI_PARAMS_BYTES ((size_t)128 * 1024) /* of one request */
#define FASTCGI_PARAMS_MAX 1000                   /* pairs of one request */

struct fastcgi_pair {
    struct slice name, value;
};

/* Takes the pair at the front of *input. False, *input as it was: it is empty,
   or what stands there is no whole pair. */
bool fastcgi_next_pair(struct slice *input, struct fastcgi_pair *pair)
    __attribute__((warn_unused_result));

/* The variables of one request. */
struct fastcgi_params {
    struct buf text; /* the stream as it comes, and then "NAME=value" NUL ... */
    char **list;     /* into text; NULL at the end */
    size_t room;     /* pointers that list has room for */
};

void fastcgi_params_init(struct fastcgi_params *params);
void fastcgi_params_free(struct fastcgi_params *params);
void fastcgi_params_clear(struct fastcgi_params *params);

/* Too much of it is remembered, not kept. */
void fastcgi_params_add(struct fastcgi_params *params, struct slice piece);

/*
 * The stream has ended: params->list is set. False, and the list is empty:
 * too many bytes or pairs, a length that leads past the end, or a NUL. Pairs
 * that no CGI variable can stand for (no name, a name with '=') are left out.
 */
bool fastcgi_params_end(struct fastcgi_params *params)
    __attribute__((warn_unused_result));

#endif /* FASTCGI_PARAMS_H */
