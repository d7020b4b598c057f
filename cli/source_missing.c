/*
 * source_missing.c - see source_missing.h.
 */
#include "source_missing.h"

#include "catalog.h"
#include "output.h"
#include "provider.h"
#include "source_defaults.h"

#include <string.h>

static bool
has_secret(const struct source_verifiers *verifiers)
{
    size_t i;

    for (i = 0; i < verifiers->count; i++)
        if (verifiers->list[i].secret_count > 0)
            return true;
    return false;
}

/* The address is signed too, as the sender knows it. */
static bool
signs_address(const struct source_verifiers *verifiers)
{
    size_t i;

    for (i = 0; i < verifiers->count; i++) {
        const struct verifier *verifier = &verifiers->list[i];

        if (strcmp(verifier->kind, "twilio") == 0 ||
            (verifier->signed_text != NULL &&
             strstr(verifier->signed_text, "{url}") != NULL))
            return true;
    }
    return false;
}

static void
say_secret(const struct source *source)
{
    const struct provider *provider = provider_named(source->provider);

    if (source->secrets_unreadable)
        output_note("%s: its secrets were sealed with another key, so every "
                    "request is refused; next: postern source set %s "
                    "--secret-stdin",
                    source->name, source->name);
    else if (provider->handshake == HANDSHAKE_NOTION)
        output_note("%s has no secret yet: it waits for the token that the "
                    "provider sends when the webhook is made; next, once it "
                    "has come: postern source confirm %s",
                    source->name, source->name);
    else
        output_note("%s has no secret yet, so every request is answered 401; "
                    "next, with %s: postern source set %s --secret-stdin",
                    source->name,
                    provider->secret_is_ours ? "any text that both sides know"
                                             : "the one that the provider "
                                               "shows",
                    source->name);
}

static void
say_all(const struct cli *cli, const struct source *source)
{
    struct source_verifiers verifiers;
    bool enforced = source->options.verify == VERIFY_ENFORCE;

    source_effective_verifiers(source, &cli->settings, &verifiers);
    if (enforced && (source->secrets_unreadable || !has_secret(&verifiers)))
        say_secret(source);
    if (enforced && signs_address(&verifiers) &&
        source->options.public_url == NULL)
        output_note("%s has no public_url, which is part of what is signed, so "
                    "every request is answered 401; next, with the address as "
                    "it is entered at the provider: postern source set %s "
                    "public_url=https://...",
                    source->name, source->name);
    if (!source->options.fetch ||
        source_effective_fetch(source, &cli->settings))
        return;
    if (source_effective_api_url(source, &cli->settings) == NULL)
        output_note("%s has no api_url, so its events are taken as they come; "
                    "to have its records asked for: postern source set %s "
                    "api_url=https://... --api-key-stdin",
                    source->name, source->name);
    else
        output_note("%s has no API key, so its events are taken as they come; "
                    "to have its records asked for: postern source set %s "
                    "--api-key-stdin",
                    source->name, source->name);
}

void
source_missing_say(struct cli *cli, const char *name)
{
    struct catalog *catalog = catalog_new(cli->sealer);
    const struct catalog_snapshot *snapshot;
    const struct source *source;

    /* Only advice: what cannot be read is not worth a word. */
    if (catalog_refresh(catalog, cli->db) == DB_OK) {
        snapshot = catalog_take(catalog);
        source = catalog_source_named(snapshot, slice_of(name));
        if (source != NULL)
            say_all(cli, source);
        catalog_release(snapshot);
    }
    catalog_free(catalog);
}
