/*
 * body_value.h - one value of a request's body, read by its row of the table:
 * body.c's other half.
 */
#ifndef BODY_VALUE_H
#define BODY_VALUE_H

#include "body.h"

/* Reads type and bounds; value->name says where it stands. What is wrong is
   added to problems. */
void body_value_read(const struct body_field *field, struct json_value json,
                     struct body_value *value, struct problems *problems);

/* Leaves the value all zero. */
void body_value_free(struct body_value *value);

/* A member's name with its escapes decoded; the caller frees it. name must
   stand between its quotes. */
char *body_decode_name(struct slice name, size_t *len);

#endif /* BODY_VALUE_H */
