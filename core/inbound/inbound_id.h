/*
 * inbound_id.h - Notion's ids, which it writes with dashes and without.
 */
#ifndef INBOUND_ID_H
#define INBOUND_ID_H

#include "slice.h"

#include <stdbool.h>

#define INBOUND_ID_LEN 32

/* 32 hexadecimal digits, in any letter case, with dashes anywhere between them:
   out gets them without dashes in lower case, and a NUL. False, out untouched,
   for anything else. */
bool inbound_id(struct slice text, char out[INBOUND_ID_LEN + 1])
    __attribute__((warn_unused_result));

/* The same in place, if it is such an id. */
void inbound_id_clean(char *text);

/* Do both stand for the same one? True as well for texts that are equal and no
   ids. */
bool inbound_id_equal(struct slice a, struct slice b);

#endif /* INBOUND_ID_H */
