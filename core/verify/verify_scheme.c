/*
 * verify_scheme.c - the kinds of verifiers: which headers they need, how these
 * read, what is signed, what a secret is.
 */
#include "verify_impl.h"

#define WINDOW_S 300
#define LINEAR_WINDOW_S 60

static const struct scheme schemes[] = {
    /* The header's names come from the verifier, like most of the rest. */
    {
        .kind = "hmac",
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .window_s = WINDOW_S,
        .read = read_single,
        .check = check_signed,
    },
    /* standardwebhooks.com, 1.0.0; Svix has names of its own. */
    {
        .kind = "standard",
        .signature = {"webhook-signature", "svix-signature"},
        .timestamp = {"webhook-timestamp", "svix-timestamp"},
        .id = {"webhook-id", "svix-id"},
        .algorithm = ALGORITHM_HMAC_SHA256,
        .keys = KEY_STANDARD,
        .signed_text = "{id}.{timestamp}.{body}",
        .window_s = WINDOW_S,
        .read = read_standard,
        .check = check_signed,
    },
    /* docs.github.com, "Validating webhook deliveries" */
    {
        .kind = "github",
        .signature = {"X-Hub-Signature-256"},
        .prefix = "sha256=",
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .read = read_single,
        .check = check_signed,
    },
    /* The key is all of the secret, "whsec_" included. */
    {
        .kind = "stripe",
        .signature = {"Stripe-Signature"},
        .keys = KEY_RAW,
        .signed_text = "{timestamp}.{body}",
        .window_s = WINDOW_S,
        .read = read_stripe,
        .check = check_signed,
    },
    {
        .kind = "slack",
        .signature = {"X-Slack-Signature"},
        .timestamp = {"X-Slack-Request-Timestamp"},
        .prefix = "v0=",
        .keys = KEY_RAW,
        .signed_text = "v0:{timestamp}:{body}",
        .window_s = WINDOW_S,
        .read = read_single,
        .check = check_signed,
    },
    /* The names without X- are those of Shopify's newer Events. */
    {
        .kind = "shopify",
        .signature = {"X-Shopify-Hmac-Sha256", "Shopify-Hmac-Sha256"},
        .base64 = true,
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .read = read_single,
        .check = check_signed,
    },
    {
        .kind = "notion",
        .signature = {"X-Notion-Signature"},
        .prefix = "sha256=",
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .read = read_single,
        .check = check_signed,
    },
    {
        .kind = "gitlab",
        .signature = {"webhook-signature", "X-Gitlab-Token"},
        .timestamp = {"webhook-timestamp"},
        .id = {"webhook-id"},
        .strongest_first = true,
        .keys = KEY_WHSEC,
        .signed_text = "{id}.{timestamp}.{body}",
        .window_s = WINDOW_S,
        .read = read_standard,
        .check = check_gitlab,
    },
    /* Bitbucket Cloud and Jira. GitHub's header of that name is SHA-1. */
    {
        .kind = "bitbucket",
        .signature = {"X-Hub-Signature"},
        .prefix = "sha256=",
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .read = read_single,
        .check = check_signed,
    },
    /* The time that is signed stands in the body: webhookTimestamp. */
    {
        .kind = "linear",
        .signature = {"Linear-Signature"},
        .keys = KEY_RAW,
        .signed_text = "{body}",
        .window_s = LINEAR_WINDOW_S,
        .read = read_single,
        .check = check_linear,
    },
    {
        .kind = "twilio",
        .signature = {"X-Twilio-Signature"},
        .base64 = true,
        .algorithm = ALGORITHM_HMAC_SHA1,
        .keys = KEY_RAW,
        .read = read_single,
        .check = check_twilio,
    },
    /* No window of its own: failed posts are repeated for a day, and nothing
       says that they are signed anew. */
    {
        .kind = "sendgrid",
        .signature = {"X-Twilio-Email-Event-Webhook-Signature"},
        .timestamp = {"X-Twilio-Email-Event-Webhook-Timestamp"},
        .base64 = true,
        .algorithm = ALGORITHM_ECDSA_P256,
        .keys = KEY_SPKI,
        .signed_text = "{timestamp}{body}",
        .read = read_single,
        .check = check_signed,
    },
    {
        .kind = "discord",
        .signature = {"X-Signature-Ed25519"},
        .timestamp = {"X-Signature-Timestamp"},
        .algorithm = ALGORITHM_ED25519,
        .keys = KEY_HEX,
        .signed_text = "{timestamp}{body}",
        .window_s = WINDOW_S,
        .read = read_single,
        .check = check_signed,
    },
    {
        .kind = "token",
        .signature = {"Authorization"},
        .word = "Bearer",
        .keys = KEY_RAW,
        .check = check_token,
    },
    {
        .kind = "basic",
        .signature = {"Authorization"},
        .word = "Basic",
        .keys = KEY_RAW,
        .check = check_basic,
    },
};

static const enum algorithm hmacs[] = {
    [VERIFY_SHA256] = ALGORITHM_HMAC_SHA256,
    [VERIFY_SHA512] = ALGORITHM_HMAC_SHA512,
    [VERIFY_SHA1] = ALGORITHM_HMAC_SHA1,
};
#define DIGESTS (sizeof(hmacs) / sizeof(hmacs[0]))

const char *
verifier_kind(size_t index)
{
    return index < sizeof(schemes) / sizeof(schemes[0]) ? schemes[index].kind
                                                        : NULL;
}

static const struct scheme *
find(const char *kind)
{
    size_t i;

    for (i = 0; kind != NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strcmp(schemes[i].kind, kind) == 0)
            return &schemes[i];
    return NULL;
}

static void
complete_hmac(const struct verifier *verifier, struct scheme *scheme)
{
    scheme->signature[0] = verifier->header;
    scheme->timestamp[0] = verifier->timestamp_header;
    scheme->id[0] = verifier->id_header;
    scheme->prefix = verifier->prefix;
    scheme->prefix_optional = verifier->prefix_optional;
    scheme->base64 = verifier->base64;
    scheme->algorithm = hmacs[verifier->digest];
    if (verifier->signed_text != NULL)
        scheme->signed_text = verifier->signed_text;
}

/* A header of its own, or another word than Bearer in Authorization. */
static void
complete_token(const struct verifier *verifier, struct scheme *scheme)
{
    if (verifier->header == NULL && verifier->prefix == NULL)
        return;
    scheme->word = NULL;
    scheme->prefix = verifier->prefix;
    if (verifier->header == NULL)
        return;
    scheme->signature[0] = verifier->header;
    if (verifier->prefix == NULL &&
        slice_is_nocase(slice_of(verifier->header), "Authorization"))
        scheme->word = "Bearer";
}

bool
scheme_of(const struct verifier *verifier, struct scheme *scheme)
{
    const struct scheme *row = find(verifier->kind);

    if (row == NULL)
        return false;
    *scheme = *row;
    if (strcmp(row->kind, "hmac") == 0)
        complete_hmac(verifier, scheme);
    else if (strcmp(row->kind, "token") == 0)
        complete_token(verifier, scheme);
    return true;
}

/* RFC 9110 5.1: a token. */
static bool
is_header_name(const char *name)
{
    return name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

static bool
wrong_name(const char *name)
{
    return name != NULL && !is_header_name(name);
}

static const char *
hmac_problem(const struct verifier *verifier)
{
    const char *text =
        verifier->signed_text == NULL ? "{body}" : verifier->signed_text;

    if (verifier->header == NULL)
        return "hmac needs the name of the header with the signature";
    if ((size_t)verifier->digest >= DIGESTS)
        return "there is no such digest";
    return text_problem(text, verifier->timestamp_header != NULL,
                        verifier->id_header != NULL);
}

/* Settings that nobody reads were meant for something. */
static bool
has_settings(const struct verifier *verifier, bool of_token)
{
    return (!of_token &&
            (verifier->header != NULL || verifier->prefix != NULL)) ||
           verifier->prefix_optional || verifier->base64 ||
           verifier->digest != VERIFY_SHA256 || verifier->signed_text != NULL ||
           verifier->timestamp_header != NULL || verifier->id_header != NULL;
}

const char *
verifier_problem(const struct verifier *verifier)
{
    const struct scheme *row = find(verifier->kind);
    bool is_token = row != NULL && strcmp(row->kind, "token") == 0;

    if (row == NULL)
        return "there is no such kind";
    if (wrong_name(verifier->header) || wrong_name(verifier->id_header) ||
        wrong_name(verifier->timestamp_header))
        return "that is no name of a header";
    if (verifier->window_s < VERIFY_ANY_TIME)
        return "the window is negative";
    if (strcmp(row->kind, "hmac") == 0)
        return hmac_problem(verifier);
    if (has_settings(verifier, is_token))
        return is_token ? "token knows header and prefix only"
                        : "header, encoding and signed text are fixed for this "
                          "kind";
    return NULL;
}

bool
verifier_takes_secret(const struct verifier *verifier, struct slice secret)
{
    struct scheme scheme;

    if (verifier_problem(verifier) != NULL || !scheme_of(verifier, &scheme))
        return false;
    /* A token for GitLab's older header. */
    if (scheme.keys == KEY_WHSEC && secret.len > 0)
        return true;
    if (strcmp(scheme.kind, "basic") == 0 &&
        (secret.len == 0 || memchr(secret.ptr, ':', secret.len) == NULL))
        return false;
    return keys_take(&scheme, secret);
}
