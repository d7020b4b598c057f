/*
 * fastcgi_record.h - the FastCGI wire: bytes in, events out, and the records
 * that an application sends.
 *
 * FastCGI Specification 1.0 (fastcgi-archives.github.io), sections 3 and 8:
 *
 *      version 1 | type | request id | content length | padding length | 0
 *       1 byte    1 byte   2 bytes       2 bytes          1 byte        1 byte
 *
 * then content and padding. No sockets and no memory of its own: streams pass
 * through in pieces, however the bytes were cut on their way.
 */
#ifndef FASTCGI_RECORD_H
#define FASTCGI_RECORD_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define FASTCGI_HEADER_BYTES 8
#define FASTCGI_KEPT_BYTES 128 /* of a FCGI_GET_VALUES: three names need 47 */

enum { FASTCGI_RESPONDER = 1 }; /* the one role that is ours */

enum fastcgi_kind {
    FASTCGI_MORE,       /* the input is used up: go on with the next bytes */
    FASTCGI_BEGIN,      /* role, keep */
    FASTCGI_ABORT,      /* the web server gives the request up */
    FASTCGI_PARAMS,     /* a piece of that stream in data; empty: its end */
    FASTCGI_STDIN,      /* the same */
    FASTCGI_GET_VALUES, /* names in data */
    FASTCGI_UNKNOWN,    /* a type that no application knows */
    FASTCGI_BROKEN      /* no FastCGI: nothing after it can be understood */
};

struct fastcgi_event {
    enum fastcgi_kind kind;
    uint8_t type; /* of the record, as received */
    uint16_t id;  /* 0: about the connection, not about a request */
    uint16_t role;
    bool keep;         /* the connection stays after this request */
    struct slice data; /* points into the input, or for GET_VALUES into the
                          reader */
};

struct fastcgi_reader {
    uint8_t header[FASTCGI_HEADER_BYTES];
    size_t header_len;
    size_t content_left, padding_left;
    uint8_t kept[FASTCGI_KEPT_BYTES]; /* of content that is needed as a whole */
    size_t kept_len;
    bool broken;
};

#define FASTCGI_READER_INIT ((struct fastcgi_reader){.header_len = 0})

/* The next event from the front of *input, which moves on behind it. Ends with
   FASTCGI_MORE and empty input; FASTCGI_BROKEN again and again. */
void fastcgi_read(struct fastcgi_reader *reader, struct slice *input,
                  struct fastcgi_event *event);

/* No record has come in part. */
bool fastcgi_reader_is_between(const struct fastcgi_reader *reader);

/* How a request ends: protocolStatus of FCGI_END_REQUEST. */
enum fastcgi_end {
    FASTCGI_COMPLETE = 0,
    FASTCGI_CANT_MPX_CONN = 1,
    FASTCGI_OVERLOADED = 2,
    FASTCGI_UNKNOWN_ROLE = 3
};

void fastcgi_add_end(struct buf *out, uint16_t id, enum fastcgi_end end);

/* One FCGI_STDOUT record or, where data is larger than a record, several. */
void fastcgi_add_stdout(struct buf *out, uint16_t id, struct slice data);

/* One record of what is written straight into the buffer, or none if that is
   nothing: begin, add at most as much as there is room for, end; with what
   begin has returned. */
size_t fastcgi_begin_stdout(struct buf *out);
size_t fastcgi_stdout_room(const struct buf *out, size_t begun);
void fastcgi_end_stdout(struct buf *out, uint16_t id, size_t begun);

/* A record about the connection that says nothing. */
void fastcgi_add_nothing(struct buf *out);

/* Answers about the connection. */
void fastcgi_add_unknown_type(struct buf *out, uint8_t type);
void fastcgi_add_values(struct buf *out, struct slice names,
                        unsigned connections);

#endif /* FASTCGI_RECORD_H */
