/*
 * provider.c - who sends webhooks, and what is usual for each of them.
 *
 * Where a provider says what it takes for success, `status` is that: Slack,
 * Shopify, Linear and X want 200; Twilio and Discord's events want no body.
 */
#include "provider.h"

#include <stddef.h>
#include <string.h>

static const struct provider providers[] = {
    /* What our trigger sends has an id. Of anything else two equal bodies may
       be two changes (A, B, A, B). */
    {.name = "supabase",
     .title = "Supabase database webhooks",
     .dedupe = "json:metadata.event_id",
     .status = 202,
     .forms = false,
     .mirror = true,
     .fetch = true,
     .version_field = "updated_at",
     .secret_is_ours = true},
    /* last_edited_time is rounded to the minute and thus no version. The limit
       is three requests per second on average. */
    {.name = "notion",
     .title = "Notion",
     .dedupe = "json:id",
     .status = 202,
     .handshake = HANDSHAKE_NOTION,
     .mirror = true,
     .debounce_ms = 5000,
     .debounce_max_ms = 60000,
     .fetch = true,
     .api_url = "https://api.notion.com",
     .api_rate = 3},
    {.name = "postern",
     .title = "another Postern",
     .dedupe = "header:webhook-id",
     .status = 202},
    /* These hooks wait for the answer, which is a decision. webhook-id is new
       for every attempt, so only what somebody else repeats is told. */
    {.name = "supabase_auth",
     .title = "Supabase Auth hooks",
     .dedupe = "signature",
     .status = 200,
     .answer = "{}"},
    {.name = "standard",
     .title = "Standard Webhooks",
     .dedupe = "header:webhook-id|header:svix-id",
     .status = 202,
     .secret_is_ours = true},
    {.name = "svix",
     .title = "Svix",
     .dedupe = "header:svix-id|header:webhook-id",
     .status = 202},
    {.name = "github",
     .title = "GitHub",
     .dedupe = "header:X-GitHub-Delivery",
     .status = 202,
     .forms = true,
     .secret_is_ours = true},
    /* Both are the same id; webhook-id is among what newer ones sign. */
    {.name = "gitlab",
     .title = "GitLab",
     .dedupe = "header:webhook-id|header:Idempotency-Key",
     .status = 202,
     .secret_is_ours = true},
    {.name = "bitbucket",
     .title = "Bitbucket Cloud",
     .dedupe = "header:X-Request-UUID",
     .status = 202,
     .secret_is_ours = true},
    {.name = "jira",
     .title = "Jira",
     .dedupe = "header:X-Atlassian-Webhook-Identifier",
     .status = 202,
     .secret_is_ours = true},
    {.name = "stripe", .title = "Stripe", .dedupe = "json:id", .status = 202},
    {.name = "slack",
     .title = "Slack",
     .dedupe = "json:event_id|json:trigger_id|signature",
     .status = 200,
     .answer = "", /* a dialogue stays open upon anything else */
     .handshake = HANDSHAKE_SLACK,
     .forms = true},
    {.name = "shopify",
     .title = "Shopify",
     .dedupe = "header:X-Shopify-Webhook-Id|header:Shopify-Webhook-Id",
     .status = 200},
    {.name = "linear",
     .title = "Linear",
     .dedupe = "header:Linear-Delivery",
     .status = 200},
    {.name = "twilio",
     .title = "Twilio",
     .dedupe = "header:I-Twilio-Idempotency-Token",
     .status = 204,
     .forms = true},
    /* An array of events; each has an id, so equal bodies are a repeat. */
    {.name = "sendgrid",
     .title = "SendGrid event webhooks",
     .dedupe = "body_sha256",
     .status = 202},
    /* Webhook events have no id, interactions have one. */
    {.name = "discord",
     .title = "Discord",
     .dedupe = "json:id|signature",
     .status = 204,
     .handshake = HANDSHAKE_DISCORD},
    /* Whatever happened has an id or a time in milliseconds. */
    {.name = "x",
     .title = "X (Twitter)",
     .dedupe = "body_sha256",
     .status = 200,
     .handshake = HANDSHAKE_X},
    /* Without a signed time equal bodies may be meant: a heartbeat. */
    {.name = "hmac",
     .title = "anybody who signs with HMAC",
     .dedupe = "signature",
     .status = 202,
     .forms = true,
     .mirror = true,
     .secret_is_ours = true},
    {.name = "token",
     .title = "anybody who sends a fixed token",
     .dedupe = "signature", /* of a verifier that signs, beside the token */
     .status = 202,
     .forms = true,
     .mirror = true,
     .secret_is_ours = true},
    {.name = "basic",
     .title = "anybody who sends a user name and a password",
     .dedupe = "signature",
     .status = 202,
     .forms = true,
     .mirror = true},
};
#define PROVIDERS (sizeof(providers) / sizeof(providers[0]))

static const struct provider *
find(const char *name)
{
    size_t i;

    for (i = 0; name != NULL && i < PROVIDERS; i++)
        if (strcmp(providers[i].name, name) == 0)
            return &providers[i];
    return NULL;
}

const struct provider *
provider_named(const char *name)
{
    const struct provider *provider = find(name);

    return provider == NULL ? find("hmac") : provider;
}

bool
provider_known(const char *name)
{
    return find(name) != NULL;
}

const struct provider *
provider_at(unsigned index)
{
    return index < PROVIDERS ? &providers[index] : NULL;
}
