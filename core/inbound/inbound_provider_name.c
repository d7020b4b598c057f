/*
 * inbound_provider_name.c - the types of those providers that do not say them
 * in one place.
 */
#include "inbound_provider.h"

#include "inbound_key.h"

/* PREFIX and the text at a path; false: there is none. */
static bool
add(const char *prefix, const char *path, const struct json_value *payload,
    struct buf *scratch, struct buf *type)
{
    const struct inbound_place place = {.json = *payload};
    struct slice text = inbound_path_text(path, &place, scratch);

    if (text.ptr == NULL)
        return false;
    buf_add_text(type, prefix);
    buf_add_slice(type, text);
    return true;
}

/* The first of several members that is there decides. */
struct member_name {
    const char *path;
    const char *prefix; /* in front of its text, or the whole */
    bool whole;
};

static bool
add_first(const struct member_name *names, size_t count,
          const struct json_value *payload, struct buf *scratch,
          struct buf *type)
{
    struct json_value value;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!names[i].whole) {
            if (add(names[i].prefix, names[i].path, payload, scratch, type))
                return true;
        } else if (inbound_path_value(names[i].path, payload, &value)) {
            buf_add_text(type, names[i].prefix);
            return true;
        }
    }
    return false;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Events, slash commands, and what people do with buttons and dialogues:
   https://docs.slack.dev/interactivity/ */
bool
inbound_name_slack(const struct json_value *payload, struct buf *scratch,
                   struct buf *type)
{
    const struct inbound_place place = {.json = *payload};
    struct slice text = inbound_path_text("type", &place, scratch);
    struct json_value value;
    struct slice command;

    if (slice_is(text, "event_callback"))
        return add("event.", "event.type", payload, scratch, type);
    if (text.ptr != NULL) {
        bool wrapped =
            inbound_path_value("token|trigger_id", payload, &value) &&
            inbound_path_value("user|team", payload, &value);

        buf_add_text(type, wrapped ? "interaction." : "");
        buf_add_slice(type, text);
        return true;
    }
    command = inbound_path_text("command", &place, scratch);
    if (command.ptr == NULL)
        return false;
    if (command.ptr[0] == '/' && command.len > 1)
        command = slice_make(command.ptr + 1, command.len - 1);
    buf_add_text(type, "command.");
    buf_add_slice(type, command);
    return true;
}

/* "jira:issue_updated" is issue.updated, "comment_created" comment.created. */
bool
inbound_name_jira(const struct json_value *payload, struct buf *scratch,
                  struct buf *type)
{
    const struct inbound_place place = {.json = *payload};
    struct slice text = inbound_path_text("webhookEvent", &place, scratch);
    const char *last;
    size_t len;

    if (text.ptr == NULL)
        return false;
    if (text.len > 5 && memcmp(text.ptr, "jira:", 5) == 0)
        text = slice_make(text.ptr + 5, text.len - 5);
    last = memrchr(text.ptr, '_', text.len);
    if (last == NULL) {
        buf_add_slice(type, text);
        return true;
    }
    len = (size_t)(last - text.ptr);
    buf_add(type, text.ptr, len);
    buf_add_char(type, '.');
    buf_add(type, last + 1, text.len - len - 1);
    return true;
}

/* https://www.twilio.com/docs/usage/webhooks: a form says in the name of its
   status what it is about. */
bool
inbound_name_twilio(const struct json_value *payload, struct buf *scratch,
                    struct buf *type)
{
    static const struct member_name names[] = {
        {"RecordingStatus", "recording.", false},
        {"TranscriptionStatus", "transcription.", false},
        {"MessageStatus", "message.", false},
        {"SmsStatus", "message.", false},
        {"StatusCallbackEvent", "", false},
        {"CallStatus", "call.", false},
        {"MessageSid|SmsSid", "message.received", true},
        {"type", "", false},
    };

    return add_first(names, COUNT(names), payload, scratch, type);
}

static const char *const interactions[] = {
    [1] = "ping",
    [2] = "application_command",
    [3] = "message_component",
    [4] = "application_command_autocomplete",
    [5] = "modal_submit",
};

/* Interactions, and webhook events:
   https://docs.discord.com/developers/events/webhook-events */
bool
inbound_name_discord(const struct json_value *payload, struct buf *scratch,
                     struct buf *type)
{
    struct json_value value;
    int64_t number;

    if (add("event.", "event.type", payload, scratch, type))
        return true;
    if (!inbound_path_value("type", payload, &value) ||
        value.type != JSON_NUMBER ||
        !json_integer(value.text, 0, 1000, &number))
        return false;
    if (inbound_path_value("version", payload, &value) &&
        inbound_path_value("event|application_id", payload, &value) &&
        number == 0) {
        buf_add_text(type, "event.ping");
        return true;
    }
    buf_add_text(type, "interaction.");
    if (number > 0 && (size_t)number < COUNT(interactions))
        buf_add_text(type, interactions[number]);
    else
        buf_add_i64(type, number);
    return true;
}

/* https://supabase.com/docs/guides/auth/auth-hooks: what a hook is for shows in
   what it brings. "before-user-created" names itself. */
bool
inbound_name_supabase_auth(const struct json_value *payload,
                           struct buf *scratch, struct buf *type)
{
    static const struct member_name names[] = {
        {"metadata.name", "", false},
        {"sms", "send_sms", true},
        {"email_data", "send_email", true},
        {"claims", "custom_access_token", true},
        {"factor_id", "mfa_verification_attempt", true},
        {"valid", "password_verification_attempt", true},
        {"user", "before_user_created", true},
    };
    size_t i;

    if (!add_first(names, COUNT(names), payload, scratch, type))
        return false;
    for (i = 0; i < type->len; i++)
        if (type->data[i] == '-')
            type->data[i] = '_';
    return true;
}

static bool
ends_with(struct slice text, const char *end)
{
    size_t len = strlen(end);

    return text.len > len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* The account activity API names a body by the one member that has events in
   it: {"for_user_id": ..., "tweet_create_events": [...]}. */
bool
inbound_name_x(const struct json_value *payload, struct buf *scratch,
               struct buf *type)
{
    struct json_member member;
    size_t at = 0;

    while (payload->type == JSON_OBJECT &&
           json_next(payload->text, &at, &member)) {
        struct slice name = inbound_name(&member, scratch);

        if (ends_with(name, "_events") || ends_with(name, "_event")) {
            buf_add_slice(type, name);
            return true;
        }
    }
    return add("", "data.event_type", payload, scratch, type);
}
