/*
 * receive_test.c - see receive_test.h.
 */
#include "receive_test.h"

#include "alloc.h"
#include "inbound.h"
#include "json.h"
#include "receive.h"
#include "receive_answer.h"

#include <stdlib.h>

/* The body's "source"; a body without one is read as Supabase's own. The
   caller frees it. */
static char *
named_source(struct slice body)
{
    struct buf text = BUF_INIT(body.len);
    struct json_value value, source;

    if (json_read(body, &value, NULL) && value.type == JSON_OBJECT &&
        json_find(value.text, "source", &source) &&
        source.type == JSON_STRING) {
        json_decode_string(source.text, &text);
        if (text.data == NULL)
            return xstrdup("");
        return buf_take(&text);
    }
    return xstrdup("supabase");
}

static void
answer(struct exchange *exchange, const struct source *source, bool is_known)
{
    const struct request *request = exchange->request;
    struct problems problems;
    struct inbound in;
    char received[65];

    problems.count = 0;
    switch (inbound_read(source, buf_slice(&request->body),
                         request->arrived_wall_us, &in, &problems, received)) {
    case INBOUND_OK:
        receive_answer_valid(exchange->reply, source, &in, is_known);
        break;
    case INBOUND_INVALID:
        reply_problems(exchange->reply, &problems);
        break;
    case INBOUND_WRONG_SOURCE:
        receive_answer_wrong_source(exchange->reply, source, received);
        break;
    }
}

static void
test_body(struct exchange *exchange)
{
    const struct source *known;
    struct source unknown;
    char *name;

    if (!receive_check_body(exchange))
        return;
    name = named_source(buf_slice(&exchange->request->body));
    known = catalog_source_named(exchange->catalog, slice_of(name));
    /* A source that is not there is asked for the documented body. */
    unknown = (struct source){.name = name, .provider = name};
    answer(exchange, known != NULL ? known : &unknown, known != NULL);
    free(name);
}

const struct route receive_test_routes[] = {
    {METHOD_POST, "/api/v1/webhooks/test", ACCESS_PUBLIC_STATS, FAMILY_RECEIVE,
     false, test_body},
};
const size_t receive_test_route_count =
    sizeof(receive_test_routes) / sizeof(receive_test_routes[0]);
