/*
 * router.c - see router.h.
 */
#include "router.h"

#include "auth.h"
#include "contact.h"
#include "idempotency.h"
#include "list_query.h"
#include "log.h"

#define LOGGER "postern.http"
#define QUICK_BODY_BYTES (256 * 1024) /* a larger one takes a while to read */
#define PATH_DEPTH_MAX 32             /* bits of a path's rank */

/* The next segment of a path, from after its '/'; false at the end. */
static bool
next_segment(struct slice *rest, struct slice *segment)
{
    const char *end;

    if (rest->len == 0)
        return false;
    rest->ptr++;
    rest->len--;
    end = rest->len == 0 ? NULL : memchr(rest->ptr, '/', rest->len);
    *segment = slice_make(rest->ptr,
                          end == NULL ? rest->len : (size_t)(end - rest->ptr));
    rest->ptr += segment->len;
    rest->len -= segment->len;
    return true;
}

/*
 * Does the path fit the pattern? *rank has a bit for each literal segment, the
 * first one highest, so that a greater rank is a more literal pattern; two
 * patterns that fit one path with the same rank are the same pattern.
 */
static bool
path_fits(const char *pattern, struct slice path,
          struct slice captured[REQUEST_SEGMENTS], uint32_t *rank)
{
    struct slice want_rest = slice_of(pattern), want, got;
    uint32_t bit = UINT32_C(1) << (PATH_DEPTH_MAX - 1);
    size_t count = 0;

    *rank = 0;
    while (next_segment(&want_rest, &want)) {
        if (!next_segment(&path, &got))
            return false;
        if (want.len > 0 && want.ptr[0] == '{') {
            if (got.len == 0 || count == REQUEST_SEGMENTS)
                return false;
            captured[count++] = got;
        } else if (slice_equal(want, got)) {
            *rank |= bit;
        } else {
            return false;
        }
        bit >>= 1;
    }
    return path.len == 0;
}

struct match {
    const struct route *route; /* of the asked method, or NULL */
    const struct route *any;   /* some route of the best path, or NULL */
    bool quick;                /* what the table of `route` says */
    uint32_t rank;
    unsigned methods; /* of the best path, a bit each */
};

static void
match_route(const struct route *route, bool quick, struct request *request,
            struct match *match)
{
    enum method wanted =
        request->method == METHOD_HEAD ? METHOD_GET : request->method;
    struct slice captured[REQUEST_SEGMENTS] = {{NULL, 0}};
    uint32_t rank;

    if (!path_fits(route->path, request->path, captured, &rank))
        return;
    if (match->any != NULL && rank < match->rank)
        return;
    if (match->any == NULL || rank > match->rank) {
        *match = (struct match){.any = route, .rank = rank};
        memcpy(request->segment, captured, sizeof(captured));
    }
    match->methods |= 1u << route->method;
    if (route->method == wanted) {
        match->route = route;
        match->quick = quick;
    }
}

static void
find_route(const struct app *app, struct request *request, struct match *match)
{
    size_t t, r;

    *match = (struct match){.route = NULL};
    for (t = 0; t < app->route_table_count; t++) {
        const struct route_table *table = &app->route_tables[t];

        for (r = 0; r < *table->count; r++)
            match_route(&table->routes[r], table->quick, request, match);
    }
}

static void
add_allow(struct reply *reply, unsigned methods)
{
    struct buf allow = BUF_INIT(64);
    unsigned i;

    methods |= 1u << METHOD_OPTIONS;
    if (methods & (1u << METHOD_GET))
        methods |= 1u << METHOD_HEAD;
    for (i = 0; i < METHOD_OTHER; i++) {
        if ((methods & (1u << i)) == 0)
            continue;
        if (allow.len > 0)
            buf_add_text(&allow, ", ");
        buf_add_text(&allow, request_method_name((enum method)i));
    }
    reply_header(reply, "Allow", allow.data);
    buf_free(&allow);
}

/* The handler, or the answer that was given to this very request before. */
static void
run_handler(struct exchange *exchange, const struct route *route)
{
    struct idempotency idempotency;
    void (*done)(void *arg) = exchange->done;

    if (!route->idempotent || !idempotency_is_asked(exchange->request)) {
        route->handle(exchange);
        return;
    }
    exchange->must_wait = !exchange->may_wait;
    if (exchange->must_wait)
        return;
    /* What is kept for a repeat is the whole answer. */
    exchange->done = NULL;
    if (idempotency_begin(exchange, &idempotency)) {
        route->handle(exchange);
        idempotency_end(exchange, &idempotency);
    }
    exchange->done = done;
}

/* Everything between the route and the handler. */
static void
run_route(struct exchange *exchange, const struct route *route)
{
    struct app *app = exchange->app;
    bool needs_contact = route->access != ACCESS_ALWAYS;

    exchange->must_wait =
        needs_contact && !exchange->may_wait && !contact_is_fresh(app);
    if (exchange->must_wait)
        return;
    /* Who may not wait does not ask again: what was fresh may be stale now. */
    if (needs_contact && exchange->may_wait &&
        contact_make(app, NULL) != CONTACT_READY) {
        reply_unavailable(exchange->reply);
        return;
    }
    exchange->catalog = catalog_take(app->catalog);
    if (!auth_check(exchange, route->access))
        return;
    /* An open route says itself what it thinks of a large body. */
    if (exchange->request->body_too_large && !exchange->caller.anonymous) {
        reply_error(exchange->reply, 413, "payload_too_large",
                    "The request body is too large");
        return;
    }
    if (route->method == METHOD_GET && !list_query_check(exchange, route->path))
        return;
    run_handler(exchange, route);
}

static void
dispatch(struct exchange *exchange)
{
    struct request *request = exchange->request;
    struct reply *reply = exchange->reply;
    struct match match;

    if (request->path.len == 0) {
        reply_error(reply, 400, "bad_request", "The request is not readable");
        return;
    }
    find_route(exchange->app, request, &match);
    if (match.any == NULL) {
        reply_error(reply, 404, "not_found", "Not Found");
        return;
    }
    reply->family = match.any->family;
    if (request->body_refused) {
        reply_overloaded(reply, "Too many large requests at the same time");
        return;
    }
    if (request->body_cut) {
        reply_error(reply, 400, "incomplete_body",
                    "The request body ended before its announced length");
        return;
    }
    if (match.route != NULL) {
        exchange->must_wait =
            !exchange->may_wait &&
            (!match.quick || request->body.len > QUICK_BODY_BYTES);
        if (!exchange->must_wait)
            run_route(exchange, match.route);
    } else if (request->method == METHOD_OPTIONS) {
        reply_empty(reply, 204);
        add_allow(reply, match.methods);
    } else {
        reply_error(reply, 405, "method_not_allowed", "Method Not Allowed");
        add_allow(reply, match.methods);
    }
}

/* One line for a request that was not done; accepted ones are too many. */
static void
log_outcome(const struct request *request, const struct reply *reply)
{
    enum log_level level = reply->status >= 500   ? LOG_ERROR
                           : reply->status >= 400 ? LOG_WARNING
                                                  : LOG_DEBUG;

    const char *reason = reply->reason != NULL ? reply->reason : reply->code;

    if (!log_enabled(level))
        return;
    log_line(
        level, LOGGER,
        LOG_FIELDS(LOG_TEXT("request_id", request->id),
                   LOG_TEXT("method", request_method_name(request->method)),
                   LOG_SLICE("path", request->path),
                   LOG_INT("status", reply->status),
                   LOG_TEXT("reason", reason == NULL ? "" : reason),
                   LOG_SLICE("remote_address", request->remote_address)),
        "%s",
        level == LOG_ERROR     ? "Request failed"
        : level == LOG_WARNING ? "Request refused"
                               : "Request answered");
}

static bool
has_header(const struct reply *reply, const char *name)
{
    return reply->headers.data != NULL &&
           strstr(reply->headers.data, name) != NULL;
}

static void
add_common_headers(const struct request *request, struct reply *reply)
{
    reply_header(reply, "X-Request-Id", request->id);
    reply_header(reply, "X-Content-Type-Options", "nosniff");
    /* What has an ETag may be kept by who asked, but is asked for again. */
    if (!has_header(reply, "Cache-Control:"))
        reply_header(reply, "Cache-Control",
                     has_header(reply, "ETag:") ? "private, no-cache"
                                                : "no-store");
}

/* A large answer that did not fit is no answer. */
static void
check_whole(struct reply *reply)
{
    if (buf_ok(&reply->body) && buf_ok(&reply->headers))
        return;
    buf_clear(&reply->headers);
    reply_error(reply, 500, "answer_too_large",
                "The answer is too large to be sent");
}

static void
release_catalog(struct exchange *exchange)
{
    if (exchange->catalog != NULL)
        catalog_release(exchange->catalog);
    exchange->catalog = NULL;
}

void
router_finish(struct exchange *exchange)
{
    struct reply *reply = exchange->reply;

    release_catalog(exchange);
    check_whole(reply);
    add_common_headers(exchange->request, reply);
    log_outcome(exchange->request, reply);
    atomic_fetch_add_explicit(&exchange->app->requests, 1,
                              memory_order_relaxed);
    if (exchange->done != NULL)
        exchange->done(exchange->done_arg);
}

/* What does not depend on the route. */
static void
prepare(const struct app *app, struct request *request, struct reply *reply)
{
    struct slice accept = request_header(request, "Accept");

    reply->request = request;
    reply->problem_json =
        accept.ptr != NULL &&
        strcasestr(accept.ptr, "application/problem+json") != NULL;
    request_trust_proxies(request, &app->trusted_proxies);
}

bool
router_start(struct app *app, struct request *request, struct reply *reply,
             bool may_wait, void (*done)(void *arg), void *arg)
{
    struct exchange exchange = {
        .app = app,
        .request = request,
        .reply = reply,
        .may_wait = may_wait,
        .done = done,
        .done_arg = arg,
    };

    prepare(app, request, reply);
    dispatch(&exchange);
    /* Request, reply and catalog may be gone: they went with the copy. */
    if (exchange.answers_later)
        return true;
    if (exchange.must_wait) {
        release_catalog(&exchange);
        reply_clear(reply);
        return false;
    }
    router_finish(&exchange);
    return true;
}

void
router_give_up(struct app *app, struct request *request, struct reply *reply,
               void (*done)(void *arg), void *arg)
{
    struct exchange exchange = {
        .app = app,
        .request = request,
        .reply = reply,
        .done = done,
        .done_arg = arg,
    };
    struct match match;

    prepare(app, request, reply);
    find_route(app, request, &match);
    if (match.any != NULL)
        reply->family = match.any->family;
    reply_overloaded(reply, "Too many requests wait at the same time");
    router_finish(&exchange);
}

void
router_handle(struct app *app, struct request *request, struct reply *reply)
{
    (void)!router_start(app, request, reply, true, NULL, NULL);
}
