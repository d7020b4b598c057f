/*
 * source_defaults.h - a source as it is in effect: where it says nothing
 * itself, the configuration does (WEBHOOK_SECRET, SUPABASE_URL, SUPABASE_KEY,
 * NOTION_API_KEY, NOTION_DATABASE_ID, CONFIDENCE_THRESHOLD), and then its
 * provider (provider.h).
 *
 * The texts that are returned live as long as source and settings do.
 */
#ifndef SOURCE_DEFAULTS_H
#define SOURCE_DEFAULTS_H

#include "catalog.h"
#include "settings.h"
#include "verify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where its records are asked for, "https://api.notion.com"; it may end with
   '/'. NULL: not known, so nothing can be asked. */
const char *source_effective_api_url(const struct source *source,
                                     const struct settings *settings);

/* What they are asked for with: a secret. NULL: there is none. The keys of the
   configuration serve the sources of the default application alone, and none
   that has an address of its own: they must not go where somebody else says,
   nor open what is not theirs. */
const char *source_effective_api_key(const struct source *source,
                                     const struct settings *settings);

/* Are its records asked for before an event counts? True if option `fetch` is
   on and both of the above are known. */
bool source_effective_fetch(const struct source *source,
                            const struct settings *settings);

/* How long a record has to be quiet before it is fetched; 0 where nothing is
   fetched: an event is then all that there will be, and none is left out. */
uint32_t source_effective_debounce_ms(const struct source *source,
                                      const struct settings *settings);

/* Share of equal fields, 0..100, from which an event and the source's record
   of the same version agree. */
int source_effective_confidence(const struct source *source,
                                const struct settings *settings);

/* What is watched: entry `index`, NULL behind the last; no entry at all = all
   is watched. The catalog puts NOTION_DATABASE_ID into the list of a source
   that has none (catalog_use_settings()), so that options.watch of a source
   from there is the same list. */
const char *source_effective_watch(const struct source *source,
                                   const struct settings *settings,
                                   size_t index);

/* Who decides about a request: verify_message() takes list and count. Points
   into itself: never copy it. */
struct source_verifiers {
    struct verifier list[SOURCE_VERIFIERS_MAX];
    size_t count;
    struct slice shared; /* secret of the configuration, or absent */
    bool borrowed;       /* that one is SUPABASE_KEY, which was made for
                            something else */
};

/*
 * Verifiers of the source, else those that are usual for its provider. Those
 * without a secret get WEBHOOK_SECRET - Supabase's, where that is not set,
 * SUPABASE_KEY - but only if no verifier of the source has one of its own, and
 * the source belongs to the default application: elsewhere those secrets are a
 * stranger's. With source->secrets_unreadable all are without: what they verify is
 * VERIFY_NO_SECRET.
 */
void source_effective_verifiers(const struct source *source,
                                const struct settings *settings,
                                struct source_verifiers *out);

#endif /* SOURCE_DEFAULTS_H */
