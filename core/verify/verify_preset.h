/*
 * verify_preset.h - how the providers we know sign what they send.
 */
#ifndef VERIFY_PRESET_H
#define VERIFY_PRESET_H

#include "verify.h"

#define PRESET_VERIFIERS 2 /* at most, per provider */

/* One provider: what a source of its kind is checked with unless somebody
   says otherwise. The verifiers have no secrets yet. */
struct preset {
    const char *provider;
    struct verifier verifiers[PRESET_VERIFIERS];
    size_t verifier_count;
};

/* NULL: no provider of that name. */
const struct preset *preset_find(const char *provider);

/* The one at an index, NULL behind the last. */
const struct preset *preset_at(size_t index);

/*
 * verify_message() with the verifiers of a provider, all of which have the same
 * secrets. An unknown provider: VERIFY_UNUSABLE, or VERIFY_NO_SECRET.
 */
enum verify_result
preset_verify(const char *provider, const struct slice *secrets, size_t count,
              const struct verify_message *message, struct verify_match *match)
    __attribute__((warn_unused_result));

#endif /* VERIFY_PRESET_H */
