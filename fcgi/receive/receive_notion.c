/*
 * receive_notion.c - see receive_notion.h.
 */
#include "receive_notion.h"

#include "id.h"
#include "json.h"
#include "receive.h"

static void
answer_queued(struct reply *reply, const struct source *source,
              const struct inbound *in, const struct new_event *event)
{
    char id[ID_TEXT_MAX];

    (void)source;
    (void)in;
    id_format(ID_EVENT, event->id, id);
    reply_json_text(reply, 200, SLICE("{\"status\":\"queued\",\"event_id\":"));
    json_add_string(&reply->body, slice_of(id));
    buf_add_char(&reply->body, '}');
}

static void
answer_ignored(struct reply *reply, const struct source *source,
               const char *reason)
{
    (void)source;
    reply_json_text(reply, 200, SLICE("{\"status\":\"ignored\",\"reason\":"));
    json_add_string(&reply->body, slice_of(reason));
    buf_add_char(&reply->body, '}');
}

static const struct receive_face face = {
    .bad_signature = "Invalid signature",
    .accepted = answer_queued,
    .ignored = answer_ignored,
};

static void
receive_notion(struct exchange *exchange)
{
    receive_event(exchange, SLICE("notion"), &face);
}

const struct route receive_notion_routes[] = {
    {METHOD_POST, "/webhooks/notion", ACCESS_OPEN, FAMILY_HOOK, false,
     receive_notion},
};
const size_t receive_notion_route_count =
    sizeof(receive_notion_routes) / sizeof(receive_notion_routes[0]);
