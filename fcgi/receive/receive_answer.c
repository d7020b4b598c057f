/*
 * receive_answer.c - see receive_answer.h.
 */
#include "receive_answer.h"

#include "clock.h"
#include "id.h"
#include "json.h"

static void
add_text_member(struct buf *out, const char *name, const char *value)
{
    buf_add_text(out, name);
    json_add_string(out, slice_of(value));
}

static void
add_time_member(struct buf *out, const char *name, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_rfc3339(wall_us, text);
    add_text_member(out, name, text);
}

/* {"event_type":...,"timestamp":... with the brace left open. */
static void
begin_details(struct buf *out, const struct source *source,
              const struct inbound *in)
{
    bool is_notion = strcmp(source->provider, "notion") == 0;

    add_text_member(out, "{\"event_type\":", inbound_action_name(in->action));
    add_text_member(out, ",\"source\":", source->name);
    add_text_member(out, ",\"record_id\":", in->record_id);
    add_text_member(
        out, is_notion ? ",\"database_id\":" : ",\"table_name\":", in->table);
    add_time_member(out, ",\"timestamp\":", in->version_us);
}

static struct buf *
begin_body(struct reply *reply, int status)
{
    reply_json_text(reply, status, SLICE(""));
    return &reply->body;
}

void
receive_answer_accepted(struct reply *reply, const struct source *source,
                        const struct inbound *in)
{
    struct buf *out = begin_body(reply, 202);

    buf_add_text(out, "{\"status\":\"accepted\",\"message\":\"Webhook payload "
                      "received and queued for processing\",\"details\":");
    begin_details(out, source, in);
    buf_add_text(out, "}}");
}

void
receive_answer_duplicate(struct reply *reply, const struct source *source,
                         const struct inbound *in, uint64_t event_id)
{
    struct buf *out = begin_body(reply, 200);
    char text[ID_TEXT_MAX];

    id_format(ID_EVENT, event_id, text);
    buf_add_text(out, "{\"status\":\"duplicate\",\"message\":\"Webhook payload "
                      "was already received\",\"details\":");
    begin_details(out, source, in);
    add_text_member(out, ",\"event_id\":", text);
    buf_add_text(out, "}}");
}

/* How a provider writes its own name. */
static const char *
provider_title(const char *provider)
{
    static const char *const titles[][2] = {
        {"supabase", "Supabase"},
        {"notion", "Notion"},
    };
    size_t i;

    for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (strcmp(provider, titles[i][0]) == 0)
            return titles[i][1];
    }
    return provider;
}

void
receive_answer_wrong_source(struct reply *reply, const struct source *source,
                            const char *received)
{
    struct buf members = BUF_INIT(4096);

    add_text_member(&members, ",\"expected\":", source->name);
    add_text_member(&members, ",\"received\":", received);
    reply_error_members(reply, 400, "invalid_source", buf_slice(&members),
                        "Invalid source type for %s webhook",
                        provider_title(source->provider));
    buf_free(&members);
}

static void
add_json_member(struct buf *out, const char *name, struct slice json,
                const char *absent)
{
    buf_add_text(out, name);
    if (json.ptr == NULL)
        buf_add_text(out, absent);
    else
        json_minify(json, out);
}

void
receive_answer_valid(struct reply *reply, const struct source *source,
                     const struct inbound *in, bool would_be_processed)
{
    struct buf *out = begin_body(reply, 200);

    buf_add_text(out, "{\"status\":\"valid\",\"message\":\"Webhook payload is "
                      "valid\",\"parsed_payload\":");
    add_text_member(out, "{\"event_type\":", inbound_action_name(in->action));
    add_text_member(out, ",\"source\":", source->name);
    add_text_member(out, ",\"table_name\":", in->table);
    add_text_member(out, ",\"record_id\":", in->record_id);
    add_json_member(out, ",\"data\":", in->data, "null");
    add_time_member(out, ",\"timestamp\":", in->version_us);
    add_json_member(out, ",\"metadata\":", in->metadata, "{}");
    buf_add_text(out, "},\"would_be_processed\":");
    buf_add_text(out, would_be_processed ? "true}" : "false}");
}
