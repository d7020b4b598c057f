/*
 * http_answer.h - an HTTP/1.1 answer out of the bytes of a connection that
 * serves one request (RFC 9112).
 *
 * Pure. Interim answers (1xx) are skipped; a body ends by its length, by its
 * last chunk, or with the connection. Both lengths at once, several lengths
 * and anything else that two readers might read differently is refused.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define HTTP_HEAD_MAX 65536
#define HTTP_BODY_MAX (1024 * 1024)

struct http_answer {
    unsigned status; /* 200..599 */
    struct buf body; /* the caller's: buf_free() it */
};

enum http_parse {
    HTTP_WHOLE,
    HTTP_MORE, /* nothing is wrong yet */
    HTTP_BROKEN
};

/*
 * bytes   everything that came so far
 * ended   the peer has closed: no more will come
 * HTTP_WHOLE: *answer is written, its body initialised. HTTP_BROKEN: *why is a
 * static text. Otherwise both are untouched.
 */
enum http_parse http_answer_parse(struct slice bytes, bool ended,
                                  struct http_answer *answer, const char **why)
    __attribute__((warn_unused_result));

#endif /* HTTP_ANSWER_H */
