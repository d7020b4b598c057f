/*
 * fastcgi_session.c - one connection from a web server; see
 * fastcgi_session.h.
 */
#include "fastcgi_session.h"

#include "number.h"
#include "transport_kind.h"

#include <assert.h>

#define OUT_MAX_BYTES (SIZE_MAX / 2)
#define OWED_MAX_BYTES 65536 /* to a peer that asks and does not read */
#define LEFT_MAX_BYTES ((size_t)1 << 20)
#define DRAIN_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define KEPT_OUT_BYTES 16384 /* memory kept for the next answer */

void
fastcgi_session_init(struct fastcgi_session *session)
{
    *session = (struct fastcgi_session){.reader = FASTCGI_READER_INIT};
    fastcgi_params_init(&session->params);
    buf_init(&session->left, LEFT_MAX_BYTES);
    buf_init(&session->out, OUT_MAX_BYTES);
}

/* The body goes, or has gone. */
static void
give_back(struct fastcgi_session *session)
{
    if (session->held > 0)
        body_budget_give(session->bodies, session->held);
    session->held = 0;
}

void
fastcgi_session_free(struct fastcgi_session *session)
{
    give_back(session);
    fastcgi_params_free(&session->params);
    buf_free(&session->left);
    buf_wipe(&session->out);
}

void
fastcgi_session_sent(struct fastcgi_session *session)
{
    struct buf *out = &session->out;

    if (out->cap > KEPT_OUT_BYTES)
        buf_wipe(out);
    else if (out->len > 0)
        explicit_bzero(out->data, out->len);
    buf_clear(out);
}

void
fastcgi_session_clear(struct fastcgi_session *session)
{
    give_back(session);
    session->reader = FASTCGI_READER_INIT;
    session->stage = FASTCGI_IDLE;
    session->ending = false;
    session->keep = false;
    fastcgi_params_clear(&session->params);
    buf_free(&session->left);
    fastcgi_session_sent(session);
}

static void
refuse(struct fastcgi_session *session, const struct fastcgi_event *event,
       enum fastcgi_end end)
{
    fastcgi_add_end(&session->out, event->id, end);
    /* Nothing else is under way: the connection was for this one. */
    if (session->stage == FASTCGI_IDLE && !event->keep)
        session->ending = true;
}

/* False: it makes no sense. */
static bool
begin(struct fastcgi_session *session, const struct fastcgi_event *event)
{
    if (session->stage != FASTCGI_IDLE && event->id == session->id) {
        return false; /* nobody could tell the records of the two apart */
    } else if (session->stage != FASTCGI_IDLE) {
        refuse(session, event, FASTCGI_CANT_MPX_CONN);
    } else if (event->role != FASTCGI_RESPONDER) {
        refuse(session, event, FASTCGI_UNKNOWN_ROLE);
    } else {
        session->stage = FASTCGI_NAMES;
        session->id = event->id;
        session->keep = event->keep;
        session->drained = 0;
    }
    return true;
}

/* The web server has given the request up before it was whole. */
static void
abandon(struct fastcgi_session *session, struct request *request)
{
    fastcgi_add_end(&session->out, session->id, FASTCGI_COMPLETE);
    session->stage = FASTCGI_IDLE;
    session->ending = !session->keep;
    request_clear(request);
    give_back(session);
    fastcgi_params_clear(&session->params);
}

static void
take_names(struct fastcgi_session *session, const struct fastcgi_rules *rules,
           struct slice piece, struct request *request)
{
    bool readable;

    if (piece.len > 0) {
        fastcgi_params_add(&session->params, piece);
        return;
    }
    readable = fastcgi_params_end(&session->params);
    if (!request_read_params(request, rules->base_path, session->params.list) ||
        !readable)
        request->path = SLICE(""); /* the router will say so */
    session->stage = FASTCGI_BODY;
}

/* Memory for so many bytes more of the body, in doubling steps as it grows.
   False: there is none left. */
static bool
make_room(struct fastcgi_session *session, const struct fastcgi_rules *rules,
          struct buf *body, size_t more)
{
    size_t need = body->len + more + 1, cap = REQUEST_KEPT_BYTES;

    if (rules->bodies == NULL || need <= body->cap || need <= cap)
        return true;
    while (cap < need)
        cap *= 2;
    if (cap > body->max + 1)
        cap = body->max + 1;
    if (!body_budget_take(rules->bodies, cap - session->held))
        return false;
    session->held = cap;
    session->bodies = rules->bodies;
    return buf_reserve(body, cap - 1 - body->len) != NULL;
}

/* What has come is of no use without the rest, and others need the memory. */
static void
drop_body(struct fastcgi_session *session, struct request *request)
{
    buf_free(&request->body);
    give_back(session);
}

static void
refuse_body(struct fastcgi_session *session, struct request *request)
{
    session->drained += request->body.len;
    request->body_refused = true;
    drop_body(session, request);
}

static void
take_body(struct fastcgi_session *session, const struct fastcgi_rules *rules,
          struct slice piece, struct request *request)
{
    struct buf *body = &request->body;
    size_t room = body->max - body->len;

    if (piece.len == 0) {
        request->body_cut = !request->body_too_large &&
                            !request->body_refused &&
                            transport_body_is_cut(request);
        session->stage = FASTCGI_WHOLE;
        return;
    }
    if (piece.len > room) {
        request->body_too_large = true;
        drop_body(session, request);
    }
    if (!request->body_too_large && !request->body_refused &&
        !make_room(session, rules, body, piece.len))
        refuse_body(session, request);
    if (request->body_too_large || request->body_refused)
        session->drained += piece.len;
    else
        buf_add_slice(body, piece);
}

/* A record of the request that is under way. False: it makes no sense. */
static bool
take_record(struct fastcgi_session *session, const struct fastcgi_rules *rules,
            const struct fastcgi_event *event, struct request *request)
{
    if (session->stage == FASTCGI_IDLE || event->id != session->id)
        return true; /* of one that was refused, given up or answered */
    switch (event->kind) {
    case FASTCGI_ABORT:
        abandon(session, request);
        return true;
    case FASTCGI_PARAMS:
        if (session->stage != FASTCGI_NAMES)
            return false;
        take_names(session, rules, event->data, request);
        return true;
    case FASTCGI_STDIN:
        if (session->stage != FASTCGI_BODY)
            return false;
        take_body(session, rules, event->data, request);
        return session->drained <= DRAIN_MAX_BYTES;
    default:
        return true;
    }
}

static bool
take_event(struct fastcgi_session *session, const struct fastcgi_rules *rules,
           const struct fastcgi_event *event, struct request *request)
{
    switch (event->kind) {
    case FASTCGI_BROKEN:
        return false;
    case FASTCGI_BEGIN:
        if (!begin(session, event))
            return false;
        break;
    case FASTCGI_GET_VALUES:
        fastcgi_add_values(&session->out, event->data, rules->connections);
        break;
    case FASTCGI_UNKNOWN:
        if (event->id == 0)
            fastcgi_add_unknown_type(&session->out, event->type);
        break;
    default:
        return take_record(session, rules, event, request);
    }
    return session->out.len <= OWED_MAX_BYTES;
}

enum fastcgi_news
fastcgi_session_take(struct fastcgi_session *session,
                     const struct fastcgi_rules *rules, struct slice input,
                     struct request *request)
{
    struct fastcgi_event event;

    assert(session->stage != FASTCGI_WHOLE);
    for (;;) {
        fastcgi_read(&session->reader, &input, &event);
        if (event.kind == FASTCGI_MORE)
            return FASTCGI_WAIT;
        if (!take_event(session, rules, &event, request) || session->ending)
            return FASTCGI_CLOSE;
        if (session->stage == FASTCGI_WHOLE)
            break;
    }
    buf_add_slice(&session->left, input);
    return buf_ok(&session->left) ? FASTCGI_REQUEST : FASTCGI_CLOSE;
}

enum fastcgi_news
fastcgi_session_resume(struct fastcgi_session *session,
                       const struct fastcgi_rules *rules,
                       struct request *request)
{
    struct buf left = session->left;
    enum fastcgi_news news;

    buf_init(&session->left, LEFT_MAX_BYTES);
    news = fastcgi_session_take(session, rules, buf_slice(&left), request);
    buf_free(&left);
    return news;
}

void
fastcgi_session_answer(struct fastcgi_session *session, enum method method,
                       const struct reply *reply, bool last)
{
    struct buf *out = &session->out;
    size_t begun = fastcgi_begin_stdout(out);
    struct slice body = reply_print_head(reply, method, out);

    /* One record for a small answer; a large body is copied once, into records
       of its own. */
    if (body.len <= fastcgi_stdout_room(out, begun)) {
        buf_add_slice(out, body);
        body.len = 0;
    }
    fastcgi_end_stdout(out, session->id, begun);
    fastcgi_add_stdout(out, session->id, body);
    fastcgi_add_end(out, session->id, FASTCGI_COMPLETE);
    if (last && session->keep)
        fastcgi_add_nothing(out);
    session->stage = FASTCGI_IDLE;
    give_back(session);
    fastcgi_params_clear(&session->params);
}
