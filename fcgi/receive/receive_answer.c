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
    add_text_member(out, ",\"record_id\":",
                    in->record_sent[0] != '\0' ? in->record_sent
                                               : in->record_id);
    add_text_member(out, is_notion ? ",\"database_id\":" : ",\"table_name\":",
                    in->table_sent[0] != '\0' ? in->table_sent : in->table);
    add_time_member(out, ",\"timestamp\":", in->version_us);
}

static struct buf *
begin_body(struct reply *reply, int status)
{
    reply_json_text(reply, status, SLICE(""));
    return &reply->body;
}

static void
answer_new(struct reply *reply, int status, const struct source *source,
           const struct inbound *in)
{
    struct buf *out = begin_body(reply, status);

    buf_add_text(out, "{\"status\":\"accepted\",\"message\":\"Webhook payload "
                      "received and queued for processing\",\"details\":");
    begin_details(out, source, in);
    buf_add_text(out, "}}");
}

static void
answer_duplicate(struct reply *reply, const struct source *source,
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

/* The answer that does not depend on the event, if there is one. */
static bool
answer_fixed(struct reply *reply, const struct source *source,
             const struct provider *provider)
{
    const struct source_options *options = &source->options;
    int status = options->answer_status != 0 ? (int)options->answer_status
                                             : provider->status;
    const char *body =
        options->answer_body != NULL ? options->answer_body : provider->answer;

    if (status == 204)
        receive_answer_empty(reply);
    else if (body != NULL)
        reply_json_text(reply, status, slice_of(body));
    return status == 204 || body != NULL;
}

void
receive_answer_accepted(struct reply *reply, const struct source *source,
                        const struct inbound *in, const struct new_event *event)
{
    const struct provider *provider = provider_named(source->provider);
    int status = source->options.answer_status != 0
                     ? (int)source->options.answer_status
                     : provider->status;

    if (answer_fixed(reply, source, provider))
        return;
    if (event->duplicate)
        answer_duplicate(reply, source, in, event->id);
    else
        answer_new(reply, status, source, in);
}

void
receive_answer_ignored(struct reply *reply, const struct source *source,
                       const char *reason)
{
    struct buf *out;

    if (answer_fixed(reply, source, provider_named(source->provider)))
        return;
    out = begin_body(reply, 200);
    add_text_member(out, "{\"status\":\"ignored\",\"reason\":", reason);
    buf_add_char(out, '}');
}

const struct receive_face receive_documented = {
    .bad_signature = "Webhook signature verification failed",
    .accepted = receive_answer_accepted,
    .ignored = receive_answer_ignored,
};

void
receive_answer_captured(struct reply *reply)
{
    reply_json_text(reply, 200,
                    SLICE("{\"status\":\"captured\",\"message\":\"The "
                          "verification token is kept until it is "
                          "confirmed\"}"));
}

void
receive_answer_empty(struct reply *reply)
{
    reply_empty(reply, 204);
    reply_header(reply, "Content-Type", "application/json");
}

void
receive_answer_text(struct reply *reply, struct slice text)
{
    reply_json_text(reply, 200, text);
    reply->content_type = "text/plain";
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

void
receive_answer_wrong_type(struct reply *reply, const struct provider *provider)
{
    reply_error(reply, 415, "unsupported_media_type",
                "The request body must be application/json%s",
                provider->forms ? " or application/x-www-form-urlencoded" : "");
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
