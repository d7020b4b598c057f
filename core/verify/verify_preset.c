/*
 * verify_preset.c - how the providers we know sign what they send.
 */
#include "verify_preset.h"

/* Our own signature, as senders of hand-written requests make it. */
#define OURS                                                                   \
    {                                                                          \
        .kind = "hmac", .header = "X-Webhook-Signature",                       \
        .prefix = "sha256=", .prefix_optional = true                           \
    }

static const struct preset presets[] = {
    /* Database webhooks sign nothing themselves; a trigger can. */
    {"supabase", {OURS}, 1},
    {"notion", {{.kind = "notion"}, OURS}, 2},
    {"postern", {{.kind = "standard"}}, 1},
    {"supabase_auth", {{.kind = "standard"}}, 1},
    {"standard", {{.kind = "standard"}}, 1},
    {"svix", {{.kind = "standard"}}, 1},
    {"github", {{.kind = "github"}}, 1},
    {"gitlab", {{.kind = "gitlab"}}, 1},
    {"bitbucket", {{.kind = "bitbucket"}}, 1},
    {"jira", {{.kind = "bitbucket"}}, 1},
    {"stripe", {{.kind = "stripe"}}, 1},
    {"slack", {{.kind = "slack"}}, 1},
    {"shopify", {{.kind = "shopify"}}, 1},
    {"linear", {{.kind = "linear"}}, 1},
    {"twilio", {{.kind = "twilio"}}, 1},
    {"sendgrid", {{.kind = "sendgrid"}}, 1},
    {"discord", {{.kind = "discord"}}, 1},
    {"x",
     {{.kind = "hmac",
       .header = "X-Twitter-Webhooks-Signature",
       .prefix = "sha256=",
       .base64 = true}},
     1},
    {"hmac", {OURS}, 1},
    {"token", {{.kind = "token"}}, 1},
    {"basic", {{.kind = "basic"}}, 1},
};

const struct preset *
preset_at(size_t index)
{
    return index < sizeof(presets) / sizeof(presets[0]) ? &presets[index]
                                                        : NULL;
}

const struct preset *
preset_find(const char *provider)
{
    const struct preset *preset;
    size_t i;

    for (i = 0; (preset = preset_at(i)) != NULL; i++)
        if (strcmp(preset->provider, provider) == 0)
            return preset;
    return NULL;
}

enum verify_result
preset_verify(const char *provider, const struct slice *secrets, size_t count,
              const struct verify_message *message, struct verify_match *match)
{
    const struct preset *preset = preset_find(provider);
    struct verifier verifiers[PRESET_VERIFIERS] = {{0}};
    size_t i;

    if (preset == NULL)
        return count == 0 ? VERIFY_NO_SECRET : VERIFY_UNUSABLE;
    for (i = 0; i < preset->verifier_count; i++) {
        verifiers[i] = preset->verifiers[i];
        verifiers[i].secrets = secrets;
        verifiers[i].secret_count = count;
    }
    return verify_message(verifiers, preset->verifier_count, message, match);
}
