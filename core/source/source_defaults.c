/*
 * source_defaults.c - a source as it is in effect; see source_defaults.h.
 */
#include "source_defaults.h"

#include "provider.h"
#include "verify_preset.h"

#include <assert.h>
#include <string.h>

#define DEFAULT_APPLICATION 1 /* the migrations make it */

/* Settings are never NULL; "" means not set. */
static const char *
set_or_null(const char *setting)
{
    return setting == NULL || setting[0] == '\0' ? NULL : setting;
}

static bool
is_of(const struct source *source, const char *provider)
{
    return strcmp(source->provider, provider) == 0;
}

/* Keys and secrets of the configuration are the operator's: who knows them may
   not send in the name of another application, nor see its records. */
static bool
is_operators(const struct source *source)
{
    return source->application_id == DEFAULT_APPLICATION;
}

/* A source that names an address of its own would carry the key there. */
static bool
may_borrow_key(const struct source *source)
{
    return is_operators(source) && source->options.api_url == NULL;
}

const char *
source_effective_api_url(const struct source *source,
                         const struct settings *settings)
{
    if (source->options.api_url != NULL)
        return source->options.api_url;
    if (is_of(source, "supabase"))
        return may_borrow_key(source) ? set_or_null(settings->supabase_url)
                                      : NULL;
    if (is_of(source, "notion") && set_or_null(settings->notion_api_url))
        return settings->notion_api_url;
    return provider_named(source->provider)->api_url;
}

const char *
source_effective_api_key(const struct source *source,
                         const struct settings *settings)
{
    if (source->api_key != NULL)
        return source->api_key;
    if (!may_borrow_key(source))
        return NULL;
    if (is_of(source, "supabase"))
        return set_or_null(settings->supabase_key);
    if (is_of(source, "notion"))
        return set_or_null(settings->notion_api_key);
    return NULL;
}

bool
source_effective_fetch(const struct source *source,
                       const struct settings *settings)
{
    return source->options.fetch &&
           source_effective_api_url(source, settings) != NULL &&
           source_effective_api_key(source, settings) != NULL;
}

uint32_t
source_effective_debounce_ms(const struct source *source,
                             const struct settings *settings)
{
    return source_effective_fetch(source, settings)
               ? source->options.debounce_ms
               : 0;
}

int
source_effective_confidence(const struct source *source,
                            const struct settings *settings)
{
    if (source->options.confidence_percent >= 0)
        return source->options.confidence_percent;
    return (int)(settings->confidence_threshold * 100.0 + 0.5);
}

const char *
source_effective_watch(const struct source *source,
                       const struct settings *settings, size_t index)
{
    const struct source_texts *watch = &source->options.watch;

    if (watch->count > 0)
        return index < watch->count ? watch->list[index] : NULL;
    if (index > 0 || !is_of(source, "notion"))
        return NULL;
    return set_or_null(settings->notion_database_id);
}

static bool
has_secret(const struct source_verifiers *verifiers)
{
    size_t i;

    for (i = 0; i < verifiers->count; i++)
        if (verifiers->list[i].secret_count > 0)
            return true;
    return false;
}

static void
take_verifiers(const struct source *source, struct source_verifiers *out)
{
    const struct preset *preset = preset_find(source->provider);

    out->count = 0;
    if (source->verifier_count > 0) {
        assert(source->verifier_count <= SOURCE_VERIFIERS_MAX);
        memcpy(out->list, source->verifiers,
               source->verifier_count * sizeof(out->list[0]));
        out->count = source->verifier_count;
    } else if (preset != NULL) {
        memcpy(out->list, preset->verifiers,
               preset->verifier_count * sizeof(out->list[0]));
        out->count = preset->verifier_count;
    }
}

void
source_effective_verifiers(const struct source *source,
                           const struct settings *settings,
                           struct source_verifiers *out)
{
    const char *secret = set_or_null(settings->webhook_secret);
    size_t i;

    out->shared = SLICE_NONE;
    out->borrowed = false;
    take_verifiers(source, out);
    if (source->secrets_unreadable || has_secret(out) || !is_operators(source))
        return;
    if (secret == NULL && is_of(source, "supabase")) {
        secret = set_or_null(settings->supabase_key);
        out->borrowed = secret != NULL;
    }
    if (secret == NULL)
        return;
    out->shared = slice_of(secret);
    for (i = 0; i < out->count; i++) {
        out->list[i].secrets = &out->shared;
        out->list[i].secret_count = 1;
    }
}
