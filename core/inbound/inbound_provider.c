/*
 * inbound_provider.c - what the bodies of the providers say.
 *
 * The texts of the table are all there is to say about most of them; where a
 * type has to be put together there is a function in inbound_provider_name.c.
 */
#include "inbound_provider.h"

static const struct inbound_provider providers[] = {
    /* https://docs.github.com/en/webhooks/webhook-events-and-payloads */
    {.name = "github",
     .type = "header:X-GitHub-Event",
     .suffix = "action",
     .by_entity = true,
     .record = "id",
     .data = "$",
     .time = "updated_at",
     .event_time = "head_commit.timestamp",
     .watched = "repository.full_name|organization.login",
     .author = "sender.login|sender.id"},
    /* https://docs.gitlab.com/user/project/integrations/webhook_events/ */
    {.name = "gitlab",
     .type = "object_kind|event_name",
     .suffix = "object_attributes.action|object_attributes.status|"
               "build_status|status|action",
     .table = "object_kind",
     .record = "object_attributes.id",
     .data = "object_attributes",
     .time = "object_attributes.updated_at|object_attributes.finished_at|"
             "object_attributes.created_at|updated_at",
     .watched = "project.path_with_namespace|path_with_namespace|"
                "group.full_path|project_id",
     .author = "user.username|user_username|user.id|user_id"},
    /* https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/ */
    {.name = "bitbucket",
     .type = "header:X-Event-Key",
     .split = ":",
     .by_entity = true,
     .record = "id",
     .data = "$",
     .time = "updated_on",
     .event_time = "date",
     .watched = "repository.full_name|repository.uuid",
     .author = "actor.account_id|actor.uuid|actor.nickname|actor.name"},
    /* https://developer.atlassian.com/cloud/jira/platform/webhooks/ */
    {.name = "jira",
     .type = "webhookEvent",
     .name_type = inbound_name_jira,
     .by_entity = true,
     .record = "id|accountId",
     .data = "$",
     .event_time = "timestamp",
     .watched = "issue.fields.project.key|issue.fields.project.id|project.key",
     .author = "user.accountId|user.name"},
    /* https://docs.stripe.com/api/events/object, and thin events:
       https://docs.stripe.com/api/v2/core/events */
    {.name = "stripe",
     .type = "type",
     .table = "data.object.object|related_object.type",
     .record = "data.object.id|related_object.id",
     .data = "data.object",
     .time = "created",
     .watched = "account|context"},
    /* https://docs.slack.dev/apis/events-api/ */
    {.name = "slack",
     .type = "type",
     .name_type = inbound_name_slack,
     .time = "event_time|event.event_ts|action_ts",
     .watched = "event.channel|event.channel.id|event.item.channel|"
                "channel.id|channel_id",
     .author = "event.user|event.user.id|event.bot_id|user.id|user_id"},
    /* https://shopify.dev/docs/api/webhooks, and the family of headers without
       "X-": https://shopify.dev/docs/apps/build/events-webhooks */
    {.name = "shopify",
     .type = "header:Shopify-Topic|header:X-Shopify-Topic",
     .suffix = "header:Shopify-Action",
     .split = "/",
     .lower = true,
     .record = "id|header:Shopify-Resource-Id|query_variables.productId",
     .data = "$",
     .time = "updated_at|header:Shopify-Triggered-At|"
             "header:X-Shopify-Triggered-At"},
    /* https://www.standardwebhooks.com: {type, timestamp, data} is its advice,
       not its rule. */
    {.name = "standard",
     .type = "type|event_type|eventType",
     .fallback = "event",
     .record = "data.id",
     .data = "data",
     .time = "timestamp|created_at",
     .any = true},
    {.name = "svix",
     .type = "type|event_type|eventType",
     .fallback = "event",
     .record = "data.id",
     .data = "data",
     .time = "timestamp|created_at"},
    {.name = "postern",
     .type = "header:X-Webhook-Event|event_type|event|type",
     .fallback = "event",
     .time = "timestamp",
     .arrays = true},
    /* https://supabase.com/docs/guides/auth/auth-hooks */
    {.name = "supabase_auth",
     .name_type = inbound_name_supabase_auth,
     .fallback = "hook",
     .time = "metadata.time"},
    /* https://linear.app/developers/webhooks */
    {.name = "linear",
     .type = "type",
     .suffix = "action",
     .lower = true,
     .record = "data.id",
     .data = "data",
     .time = "createdAt|webhookTimestamp",
     .watched = "data.team.key|data.team.id|data.teamId|organizationId",
     .author = "actor.id|data.userId"},
    /* https://www.twilio.com/docs/usage/webhooks */
    {.name = "twilio",
     .name_type = inbound_name_twilio,
     .fallback = "event",
     .lower = true,
     .record = "RecordingSid|TranscriptionSid|MessageSid|SmsSid|CallSid",
     .time = "Timestamp",
     .watched = "To|MessagingServiceSid|AccountSid",
     .author = "From",
     .arrays = true},
    /* https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
       An array of up to some thousand events of all types. */
    {.name = "sendgrid", .fallback = "events", .arrays = true},
    /* https://docs.discord.com/developers/interactions/receiving-and-responding
     */
    {.name = "discord",
     .type = "type",
     .name_type = inbound_name_discord,
     .lower = true,
     .time = "event.timestamp",
     .watched = "guild_id|event.data.guild.id|channel_id",
     .author = "member.user.id|user.id|event.data.user.id"},
    {.name = "x",
     .name_type = inbound_name_x,
     .fallback = "event",
     .watched = "for_user_id"},
};

static const struct inbound_provider anybody = {
    .name = "", .fallback = "event", .any = true, .arrays = true};

const struct inbound_provider *
inbound_provider_named(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
        if (strcmp(providers[i].name, name) == 0)
            return &providers[i];
    return &anybody;
}

bool
inbound_provider_is_any(const char *name)
{
    return inbound_provider_named(name)->any;
}
