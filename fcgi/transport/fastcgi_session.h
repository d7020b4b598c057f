/*
 * fastcgi_session.h - one connection from a web server: which request it is
 * at, and what it is owed.
 *
 * Requests come one after the other. A second one that begins before the first
 * has ended is refused (FCGI_CANT_MPX_CONN), or with the id of the first ends
 * the connection; records of requests that are not there are ignored, and
 * questions about the connection are answered. No sockets: bytes in, bytes to
 * send in session->out.
 */
#ifndef FASTCGI_SESSION_H
#define FASTCGI_SESSION_H

#include "body_budget.h"
#include "fastcgi_params.h"
#include "fastcgi_record.h"
#include "reply.h"
#include "request.h"

#include <stdbool.h>
#include <stdint.h>

enum fastcgi_stage {
    FASTCGI_IDLE,  /* between two requests */
    FASTCGI_NAMES, /* PARAMS are coming */
    FASTCGI_BODY,  /* STDIN is coming */
    FASTCGI_WHOLE  /* the request is there; it is to be answered */
};

struct fastcgi_session {
    struct fastcgi_reader reader;
    enum fastcgi_stage stage;
    uint16_t id; /* of the request; not when idle */
    bool keep;   /* the connection stays after its answer */
    bool ending; /* a request was refused that the connection was for */
    struct fastcgi_params params;
    size_t drained;             /* bytes of a body that were not kept */
    size_t held;                /* bytes of the budget that the body has */
    struct body_budget *bodies; /* whose they are */
    struct buf left;            /* what came behind a whole request */
    struct buf out;             /* to be sent; the session only adds */
};

struct fastcgi_rules {
    const char *base_path;      /* request_read_params() */
    unsigned connections;       /* FCGI_MAX_CONNS */
    struct body_budget *bodies; /* or NULL: any number of large ones */
};

enum fastcgi_news {
    FASTCGI_WAIT,    /* more has to come */
    FASTCGI_REQUEST, /* *request is complete: answer it */
    FASTCGI_CLOSE    /* send what is in out and close */
};

void fastcgi_session_init(struct fastcgi_session *session);
void fastcgi_session_free(struct fastcgi_session *session);
void fastcgi_session_clear(struct fastcgi_session *session); /* another peer */

/*
 * Takes what the peer has sent. *request is filled as it comes; once it is
 * whole, its params point into the session, and input behind it is kept in
 * session->left for the time after the answer. Not while stage is WHOLE.
 */
enum fastcgi_news fastcgi_session_take(struct fastcgi_session *session,
                                       const struct fastcgi_rules *rules,
                                       struct slice input,
                                       struct request *request)
    __attribute__((warn_unused_result));

/* The same for what was left behind a request that is answered now. */
enum fastcgi_news fastcgi_session_resume(struct fastcgi_session *session,
                                         const struct fastcgi_rules *rules,
                                         struct request *request)
    __attribute__((warn_unused_result));

/*
 * Adds the answer to out. The request's params have gone then, and the next one
 * follows with fastcgi_session_resume().
 *
 * last: the connection will be closed although the web server wants to keep
 * it. It is told so by one more record, an empty one that means nothing: nginx
 * keeps a connection only if nothing comes behind the end of the request.
 * Without that it might send the next request into the closing connection, and
 * a POST is never sent twice.
 */
void fastcgi_session_answer(struct fastcgi_session *session, enum method method,
                            const struct reply *reply, bool last);

/* All of out has been sent: it is wiped, as an answer may have shown a secret
   for the only time. */
void fastcgi_session_sent(struct fastcgi_session *session);

#endif /* FASTCGI_SESSION_H */
