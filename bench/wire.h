/*
 * wire.h - where an HTTP/1.1 message ends (RFC 9112, as much as benchmarks
 * need: Content-Length, chunked, or no body).
 */
#ifndef WIRE_H
#define WIRE_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum wire_state {
    WIRE_MORE, /* not whole yet */
    WIRE_WHOLE,
    WIRE_WRONG /* not HTTP, or more than 16 MB */
};

struct wire_message {
    size_t len;        /* bytes of the whole message */
    struct slice line; /* the first line, without CRLF */
    struct slice body; /* as sent; of a chunked message with its chunk sizes */
    bool close;        /* "Connection: close" */
};

/* Looks at the bytes received so far. *message is valid for WIRE_WHOLE and
   points into `bytes`. */
enum wire_state wire_read(struct slice bytes, struct wire_message *message);

/* The status code of a response's first line, 0 if it is none. */
unsigned wire_status(struct slice line);

/* The path of a request's first line, without its query. */
struct slice wire_path(struct slice line);

/* The decimal number that follows the first occurrence of `mark` in the text;
   false if there is none. */
bool wire_number_after(struct slice text, const char *mark, uint64_t *number);

#endif /* WIRE_H */
