/*
 * inbound_shape.h - which shape a body has, and its fields read one by one.
 */
#ifndef INBOUND_SHAPE_H
#define INBOUND_SHAPE_H

#include "inbound_field.h"

/*
 * What the body of a source is: one of the shapes of inbound_field.h, or NULL:
 * as its provider has it (inbound_provider.h). body is text of an object that
 * json_read() has accepted.
 */
const struct inbound_shape *inbound_shape_of(const struct source *source,
                                             struct slice body);

/* Reads it: r->in is filled, or problems are added. */
void inbound_shape_read(struct inbound_reading *r,
                        const struct inbound_shape *shape, struct slice body);

/* The members of an event that was read before: data, the sender's metadata
   and whether there was a time; r->in->action has to be set. */
void inbound_shape_recall(struct inbound_reading *r,
                          const struct inbound_shape *shape, struct slice body);

#endif /* INBOUND_SHAPE_H */
