/*
 * receive_test.c - see receive_test.h.
 */
#include "receive_test.h"

#include "alloc.h"
#include "json.h"
#include "receive.h"
#include "receive_answer.h"
#include "receiving.h"

#include <stdlib.h>

/* The body's "source", for a body that has one. NULL: it names none. The
   caller frees it. */
static char *
named_by_body(struct slice body)
{
    struct buf text = BUF_INIT(body.len);
    struct json_value value, source;

    if (!json_read(body, &value, NULL) || value.type != JSON_OBJECT ||
        !json_find(value.text, "source", &source) || source.type != JSON_STRING)
        return NULL;
    json_decode_string(source.text, &text);
    return text.data == NULL ? xstrdup("") : buf_take(&text);
}

/* ?source=, for bodies that do not name theirs; else what the body says, and
   one that says nothing is read as Supabase's own. The caller frees it. */
static char *
named_source(const struct request *request)
{
    struct slice asked = request_query(request, "source");
    char *name;

    if (asked.ptr != NULL)
        return slice_text(asked);
    name = named_by_body(buf_slice(&request->body));
    return name != NULL ? name : xstrdup("supabase");
}

static void
answer(struct exchange *exchange, const struct source *source, bool is_known)
{
    struct watch_book *book = exchange->app->receiving->book;
    struct problems problems;
    struct inbound in;
    char received[65];

    switch (receive_read(exchange, source, NULL, &in, &problems, received)) {
    case INBOUND_OK:
        receive_answer_valid(exchange->reply, source, &in,
                             is_known &&
                                 watch_book_ignored(book, source, &in) == NULL);
        break;
    case INBOUND_INVALID:
        reply_problems(exchange->reply, &problems);
        break;
    case INBOUND_WRONG_SOURCE:
        receive_answer_wrong_source(exchange->reply, source, received);
        break;
    case INBOUND_WRONG_TYPE:
        receive_answer_wrong_type(exchange->reply,
                                  provider_named(source->provider));
        break;
    }
    inbound_free(&in);
}

static void
test_body(struct exchange *exchange)
{
    const struct request *request = exchange->request;
    size_t max = (size_t)exchange->app->settings->max_body;
    const struct source *known;
    char *name;

    if (request->body_too_large || request->body.len > max) {
        reply_error(exchange->reply, 413, "payload_too_large",
                    "The request body is larger than %zu bytes", max);
        return;
    }
    name = named_source(request);
    known = catalog_source_named(exchange->catalog, slice_of(name));
    if (known != NULL) {
        answer(exchange, known, true);
    } else {
        /* A source that is not there is asked for the documented body. */
        struct source unknown = {.name = name, .provider = name};

        source_options_init(&unknown.options, name);
        answer(exchange, &unknown, false);
        source_options_free(&unknown.options);
    }
    free(name);
}

const struct route receive_test_routes[] = {
    {METHOD_POST, "/api/v1/webhooks/test", ACCESS_PUBLIC_STATS, FAMILY_RECEIVE,
     false, test_body},
};
const size_t receive_test_route_count =
    sizeof(receive_test_routes) / sizeof(receive_test_routes[0]);
